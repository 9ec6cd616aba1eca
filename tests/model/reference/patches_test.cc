#include "model/reference/patches.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/modules/transformer.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;

// Images of one channel, 2 x 5, cut into two patches of 2 x 2; a vector has one
// number, the sum over the patch of weight times pixel.
class PatchesTest : public ::testing::Test {
 protected:
  PatchesTest() {
    architecture_.input = ModelInput::kPixels;
    architecture_.hidden_size = 1;
    PatchRecipe& patches = architecture_.stack.embedding.patches.emplace();
    patches.channels = 1;
    patches.image_height = 2;
    patches.image_width = 5;
    patches.patch_height = patches.patch_width = 2;
    transformer_ = std::make_unique<Transformer>(architecture_, DType::kF32);
    const Embeddings& embeddings = transformer_->stack().embeddings;
    Fill(*embeddings.class_token, class_token_);
    Fill(*embeddings.position, positions_);
    Fill(*embeddings.patch.weight, weight_);
    Fill(*embeddings.patch.bias, bias_);
  }

  static void Fill(ParameterSlot& slot, std::vector<float>& values) {
    ASSERT_EQ(slot.size_bytes(), static_cast<int64_t>(values.size()) * 4)
        << slot.name();
    slot.Fill(reinterpret_cast<std::byte*>(values.data()));
  }

  Architecture architecture_;
  std::vector<float> class_token_ = {0.5f};
  std::vector<float> positions_ = {100, 200, 300};
  std::vector<float> weight_ = {1, 2, 3, 4};
  std::vector<float> bias_ = {0.25f};
  std::unique_ptr<Transformer> transformer_;
};

TEST_F(PatchesTest, ARowIsTheClassTokenAndThePatchesFromLeftToRight) {
  PackedBatch batch;
  // The last column fills no patch.
  batch.pixel_values = {1, 0, 0, 1, 9,  //
                        0, 0, 1, 0, 9,  //
                        0, 0, 0, 0, 9,  //
                        0, 1, 0, 0, 9};

  const at::Tensor embedded =
      EmbedPatches(transformer_->stack().embeddings,
                   *architecture_.stack.embedding.patches, batch);

  ASSERT_EQ(embedded.sizes(), at::IntArrayRef({6, 1}));
  const float* values = embedded.const_data_ptr<float>();
  EXPECT_THAT(std::vector<float>(values, values + 6),
              ElementsAre(100.5f, 201.25f, 305.25f,  //
                          100.5f, 204.25f, 300.25f));
}

}  // namespace
}  // namespace transformerd
