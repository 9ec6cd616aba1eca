#include "model/reference/pooling.h"

#include <ATen/ops/from_blob.h>

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::FloatNear;
using ::testing::Pointwise;

std::vector<float> Values(const at::Tensor& tensor) {
  const at::Tensor dense = tensor.contiguous();
  const float* begin = dense.const_data_ptr<float>();
  return std::vector<float>(begin, begin + dense.numel());
}

// Two rows of one and three tokens; the last row's middle token is masked.
PackedBatch OneAndThree() {
  PackedBatch batch;
  batch.input_ids = {0, 5, 6, 0};
  batch.attention_mask = {1, 1, 0, 1};
  batch.sequence_offsets = {0, 1, 4};
  batch.sequence_has_mask = {false, true};
  return batch;
}

class PoolTest : public ::testing::Test {
 protected:
  std::vector<float> Pooled(PoolingKind kind, bool normalize = false) {
    const at::Tensor rows = at::from_blob(values_.data(), {4, 2});
    return Values(
        EmbedSentences(TokensOf(kind, OneAndThree()), normalize, rows));
  }

  std::vector<float> values_ = {3, 4, 1, 2, 100, 100, 5, 8};
};

TEST_F(PoolTest, MeansVisibleTokensOnly) {
  EXPECT_THAT(Pooled(PoolingKind::kMean),
              Pointwise(FloatNear(1e-6f), {3.f, 4.f, 3.f, 5.f}));
}

TEST_F(PoolTest, TakesTheFirstToken) {
  EXPECT_THAT(Pooled(PoolingKind::kCls),
              Pointwise(FloatNear(1e-6f), {3.f, 4.f, 1.f, 2.f}));
}

TEST_F(PoolTest, TakesTheLastVisibleToken) {
  EXPECT_THAT(Pooled(PoolingKind::kLast),
              Pointwise(FloatNear(1e-6f), {3.f, 4.f, 5.f, 8.f}));
}

TEST_F(PoolTest, NormalizesToUnitLength) {
  const std::vector<float> pooled = Pooled(PoolingKind::kMean, true);
  EXPECT_NEAR(pooled[0], 0.6, 1e-6);
  EXPECT_NEAR(pooled[1], 0.8, 1e-6);
}

TEST_F(PoolTest, NormalizesZerosToZeros) {
  values_.assign(values_.size(), 0.f);
  EXPECT_THAT(Pooled(PoolingKind::kMean, true),
              Pointwise(FloatNear(0.f), {0.f, 0.f, 0.f, 0.f}));
}

}  // namespace
}  // namespace transformerd
