// Configs with one field changed to something odd: each is taken or refused,
// and what is taken can be built.
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/config/config_reader.h"
#include "model/families/families.h"
#include "model/modules/transformer.h"
#include "nlohmann/json.hpp"
#include "tests/matchers/status_matchers.h"
#include "tests/model/families/golden_case.h"

namespace transformerd {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kValues[] = {
    "null",
    "-1",
    "0",
    "1",
    "3",
    "7",
    "1048576",
    "1099511627776",
    "0.5",
    "1e300",
    "\"\"",
    "\"x\"",
    "true",
    "false",
    "[]",
    "[1, 2]",
    "[\"sliding_attention\"]",
    "{}",
    "{\"rope_type\": \"linear\"}",
};

class OddConfigsTest : public ::testing::TestWithParam<const Family*> {};

TEST_P(OddConfigsTest, AreTakenOrRefusedWithAReason) {
  ASSERT_OK_AND_ASSIGN(
      const std::vector<GoldenCase> cases,
      ReadGoldenCases(std::string(GetParam()->model_types.front())));
  ASSERT_THAT(cases, Not(IsEmpty()));
  for (const GoldenCase& golden : cases) {
    const std::string path =
        absl::StrCat(golden.model_directory, "/config.json");
    ASSERT_OK_AND_ASSIGN(const ConfigReader config,
                         ConfigReader::FromFile(path));
    std::ifstream file(path);
    const nlohmann::json fields = nlohmann::json::parse(file);
    for (const auto& [key, value] : fields.items()) {
      for (const char* odd : kValues) {
        SCOPED_TRACE(absl::StrCat(golden.name, ": ", key, "=", odd));
        ASSERT_OK_AND_ASSIGN(
            const ConfigReader changed,
            config.Merged(absl::StrCat("{\"", key, "\": ", odd, "}")));

        const absl::StatusOr<ParsedModel> parsed =
            ParseModel(changed, golden.class_name);

        if (parsed.ok()) {
          const Transformer transformer(parsed->architecture, DType::kF32);
          EXPECT_GE(parsed->architecture.max_sequence_length, 1);
        } else {
          EXPECT_TRUE(ReasonOf(parsed.status()).has_value()) << parsed.status();
        }
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, OddConfigsTest, ::testing::ValuesIn(AllFamilies()),
    [](const ::testing::TestParamInfo<const Family*>& info) {
      return absl::StrReplaceAll(info.param->model_types.front(), {{"-", "_"}});
    });

}  // namespace
}  // namespace transformerd
