#include "client/commands/tokenize.h"

#include <sstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/commands/transformerctl.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/client/commands/command_fixture.h"
#include "tests/fakes/fake_inference_server.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

// Through the command line.
class TokenizeCommandTest : public CommandFixture {};

TEST_F(TokenizeCommandTest, PrintsATableForEachText) {
  EXPECT_EQ(Run({"tokenize", "echo", "hello é", "-"}, "a\n"), kExitOk) << err_;

  EXPECT_EQ(out_,
            "text 1: hello é\n"
            "ID    TOKEN  TYPE  OFFSETS\n"
            "101   [CLS]  0     0:0\n"
            "1104  hello  0     0:5\n"
            "1195  é      0     6:7\n"
            "102   [SEP]  0     0:0\n"
            "\n"
            "text 2: a\n"
            "ID    TOKEN  TYPE  OFFSETS\n"
            "101   [CLS]  0     0:0\n"
            "1097  a      0     0:1\n"
            "102   [SEP]  0     0:0\n");
}

TEST_F(TokenizeCommandTest, PrintsThePairWithItsText) {
  EXPECT_EQ(Run({"tokenize", "echo", "a", "--pair", "b"}), kExitOk);

  EXPECT_EQ(out_,
            "text 1: a\n"
            "pair 1: b\n"
            "ID    TOKEN  TYPE  OFFSETS\n"
            "101   [CLS]  0     0:0\n"
            "1097  a      0     0:1\n"
            "102   [SEP]  0     0:0\n"
            "1098  b      1     0:1\n"
            "102   [SEP]  1     0:0\n");
}

TEST_F(TokenizeCommandTest, JsonHoldsAllOfEachToken) {
  EXPECT_EQ(Run({"tokenize", "echo", "a", "--pair=", "--json"}), kExitOk);

  EXPECT_EQ(nlohmann::json::parse(out_), nlohmann::json::parse(R"({
    "model": "echo",
    "encodings": [{
      "text": "a", "text_pair": "",
      "ids": [101, 1097, 102, 102],
      "tokens": ["[CLS]", "a", "[SEP]", "[SEP]"],
      "type_ids": [0, 0, 0, 1],
      "offsets": [[0, 0], [0, 1], [0, 0], [0, 0]]}]})"));
}

TEST_F(TokenizeCommandTest, AModelWithoutTokenizerTakesIds) {
  server_.FailNext(absl::FailedPreconditionError("no tokenizer.json"));

  EXPECT_EQ(Run({"tokenize", "echo", "a"}), kExitFailed);

  EXPECT_THAT(err_, HasSubstr("FAILED_PRECONDITION: no tokenizer.json\n"
                              "hint: texts need the tokenizer.json "));
}

TEST_F(TokenizeCommandTest, ATextThatIsNotUtf8IsNamed) {
  EXPECT_EQ(Run({"tokenize", "echo", "a", "\xff"}), kExitFailed);

  EXPECT_EQ(err_,
            "transformerctl tokenize: INVALID_ARGUMENT: text[1] is not UTF-8: "
            "byte 0 is 0xff\n");
  EXPECT_EQ(server_.num_calls("Tokenize"), 0);
}

TEST_F(TokenizeCommandTest, WrongUsageEndsWithTwoAndSendsNothing) {
  EXPECT_EQ(Run({"tokenize", "echo", "a", "b", "--pair=c"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("--pair is given 1 times for 2 texts; give it "
                              "once for each text"));
  EXPECT_EQ(Run({"tokenize", "echo", "-", "-"}, "a"), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("'-' is given twice"));
  EXPECT_EQ(Run({"tokenize", "echo"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("'tokenize' needs NAME TEXT..."));
  EXPECT_EQ(server_.num_calls("Tokenize"), 0);
}

}  // namespace
}  // namespace transformerd
