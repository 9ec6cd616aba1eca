// Vectors of distances against plain computations of what they are.
#include "model/native/distance_tables.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "model/kernels/layout.h"
#include "model/kernels/multiply.h"
#include "tests/model/native/random_model.h"

namespace transformerd {
namespace {

constexpr int64_t kHidden = 6;
constexpr int64_t kHeads = 2;
constexpr int64_t kHeadSize = 3;

Architecture Disentangled() {
  Architecture architecture;
  architecture.vocab_size = 2;
  architecture.hidden_size = kHidden;
  StackRecipe& stack = architecture.stack;
  stack.num_hidden_layers = 2;
  stack.num_attention_heads = kHeads;
  stack.head_size = kHeadSize;
  stack.intermediate_size = 4;
  stack.disentangled.emplace();
  stack.disentangled->span = 4;
  stack.disentangled->content_to_position = true;
  return architecture;
}

// The norm of a row of the table of distances; without a recipe, the row.
std::vector<double> RowOf(const RandomModel& model,
                          const DisentangledRecipe& recipe, int64_t row) {
  const float* const table = model.values("distances.weight").data();
  std::vector<double> values(table + row * kHidden,
                             table + (row + 1) * kHidden);
  if (!recipe.norm) return values;
  double mean = 0, variance = 0;
  for (const double x : values) mean += x / kHidden;
  for (const double x : values) variance += (x - mean) * (x - mean) / kHidden;
  for (int64_t i = 0; i < kHidden; ++i) {
    values[i] = (values[i] - mean) / std::sqrt(variance + recipe.norm->eps) *
                    model.values("distance_norm.weight")[i] +
                model.values("distance_norm.bias")[i];
  }
  return values;
}

// Whether `table` is the table of distances as the linear of a layer, say
// "position_key", projects it, with zeros behind each head.
void ExpectProjected(const RandomModel& model, const DisentangledRecipe& recipe,
                     const std::string& linear,
                     const kernels::PanelRows& table) {
  ASSERT_NE(table.data, nullptr) << linear;
  const std::vector<float>& weight =
      model.values(absl::StrCat(linear, ".weight"));
  const std::vector<float>& bias = model.values(absl::StrCat(linear, ".bias"));
  for (int64_t r = 0; r < 2 * recipe.span; ++r) {
    const std::vector<double> row = RowOf(model, recipe, r);
    for (int64_t head = 0; head < kHeads; ++head) {
      const auto* const got = reinterpret_cast<const float*>(
          table.data + head * table.stride + r * kernels::kPanelBytes);
      for (int64_t c = 0; c < kernels::kUnitsPerPanel; ++c) {
        double want = 0;
        if (c < kHeadSize) {
          const int64_t out = head * kHeadSize + c;
          want = bias[out];
          for (int64_t i = 0; i < kHidden; ++i) {
            want += weight[out * kHidden + i] * row[i];
          }
        }
        ASSERT_NEAR(got[c], want, 1e-5)
            << linear << " of row " << r << ", " << head << ", " << c;
      }
    }
  }
}

TEST(DistanceTablesTest, EachLayerProjectsTheTable) {
  const Architecture architecture = Disentangled();
  const RandomModel model(architecture);

  for (const int layer : {0, 1}) {
    const NativeAttention& attention =
        model.weights().stack().blocks[layer].attention;
    ExpectProjected(model, *architecture.stack.disentangled,
                    absl::StrCat("layers.", layer, ".attention.position_key"),
                    attention.distance_key);
    EXPECT_EQ(attention.distance_query.data, nullptr);
  }
}

TEST(DistanceTablesTest, ItMayProjectThemAsItDoesTokens) {
  Architecture architecture = Disentangled();
  DisentangledRecipe& recipe = *architecture.stack.disentangled;
  recipe.position_to_content = true;
  recipe.shares_projections = true;
  const RandomModel model(architecture);

  for (const int layer : {0, 1}) {
    const NativeAttention& attention =
        model.weights().stack().blocks[layer].attention;
    const std::string prefix = absl::StrCat("layers.", layer, ".attention.");
    ExpectProjected(model, recipe, prefix + "key", attention.distance_key);
    ExpectProjected(model, recipe, prefix + "query", attention.distance_query);
  }
}

TEST(DistanceTablesTest, ManyRowsAreNormedFirst) {
  Architecture architecture = Disentangled();
  DisentangledRecipe& recipe = *architecture.stack.disentangled;
  recipe.content_to_position = false;
  recipe.position_to_content = true;
  recipe.span = 150;
  recipe.norm.emplace();
  const RandomModel model(architecture);

  ExpectProjected(model, recipe, "layers.1.attention.position_query",
                  model.weights().stack().blocks[1].attention.distance_query);
}

TEST(DistanceTablesTest, ThePlanCountsTheirBytes) {
  Architecture architecture = Disentangled();
  architecture.stack.disentangled->position_to_content = true;
  const Transformer transformer(architecture, DType::kBF16);

  ReserveDistanceTables(architecture, transformer);

  // 8 rows of 6 numbers, filled up to whole panels; two tables for each of two
  // layers, of two panels each.
  const int64_t row_bytes = 8 * kernels::kPanelBytes;
  EXPECT_EQ(transformer.stack().distances->reserved_bytes(),
            2 * kernels::kPanelBytes + 2 * 2 * 2 * row_bytes);
}

TEST(DistanceTablesTest, NothingIsReservedWithoutThem) {
  Architecture architecture = Disentangled();
  architecture.stack.disentangled.reset();
  const Transformer transformer(architecture, DType::kF32);

  ReserveDistanceTables(architecture, transformer);

  for (const auto& slot : transformer.slots()) {
    EXPECT_EQ(slot->reserved_bytes(), 0) << slot->name();
  }
}

// No memory has room for it, which is for the plan to say.
TEST(DistanceTablesTest, MoreBytesThanNumbersCountAreAsManyAsThereAre) {
  Architecture architecture = Disentangled();
  architecture.hidden_size = 1 << 20;
  StackRecipe& stack = architecture.stack;
  stack.num_attention_heads = 1 << 20;
  stack.head_size = 1;
  stack.num_hidden_layers = 1 << 13;
  stack.disentangled->span = 1 << 24;
  const Transformer transformer(architecture, DType::kF32);

  ReserveDistanceTables(architecture, transformer);

  EXPECT_EQ(transformer.stack().distances->reserved_bytes(),
            std::numeric_limits<int64_t>::max());
}

}  // namespace
}  // namespace transformerd
