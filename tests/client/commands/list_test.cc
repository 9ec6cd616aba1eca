#include "client/commands/list.h"

#include <string>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

TEST(ModelTableTest, ShowsOneLineOfEachReason) {
  EXPECT_EQ(ModelTable({{"minilm", "1", "READY", ""},
                        {"bad", "12", "UNAVAILABLE", "1 missing\na\nb"}}),
            "NAME    VERSION  STATE        REASON\n"
            "minilm  1        READY\n"
            "bad     12       UNAVAILABLE  1 missing...\n");
}

TEST(ModelTableTest, CutsLongReasonsBetweenCharacters) {
  // The 80th and 81st byte are one character.
  const std::string reason = std::string(79, 'x') + "é" + "tail";

  EXPECT_EQ(ModelTable({{"m", "1", "S", reason}}),
            "NAME  VERSION  STATE  REASON\n"
            "m     1        S      " +
                std::string(79, 'x') + "...\n");
}

TEST(ModelsAsJsonTest, HoldsTheWholeReason) {
  const std::string reason(500, 'x');

  const nlohmann::json json = ModelsAsJson({{"m", "1", "READY", reason}});

  EXPECT_EQ(json[0]["name"], "m");
  EXPECT_EQ(json[0]["version"], "1");
  EXPECT_EQ(json[0]["state"], "READY");
  EXPECT_EQ(json[0]["reason"], reason);
}

}  // namespace
}  // namespace transformerd
