// Attention of rows of any lengths in one call, on the fake GPU, against a
// plain computation of the formula in double precision.
#include "model/reference/packed_attention.h"

#include <ATen/ops/rand.h>

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

constexpr int64_t kUnlimited = AttentionSpan::kUnlimited;
constexpr int64_t kHeads = 4, kHeadSize = 8;
constexpr double kScale = 0.7;
const at::Device kGpu(at::kCUDA, 1);

struct ChoiceCase {
  const char* name;
  void (*change)(PackedNeed& need);
  PackedKernel with_flash, without_flash;
};

const ChoiceCase kChoices[] = {
    {"float16", [](PackedNeed& /*need*/) {}, PackedKernel::kFlash,
     PackedKernel::kMemoryEfficient},
    {"bfloat16", [](PackedNeed& need) { need.dtype = at::kBFloat16; },
     PackedKernel::kFlash, PackedKernel::kNone},
    {"float32", [](PackedNeed& need) { need.dtype = at::kFloat; },
     PackedKernel::kMemoryEfficient, PackedKernel::kMemoryEfficient},
    {"float64", [](PackedNeed& need) { need.dtype = at::kDouble; },
     PackedKernel::kNone, PackedKernel::kNone},
    {"on the CPU", [](PackedNeed& need) { need.device = at::kCPU; },
     PackedKernel::kNone, PackedKernel::kNone},
    {"heads that are too large for flash",
     [](PackedNeed& need) { need.head_size = 264; },
     PackedKernel::kMemoryEfficient, PackedKernel::kMemoryEfficient},
    {"the largest heads of flash",
     [](PackedNeed& need) { need.head_size = 256; }, PackedKernel::kFlash,
     PackedKernel::kMemoryEfficient},
    {"heads of 24 bytes", [](PackedNeed& need) { need.head_size = 12; },
     PackedKernel::kNone, PackedKernel::kNone},
    {"heads of 48 bytes in float32",
     [](PackedNeed& need) {
       need.head_size = 12;
       need.dtype = at::kFloat;
     },
     PackedKernel::kMemoryEfficient, PackedKernel::kMemoryEfficient},
    {"causal",
     [](PackedNeed& need) {
       need.span = {kUnlimited, 0};
     },
     PackedKernel::kFlash, PackedKernel::kMemoryEfficient},
    {"causal window",
     [](PackedNeed& need) {
       need.span = {5, 0};
     },
     PackedKernel::kFlash, PackedKernel::kMemoryEfficient},
    {"window on both sides",
     [](PackedNeed& need) {
       need.span = {5, 5};
     },
     PackedKernel::kFlash, PackedKernel::kNone},
    {"window on one side",
     [](PackedNeed& need) {
       need.span = {5, kUnlimited};
     },
     PackedKernel::kFlash, PackedKernel::kNone},
    {"as many rows as fit", [](PackedNeed& need) { need.rows = 65535; },
     PackedKernel::kFlash, PackedKernel::kMemoryEfficient},
    {"more rows", [](PackedNeed& need) { need.rows = 65536; },
     PackedKernel::kNone, PackedKernel::kNone},
};

TEST(ChoosePackedKernelTest, TakesTheFastestThatCanDoIt) {
  for (const ChoiceCase& c : kChoices) {
    SCOPED_TRACE(c.name);
    PackedNeed need;
    need.device = kGpu;
    need.dtype = at::kHalf;
    need.head_size = 64;
    need.rows = 3;
    c.change(need);
    EXPECT_EQ(ChoosePackedKernel(need, /*has_flash=*/true), c.with_flash);
    EXPECT_EQ(ChoosePackedKernel(need, /*has_flash=*/false), c.without_flash);
  }
}

TEST(HasFlashAttentionTest, IsFoundByATrial) {
  EXPECT_TRUE(HasFlashAttention(kGpu));
}

PackedRows RowsOf(const std::vector<int64_t>& lengths) {
  PackedRows rows;
  for (const int64_t length : lengths) {
    rows.sequence_offsets.push_back(rows.num_tokens() + length);
  }
  return rows;
}

TEST(RowBordersTest, AreCumulativeLengths) {
  const RowBorders borders = MakeRowBorders(RowsOf({2, 5, 1}));

  EXPECT_EQ(borders.longest, 5);
  ASSERT_EQ(borders.offsets.scalar_type(), at::kInt);
  const auto* const offsets = borders.offsets.const_data_ptr<int32_t>();
  EXPECT_EQ(std::vector<int32_t>(offsets, offsets + borders.offsets.numel()),
            (std::vector<int32_t>{0, 2, 7, 8}));
}

// Head `head` of a token.
const float* At(const at::Tensor& x_THK, int64_t token, int64_t head) {
  return x_THK.const_data_ptr<float>() +
         (token * x_THK.size(1) + head) * kHeadSize;
}

bool IsSeen(const AttentionSpan& span, int64_t query, int64_t key) {
  return (span.before == kUnlimited || key >= query - span.before) &&
         (span.after == kUnlimited || key <= query + span.after);
}

// [T, H, K] of float32 tensors on the CPU.
std::vector<float> Formula(const AttentionSpan& span, const at::Tensor& query,
                           const at::Tensor& key, const at::Tensor& value,
                           const PackedRows& queries, const PackedRows& keys) {
  std::vector<float> output;
  const int64_t heads_of_key = kHeads / key.size(1);
  for (int64_t s = 0; s < queries.num_sequences(); ++s) {
    const int64_t first_query = queries.sequence_offsets[s];
    const int64_t first_key = keys.sequence_offsets[s];
    for (int64_t i = 0; i < queries.length(s) * kHeads; ++i) {
      const int64_t q = i / kHeads, h = i % kHeads, g = h / heads_of_key;
      std::vector<double> mixed(kHeadSize, 0);
      double total = 0;
      for (int64_t k = 0; k < keys.length(s); ++k) {
        if (!IsSeen(span, q, k)) continue;
        double score = 0;
        for (int64_t n = 0; n < kHeadSize; ++n) {
          score += double{At(query, first_query + q, h)[n]} *
                   At(key, first_key + k, g)[n];
        }
        const double weight = std::exp(score * kScale);
        total += weight;
        for (int64_t n = 0; n < kHeadSize; ++n) {
          mixed[n] += weight * At(value, first_key + k, g)[n];
        }
      }
      for (const double sum : mixed) {
        output.push_back(static_cast<float>(sum / total));
      }
    }
  }
  return output;
}

// The largest difference between operator and formula.
double ErrorOf(PackedKernel kernel, at::ScalarType dtype,
               const AttentionSpan& span, int64_t key_heads,
               const PackedRows& queries, const PackedRows& keys) {
  const auto random = [dtype](int64_t tokens, int64_t heads) {
    return at::rand({tokens, heads, kHeadSize}).to(dtype);
  };
  const at::Tensor query = random(queries.num_tokens(), kHeads);
  const at::Tensor key = random(keys.num_tokens(), key_heads);
  const at::Tensor value = random(keys.num_tokens(), key_heads);

  RowBorders query_borders = MakeRowBorders(queries);
  RowBorders key_borders = MakeRowBorders(keys);
  for (RowBorders* borders : {&query_borders, &key_borders}) {
    borders->offsets = borders->offsets.to(kGpu);
  }

  const at::Tensor got =
      AttendPacked(kernel, span, kScale, query.to(kGpu), key.to(kGpu),
                   value.to(kGpu), query_borders, key_borders);

  EXPECT_EQ(got.device(), kGpu);
  EXPECT_EQ(got.scalar_type(), dtype);
  EXPECT_EQ(got.sizes(), query.sizes());
  const std::vector<float> want =
      Formula(span, query.to(at::kFloat), key.to(at::kFloat),
              value.to(at::kFloat), queries, keys);
  const at::Tensor host = got.to(at::kCPU).to(at::kFloat).contiguous();
  double error = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    error = std::max<double>(
        error, std::abs(host.const_data_ptr<float>()[i] - want[i]));
  }
  return error;
}

const AttentionSpan kCausalSpans[] = {
    {kUnlimited, kUnlimited}, {kUnlimited, 0}, {2, 0}, {0, 0}};
const AttentionSpan kOtherSpans[] = {{2, 1}, {1, kUnlimited}, {kUnlimited, 2}};

TEST(AttendPackedTest, EachRowSeesItselfAlone) {
  const PackedRows rows = RowsOf({3, 7, 1, 7});
  for (const int64_t key_heads : {int64_t{1}, int64_t{2}, kHeads}) {
    for (const AttentionSpan& span : kCausalSpans) {
      SCOPED_TRACE(testing::Message() << key_heads << " key heads, span "
                                      << span.before << " " << span.after);
      EXPECT_LT(ErrorOf(PackedKernel::kMemoryEfficient, at::kFloat, span,
                        key_heads, rows, rows),
                1e-6);
      EXPECT_LT(
          ErrorOf(PackedKernel::kFlash, at::kHalf, span, key_heads, rows, rows),
          1e-3);
    }
  }
}

TEST(AttendPackedTest, FlashHasWindowsOnBothSides) {
  const PackedRows rows = RowsOf({3, 7, 1, 7});
  for (const AttentionSpan& span : kOtherSpans) {
    EXPECT_LT(
        ErrorOf(PackedKernel::kFlash, at::kBFloat16, span, kHeads, rows, rows),
        1e-2)
        << span.before << " " << span.after;
  }
}

TEST(AttendPackedTest, QueriesLookAtRowsOfOtherLengths) {
  const PackedRows queries = RowsOf({3, 1, 4}), keys = RowsOf({2, 6, 4});
  EXPECT_LT(ErrorOf(PackedKernel::kMemoryEfficient, at::kFloat, {}, kHeads,
                    queries, keys),
            1e-6);
  EXPECT_LT(ErrorOf(PackedKernel::kFlash, at::kHalf, {}, kHeads, queries, keys),
            1e-3);
}

}  // namespace
}  // namespace transformerd
