#include "client/commands/transformerctl.h"

#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "nlohmann/json.hpp"
#include "tests/client/commands/command_fixture.h"
#include "tests/fakes/fake_inference_server.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class TransformerctlTest : public CommandFixture {};

TEST_F(TransformerctlTest, StatusShowsServerAndModels) {
  EXPECT_EQ(Run({"status"}), kExitOk);

  EXPECT_EQ(out_, absl::StrCat("address     ", server_.address(),
                               "\n"
                               "server      fake 1.2.3\n"
                               "live        yes\n"
                               "ready       yes\n"
                               "extensions  model_repository, parameters\n"
                               "models      1, 1 ready\n"
                               "\n"
                               "NAME  VERSION  STATE  REASON\n"
                               "echo  1        READY\n"));
  EXPECT_EQ(err_, "");
}

TEST_F(TransformerctlTest, StatusIsJsonOnDemand) {
  EXPECT_EQ(Run({"status", "--json"}), kExitOk);

  const auto json = nlohmann::json::parse(out_);
  EXPECT_EQ(json["ready"], true);
  EXPECT_EQ(json["version"], "1.2.3");
  EXPECT_EQ(json["models"][0]["state"], "READY");
}

TEST_F(TransformerctlTest, ListShowsModels) {
  server_.SetState("LOADING", "61 %");

  EXPECT_EQ(Run({"list"}), kExitOk);
  EXPECT_EQ(out_,
            "NAME  VERSION  STATE    REASON\n"
            "echo  1        LOADING  61 %\n");

  EXPECT_EQ(Run({"list", "--json"}), kExitOk);
  EXPECT_EQ(out_, R"({"models":[{"name":"echo","reason":"61 %",)"
                  R"("state":"LOADING","version":"1"}]})"
                  "\n");
}

TEST_F(TransformerctlTest, LoadSendsItsParameters) {
  EXPECT_EQ(Run({"load", "--param", "strict=false", "echo"}), kExitOk);

  EXPECT_EQ(out_, "model 'echo' is loaded\n");
  EXPECT_EQ(server_.last_load().model_name(), "echo");
  EXPECT_FALSE(server_.last_load().parameters().at("strict").bool_param());
}

TEST_F(TransformerctlTest, ARefusedLoadShowsTheReportOfTheIndex) {
  server_.FailNext(LoadError(Reason::kMissingKey, "12 missing (a, ...)"));
  server_.SetState("UNAVAILABLE", "12 missing: a, b, c");

  EXPECT_EQ(Run({"load", "echo"}), kExitFailed);

  EXPECT_EQ(out_, "");
  EXPECT_THAT(err_, StartsWith("transformerctl load: FAILED_PRECONDITION "
                               "(MISSING_KEY): 12 missing (a, ...)\n"
                               "  12 missing: a, b, c\n"
                               "hint: "));
}

TEST_F(TransformerctlTest, UnloadSaysSo) {
  EXPECT_EQ(Run({"unload", "echo"}), kExitOk);

  EXPECT_EQ(out_, "model 'echo' is unloaded\n");
  EXPECT_EQ(server_.num_calls("RepositoryModelUnload"), 1);
}

TEST_F(TransformerctlTest, LoadsAndUnloadsEndWithTheTimeoutThatIsGiven) {
  for (const char* const command : {"load", "unload"}) {
    EXPECT_EQ(Run({command, "echo"}), kExitOk);
    EXPECT_FALSE(server_.had_deadline()) << command;
    EXPECT_EQ(Run({command, "echo", "--timeout=20s"}), kExitOk);
    EXPECT_TRUE(server_.had_deadline()) << command;
  }
}

TEST_F(TransformerctlTest, InferPrintsEachOutput) {
  EXPECT_EQ(Run({"infer", "echo", "--input", "input_ids=101,7592,102;1,2,3",
                 "--input", "text=hello, world", "--output", "input_ids",
                 "--values", "2"}),
            kExitOk)
      << err_;

  EXPECT_EQ(out_,
            "input_ids INT64 [2,3]\n"
            "  101 7592 ...\n"
            "  1 2 ...\n"
            "text BYTES [1,1]\n"
            "  \"hello, world\"\n");
  EXPECT_EQ(server_.last_infer().outputs(0).name(), "input_ids");
}

TEST_F(TransformerctlTest, InferPrintsJsonWithAllValues) {
  EXPECT_EQ(Run({"infer", "echo", "--json",
                 "--input=input_ids=1,2,3,4,5,6,7,"
                 "8,9,10"}),
            kExitOk);

  const auto json = nlohmann::json::parse(out_);
  EXPECT_EQ(json["outputs"][0]["data"].size(), 10);
}

TEST_F(TransformerctlTest, InferSendsEachTextWhole) {
  EXPECT_EQ(Run({"infer", "echo", "--input", "text=a=1, b; c",
                 "--input=text=", "--param=truncate=true"}),
            kExitOk)
      << err_;

  EXPECT_EQ(out_,
            "text BYTES [2,1]\n"
            "  \"a=1, b; c\"\n"
            "  \"\"\n");
  EXPECT_TRUE(server_.last_infer().parameters().at("truncate").bool_param());
}

TEST_F(TransformerctlTest, InferOfALongTextPointsToItsParameter) {
  server_.FailMethod("ModelInfer", absl::InvalidArgumentError("600 tokens"));
  const std::string error =
      "transformerctl infer: INVALID_ARGUMENT: 600 tokens\n";

  EXPECT_EQ(Run({"infer", "echo", "--input=text=a"}), kExitFailed);
  EXPECT_EQ(err_, error +
                      "hint: --param truncate=true cuts texts that are longer "
                      "than the model takes\n");
  EXPECT_EQ(Run({"infer", "echo", "--input=text=a", "--param=truncate=true"}),
            kExitFailed);
  EXPECT_EQ(err_, error);
  EXPECT_EQ(Run({"infer", "echo", "--input=input_ids=1"}), kExitFailed);
  EXPECT_EQ(err_, error);
}

TEST_F(TransformerctlTest, InferOfAnUnknownModelPointsToTheList) {
  EXPECT_EQ(Run({"infer", "other", "--input=input_ids=1"}), kExitFailed);

  EXPECT_EQ(err_,
            "transformerctl infer: NOT_FOUND: no model 'other'\n"
            "hint: `transformerctl list` shows the models of this server\n");
}

TEST_F(TransformerctlTest, WrongUsageEndsWithTwoAndPrintsNothing) {
  const std::vector<std::string> cases[] = {
      {},
      {"lst"},
      {"list", "--wrong"},
      {"load"},
      {"load", "echo", "--param=x"},
      {"infer", "echo"},
      {"infer", "echo", "--input=input_ids"},
      {"infer", "echo", "--input=input_id=1"},
      {"infer", "echo", "--input=input_ids=a"},
      {"infer", "echo", "--input=input_ids=1", "--values=-1"},
      {"infer", "echo", "--input=input_ids=1", "--param=truncate"},
  };
  for (const auto& words : cases) {
    EXPECT_EQ(Run(words), kExitUsage) << ::testing::PrintToString(words);
    EXPECT_EQ(out_, "");
    EXPECT_THAT(err_, HasSubstr("transformerctl"));
  }
  EXPECT_EQ(server_.num_calls("ModelInfer"), 0);
}

TEST_F(TransformerctlTest, AWrongInputNameLeadsToTheNearestOne) {
  EXPECT_EQ(Run({"infer", "echo", "--input=input_id=1"}), kExitUsage);

  EXPECT_THAT(err_, HasSubstr("model 'echo' has no input 'input_id'; did you "
                              "mean input_ids? (inputs: input_ids, text)"));
}

TEST_F(TransformerctlTest, HelpIsNoFailure) {
  EXPECT_EQ(Run({"--help"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("\ncommands:\n  status "));
  EXPECT_EQ(Run({"infer", "--help"}), kExitOk);
  EXPECT_THAT(out_, HasSubstr("--input NAME=VALUES"));
}

TEST(TransformerctlWithoutServerTest, SaysWhatToDo) {
  const std::string address = FakeInferenceServer().address();
  std::istringstream in;
  std::ostringstream out, err;

  EXPECT_EQ(
      RunTransformerctl({"status", "--server", address}, "", {in, out, err}),
      kExitFailed);

  EXPECT_THAT(err.str(), HasSubstr("nothing answers at " + address));
  EXPECT_THAT(err.str(), HasSubstr("--server=HOST:PORT"));
}

}  // namespace
}  // namespace transformerd
