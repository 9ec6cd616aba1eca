// Bounds of the configs of bare modules: what a config may ask for before
// anybody looks at the memory that it takes.
#include <string>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/config/config_reader.h"
#include "model/families/families.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

absl::Status StatusOf(absl::string_view class_name, const std::string& json) {
  const absl::StatusOr<ConfigReader> config =
      ConfigReader::Parse(json, "config.json");
  if (!config.ok()) return config.status();
  return ParseModel(*config, class_name).status();
}

struct ModuleLayers {
  absl::string_view class_name;
  std::string at_limit, above;
  absl::string_view named;
};

// A slot takes memory of its own, and no memory check has run yet.
TEST(SeedConfigTest, BoundsTheNumberOfLayers) {
  const std::string sizes =
      R"("hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 8, )";
  const ModuleLayers cases[] = {
      {"TransformerStack", "{" + sizes + R"("num_hidden_layers": 10000})",
       "{" + sizes + R"("num_hidden_layers": 10001})",
       "num_hidden_layers=10001"},
      {"BiModalEncoder", R"({"num_hidden_layers2": 10000})",
       R"({"num_hidden_layers2": 10001})", "num_hidden_layers2=10001"},
      {"BiModalEncoder",
       R"({"model_type": "bert", "num_hidden_layers": 10000})",
       R"({"model_type": "bert", "num_hidden_layers": 10001})",
       "num_hidden_layers=10001"},
      {"T5", R"({"num_layers": 10000})", R"({"num_layers": 10001})",
       "num_layers=10001"},
      {"T5", R"({"num_decoder_layers": 10000})",
       R"({"num_decoder_layers": 10001})", "num_decoder_layers=10001"},
  };
  for (const ModuleLayers& c : cases) {
    SCOPED_TRACE(c.named);
    EXPECT_THAT(StatusOf(c.class_name, c.at_limit), IsOk());
    const absl::Status status = StatusOf(c.class_name, c.above);
    EXPECT_THAT(status, HasReason(Reason::kConfigInvalid));
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr(c.named)));
  }
}

// The bytes of a parameter must have a number.
TEST(SeedConfigTest, BoundsTheWidthOfAllHeads) {
  EXPECT_THAT(
      StatusOf("T5",
               R"({"d_model": 16777216, "num_heads": 4096, "d_kv": 4096})"),
      IsOk());
  EXPECT_THAT(
      StatusOf("T5",
               R"({"d_model": 16777216, "num_heads": 4096, "d_kv": 8192})"),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("d_kv=8192 times num_heads=4096")));
}

}  // namespace
}  // namespace transformerd
