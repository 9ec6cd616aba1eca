// What opening a file may allocate: 64 MiB and four times the file, whatever
// the file says.
#include <malloc.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "model/checkpoint/torch_file.h"
#include "tests/fakes/memory_source.h"
#include "tests/fakes/torch_bytes.h"

namespace {

std::atomic<int64_t> live_bytes = 0;
std::atomic<int64_t> peak_bytes = 0;

}  // namespace

// Not inlined: the compiler would see malloc behind a delete, and warn.
__attribute__((noinline)) void* operator new(size_t size) {
  void* block = std::malloc(size);
  if (block == nullptr) throw std::bad_alloc();
  const int64_t live = live_bytes += malloc_usable_size(block);
  int64_t peak = peak_bytes;
  while (live > peak && !peak_bytes.compare_exchange_weak(peak, live)) {
  }
  return block;
}

__attribute__((noinline)) void operator delete(void* block) noexcept {
  live_bytes -= malloc_usable_size(block);
  std::free(block);
}

void operator delete(void* block, size_t) noexcept { operator delete(block); }

namespace transformerd {
namespace {

// The most that was allocated at once beside the file itself, in the same
// source, while it was opened.
int64_t PeakOfOpening(const std::string& bytes) {
  auto source = std::make_unique<MemorySource>(bytes);
  const int64_t before = live_bytes;
  peak_bytes = before;
  const auto reader = OpenTorchSource(std::move(source), "w.bin");
  return peak_bytes - before;
}

void ExpectBounded(const std::string& bytes) {
  EXPECT_LE(PeakOfOpening(bytes),
            (int64_t{64} << 20) + 4 * static_cast<int64_t>(bytes.size()));
}

std::string Zip(const std::string& pickle) {
  return ZipBytes(TorchEntries(pickle, {{"0", std::string(64, '\0')}}));
}

std::string Repeat(absl::string_view piece, int64_t count) {
  std::string text;
  for (int64_t i = 0; i < count; ++i) absl::StrAppend(&text, piece);
  return text;
}

TEST(TorchMemoryTest, TheCounterCounts) {
  std::string large;
  const int64_t before = live_bytes;
  large.resize(1 << 20);
  EXPECT_GE(live_bytes - before, 1 << 20);
}

TEST(TorchMemoryTest, PicklesOfOneOpcode) {
  constexpr int64_t kMany = 3'000'000;
  for (absl::string_view piece :
       {"N", "(", ")", "]", "}", "(t", "N\x85", "K\1", "]q\1"}) {
    ExpectBounded(Zip(pickle::Whole(Repeat(piece, kMany))));
  }
}

TEST(TorchMemoryTest, EverythingThatMayBeLarge) {
  // The memo, elements, containers, tensors and the stack, all at their limits.
  std::string body = absl::StrCat(
      "Nr", std::string("\x3F\x42\x0F\0", 4), "](", Repeat("N", 250'000), "e](",
      Repeat("N", 250'000), "e](", Repeat("]", 200'000));
  ExpectBounded(Zip(pickle::Whole(body)));
  // 49,000 tensors of eight dimensions from three opcodes each.
  const std::vector<int64_t> ones(8, 1);
  const std::string wide =
      pickle::Tensor(pickle::Storage("Float", "0", 16), 0, ones, ones);
  const size_t global_bytes =
      pickle::Global("torch._utils", "_rebuild_tensor_v2").size();
  body = absl::StrCat(wide.substr(0, global_bytes), "q\1",
                      wide.substr(global_bytes, wide.size() - global_bytes - 1),
                      "q\2R", Repeat("h\1h\2R", 49'000));
  ExpectBounded(Zip(pickle::Whole(body)));
}

TEST(TorchMemoryTest, FilesThatPromiseMore) {
  ExpectBounded(Zip(pickle::Whole(std::string("X\0\0\0\x7F", 5))));
  ExpectBounded(Zip(pickle::Whole(
      pickle::Tensor(pickle::Storage("Float", "0", int64_t{1} << 40), 0,
                     {int64_t{1} << 40}, {1}))));
  ExpectBounded(Zip(pickle::Whole(pickle::Dict(
      {{pickle::Text("a"), pickle::Tensor(pickle::Storage("Float", "0", 16), 0,
                                          {int64_t{1} << 40}, {0})}}))));
  ExpectBounded(LegacyBytes(
      pickle::Whole(pickle::Dict(
          {{pickle::Text("a"),
            pickle::Tensor(pickle::Storage("Float", "0", int64_t{1} << 40), 0,
                           {1}, {1})}})),
      {{"0", int64_t{1} << 40, ""}}));
}

TEST(TorchMemoryTest, ArchivesOfManyEntries) {
  std::vector<std::pair<std::string, std::string>> entries;
  for (int i = 0; i < 99'000; ++i)
    entries.emplace_back(absl::StrCat("a/", i), "");
  ExpectBounded(Zip64Bytes(entries));
}

TEST(TorchMemoryTest, LargeLegacyPickles) {
  ExpectBounded(LegacyBytes(pickle::Whole(Repeat("N", 9'000'000)), {}));
}

}  // namespace
}  // namespace transformerd
