// The damaged checkpoints of the goldens, and the odd ones that are valid.
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/checkpoint/checkpoint.h"
#include "nlohmann/json.hpp"

namespace transformerd {
namespace {

namespace fs = std::filesystem;

const fs::path kGoldens = "tests/testdata/goldens";

// The categories that opening a checkpoint decides; others come later.
const std::set<std::string>& ReaderCategories() {
  static const auto* const categories = new std::set<std::string>{
      "WEIGHTS_NOT_FOUND", "HEADER_INVALID",  "HEADER_TOO_LARGE",
      "TRUNCATED",         "OFFSETS_INVALID", "SHAPE_INVALID",
      "DTYPE_UNKNOWN",     "DUPLICATE_NAME",  "INDEX_INVALID",
      "INDEX_MISMATCH",    "SHARD_NOT_FOUND", "PATH_ESCAPE",
      "ZIP_INVALID",       "PICKLE_REFUSED",  "PICKLE_INVALID",
      "STORAGE_NOT_FOUND", "STORAGE_BOUNDS",
  };
  return *categories;
}

std::vector<std::string> CaseNames() {
  std::vector<std::string> names;
  for (const fs::directory_entry& folder : fs::directory_iterator(kGoldens)) {
    names.push_back(folder.path().filename());
  }
  return names;
}

class GoldenFilesTest : public testing::TestWithParam<std::string> {};

TEST_P(GoldenFilesTest, OpensOrIsRefusedAsTheGoldenSays) {
  const fs::path folder = kGoldens / GetParam();
  std::ifstream file(folder / "case.json");
  const nlohmann::json golden = nlohmann::json::parse(file);
  const std::string category = golden.value("category", "OK");

  // A module without parameters has no weights.
  if (golden.value("parameters", 1) == 0) return;

  const auto reader = OpenCheckpoint(folder / "model");

  if (ReaderCategories().count(category) > 0) {
    EXPECT_EQ(ReasonOf(reader.status()), category) << reader.status();
  } else {
    EXPECT_TRUE(reader.ok()) << reader.status();
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenFilesTest, testing::ValuesIn(CaseNames()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace transformerd
