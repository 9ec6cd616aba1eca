#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/families/families.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<Architecture> Parse(const std::string& fields,
                                   absl::string_view class_name = "ViTModel") {
  const std::string json =
      "{\"model_type\": \"vit\"" + (fields.empty() ? "" : ", " + fields) + "}";
  absl::StatusOr<ConfigReader> config =
      ConfigReader::Parse(json, "config.json");
  if (!config.ok()) return config.status();
  absl::StatusOr<ParsedModel> model = ParseModel(*config, class_name);
  if (!model.ok()) return model.status();
  return model->architecture;
}

TEST(VitTest, TakesTheDefaultsOfItsClass) {
  ASSERT_OK_AND_ASSIGN(const Architecture vit, Parse(""));

  EXPECT_EQ(vit.input, ModelInput::kPixels);
  EXPECT_EQ(vit.max_sequence_length, 14 * 14 + 1);
  EXPECT_EQ(vit.pooler_size, 768);
  EXPECT_EQ(vit.pooler_activation, Activation::kTanh);
  EXPECT_TRUE(vit.stack.block.attention.qkv_bias);
  EXPECT_FALSE(vit.stack.last_hidden_state_is_normed);
}

TEST(VitTest, ExtentsAreOneNumberOrHeightAndWidth) {
  ASSERT_OK_AND_ASSIGN(const Architecture vit,
                       Parse(R"("image_size": [8, 12], "patch_size": [4, 6],
               "num_channels": 1)"));

  const PatchRecipe& patches = *vit.stack.embedding.patches;
  EXPECT_EQ(patches.channels, 1);
  EXPECT_EQ(patches.image_height, 8);
  EXPECT_EQ(patches.image_width, 12);
  EXPECT_EQ(patches.patch_width, 6);
  EXPECT_EQ(patches.num_patches(), 4);
}

TEST(VitTest, ReadsThePooler) {
  ASSERT_OK_AND_ASSIGN(
      const Architecture vit,
      Parse(R"("pooler_output_size": 5, "pooler_act": "relu")"));

  EXPECT_EQ(vit.pooler_size, 5);
  EXPECT_EQ(vit.pooler_activation, Activation::kRelu);
}

struct BadVit {
  const char* fields;
  const char* message;
};

TEST(VitTest, RefusesWhatCutsNoPatches) {
  const BadVit cases[] = {
      {R"("patch_size": 300)", "patch_size=300x300 is larger than image_size"},
      {R"("image_size": [1, 2, 3])", "image_size has 3 numbers"},
      {R"("image_size": "224")", "image_size"},
      {R"("patch_size": [16, 0])", "patch_size[1]=0"},
      {R"("num_channels": 0)", "num_channels=0"},
      {R"("pooler_act": "wobble")", "pooler_act=\"wobble\""},
  };
  for (const BadVit& c : cases) {
    const absl::Status status = Parse(c.fields).status();
    EXPECT_THAT(status, HasReason(Reason::kConfigInvalid)) << c.fields;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace transformerd
