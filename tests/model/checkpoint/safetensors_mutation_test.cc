// Random damage to a valid header: nothing crashes, and whatever is still
// accepted keeps every promise of ParseSafetensorsHeader.
#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/base/shape.h"
#include "model/checkpoint/safetensors_header.h"

namespace transformerd {
namespace {

constexpr int kMutants = 20'000;
constexpr int64_t kPayloadBytes = 44;
constexpr char kHeader[] =
    R"({"__metadata__":{"format":"pt"},)"
    R"("a.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("a.bias":{"dtype":"F32","shape":[3],"data_offsets":[24,36]},)"
    R"("empty":{"dtype":"BF16","shape":[0,7],"data_offsets":[36,36]},)"
    R"("step":{"dtype":"I64","shape":[],"data_offsets":[36,44]}})";

// Pieces that mean something to a JSON parser.
const char* const kPieces[] = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "\\",
    "-",
    "0",
    "9",
    "1e9",
    ".",
    "null",
    "true",
    "F64",
    "\\u0000",
    " ",
    "18446744073709551615",
    "\xFF",
    "\"a.bias\"",
    "\"shape\"",
    "[0,44]",
    "4294967296",
};

class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  // Applies one to four edits.
  std::string Mutate(std::string text) {
    for (int edits = Below(4) + 1; edits > 0 && !text.empty(); --edits) {
      Edit(text);
    }
    return text;
  }

  size_t Below(size_t limit) {
    return std::uniform_int_distribution<size_t>(0, limit - 1)(random_);
  }

 private:
  void Edit(std::string& text) {
    const size_t at = Below(text.size());
    switch (Below(5)) {
      case 0:
        text[at] = static_cast<char>(Below(256));
        return;
      case 1:  // digits keep the JSON valid more often
        if (text[at] >= '0' && text[at] <= '9') text[at] = '0' + Below(10);
        return;
      case 2:
        text.erase(at, Below(8) + 1);
        return;
      case 3:
        text.insert(at, kPieces[Below(std::size(kPieces))]);
        return;
      default:
        text.insert(at, text.substr(Below(text.size()), Below(80)));
    }
  }

  std::mt19937 random_;
};

// Every byte behind the header belongs to exactly one tensor of that size.
void ExpectPromisesKept(const std::vector<CheckpointEntry>& entries,
                        int64_t data_begin, int64_t file_size_bytes) {
  int64_t end = data_begin;
  std::vector<std::string> keys;
  for (const CheckpointEntry& entry : entries) {
    EXPECT_EQ(entry.offset_bytes, end);
    EXPECT_EQ(SizeBytes(entry.dtype, entry.shape), entry.size_bytes);
    EXPECT_EQ(entry.file, 0);
    end += entry.size_bytes;
    keys.push_back(entry.key);
  }
  EXPECT_EQ(end, file_size_bytes);
  std::sort(keys.begin(), keys.end());
  EXPECT_EQ(std::adjacent_find(keys.begin(), keys.end()), keys.end());
}

TEST(SafetensorsMutationTest, MutantsAreRefusedWithAReasonOrKeepThePromises) {
  Mutator mutator(20260101);
  int accepted = 0;
  for (int i = 0; i < kMutants; ++i) {
    const std::string header = mutator.Mutate(kHeader);
    const int64_t data_begin = kSafetensorsPrefixBytes + header.size();
    const int64_t size_bytes = data_begin + kPayloadBytes;
    SCOPED_TRACE(header);

    const auto entries = ParseSafetensorsHeader(header, size_bytes);

    if (entries.ok()) {
      ++accepted;
      ExpectPromisesKept(*entries, data_begin, size_bytes);
    } else {
      EXPECT_NE(ReasonOf(entries.status()), std::nullopt);
      EXPECT_LT(entries.status().message().size(), 1000);
    }
    if (HasFailure()) return;
  }
  // Both sides were tried, or the mutator is of no use.
  EXPECT_GT(accepted, kMutants / 100);
  EXPECT_LT(accepted, kMutants / 2);
}

}  // namespace
}  // namespace transformerd
