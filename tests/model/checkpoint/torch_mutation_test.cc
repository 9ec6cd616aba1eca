// Random damage to files of torch.save: nothing crashes, and whatever is still
// accepted keeps every promise of a CheckpointReader.
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "model/checkpoint/torch_file.h"
#include "tests/fakes/memory_source.h"
#include "tests/fakes/reader_promises.h"
#include "tests/fakes/torch_bytes.h"

namespace transformerd {
namespace {

constexpr int kMutants = 20'000;

// Two storages, views of several kinds, a parameter and memos.
std::string StatePickle() {
  const std::string floats = pickle::Storage("Float", "0", 12);
  const std::string halves = pickle::Storage("Half", "1", 8);
  const std::string view = pickle::Tensor(floats, 0, {3, 4}, {1, 3});
  return pickle::Whole(pickle::Dict({
      {pickle::Text("dense"), pickle::Tensor(floats, 2, {2, 5}, {5, 1})},
      {pickle::Text("view"), absl::StrCat(view, "q\1")},
      {pickle::Text("again"), "h\1"},
      {pickle::Text("expanded"), pickle::Tensor(halves, 3, {2, 2}, {0, 2})},
      {pickle::Text("empty"), pickle::Tensor(halves, 8, {0, 3}, {3, 1})},
      {pickle::Text("parameter"),
       pickle::Call(pickle::Global("torch._utils", "_rebuild_parameter"),
                    {pickle::Tensor(halves, 0, {8}, {1}), "\x88", "}"})},
  }));
}

std::vector<std::pair<std::string, std::string>> Contents() {
  return {{"0", std::string(48, 'f')}, {"1", std::string(16, 'h')}};
}

std::string Zip(const std::string& pickle) {
  return Zip64Bytes(TorchEntries(pickle, Contents()));
}

std::string Legacy(const std::string& pickle) {
  return LegacyBytes(pickle, {{"0", 12, Contents()[0].second},
                              {"1", 8, Contents()[1].second}});
}

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  // Applies one to three edits.
  std::string Mutate(std::string bytes) {
    for (size_t edits = Below(3) + 1; edits > 0 && !bytes.empty(); --edits) {
      Edit(bytes);
    }
    return bytes;
  }

 private:
  size_t Below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }

  void Edit(std::string& bytes) {
    const size_t at = Below(bytes.size());
    switch (Below(6)) {
      case 0:
        bytes[at] = static_cast<char>(Below(256));
        return;
      case 1:  // numbers stay near of what they were
        bytes[at] = static_cast<char>(bytes[at] + (Below(2) == 0 ? 1 : -1));
        return;
      case 2:
        bytes[at] = "\xFF\x7F\x80\x00"[Below(4)];
        return;
      case 3:
        bytes.erase(at, Below(12) + 1);
        return;
      case 4:
        bytes.insert(at, bytes.substr(Below(bytes.size()), Below(60)));
        return;
      default: {  // opcodes in each other's place
        static constexpr char kOpcodes[] =
            "().GJKMNQRUX]abcehjqrstu}\x85\x86\x87\x88\x89\x8A\x93\x81";
        bytes[at] = kOpcodes[Below(sizeof(kOpcodes) - 1)];
      }
    }
  }

  std::mt19937 random_;
};

struct Tally {
  int accepted = 0;
  int refused = 0;
};

Tally RunMutants(uint32_t seed,
                 const std::function<std::string(Mutator&)>& make) {
  Mutator mutator(seed);
  Tally tally;
  for (int i = 0; i < kMutants; ++i) {
    const auto reader = OpenTorchSource(
        std::make_unique<MemorySource>(make(mutator)), "mutant");
    ++(reader.ok() ? tally.accepted : tally.refused);
    const std::string broken =
        reader.ok() ? BrokenPromise(**reader) : BrokenPromise(reader.status());
    EXPECT_EQ(broken, "") << "mutant " << i;
    if (!broken.empty()) break;
  }
  return tally;
}

// Both sides were tried, or the mutator is of no use.
void ExpectBoth(const Tally& tally) {
  EXPECT_GT(tally.accepted, kMutants / 100);
  EXPECT_GT(tally.refused, kMutants / 4);
}

TEST(TorchMutationTest, PicklesInIntactArchives) {
  ExpectBoth(RunMutants(
      1, [](Mutator& mutator) { return Zip(mutator.Mutate(StatePickle())); }));
}

TEST(TorchMutationTest, Archives) {
  const std::string zip = Zip(StatePickle());
  ExpectBoth(
      RunMutants(2, [&zip](Mutator& mutator) { return mutator.Mutate(zip); }));
}

TEST(TorchMutationTest, PicklesInLegacyFiles) {
  ExpectBoth(RunMutants(3, [](Mutator& mutator) {
    return Legacy(mutator.Mutate(StatePickle()));
  }));
}

TEST(TorchMutationTest, LegacyFiles) {
  const std::string legacy = Legacy(StatePickle());
  ExpectBoth(RunMutants(
      4, [&legacy](Mutator& mutator) { return mutator.Mutate(legacy); }));
}

}  // namespace
}  // namespace transformerd
