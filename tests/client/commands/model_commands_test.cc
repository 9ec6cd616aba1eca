// load, unload, plan and watch against a server that has ModelService.
#include <sstream>
#include <string>
#include <vector>

#include "client/commands/transformerctl.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "nlohmann/json.hpp"
#include "tests/fakes/fake_inference_server.h"
#include "tests/fakes/fake_model_service.h"

namespace transformerd {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Lets held loads finish once something was shown.
class FinishingBuffer : public std::stringbuf {
 public:
  explicit FinishingBuffer(FakeModelService& service) : service_(service) {}

 protected:
  int sync() override {
    service_.FinishLoads();
    return 0;
  }

 private:
  FakeModelService& service_;
};

class ModelCommandsTest : public ::testing::Test {
 protected:
  ModelCommandsTest() : server_({&service_}) {}

  int Run(const std::vector<std::string>& words, bool is_terminal = false) {
    std::istringstream in;
    std::ostringstream out;
    FinishingBuffer buffer(service_);
    std::ostream err(&buffer);
    const int code = RunTransformerctl(
        words, server_.address(), {in, out, err, /*columns=*/80, is_terminal});
    out_ = out.str();
    err_ = buffer.str();
    return code;
  }

  FakeModelService service_;
  FakeInferenceServer server_;
  std::string out_, err_;
};

TEST_F(ModelCommandsTest, LoadShowsProgressAndTheReport) {
  service_.SetUpdates({StreamUpdate(1, 2)});
  service_.HoldLoads();

  EXPECT_EQ(Run({"load", "echo", "--param", "strict=false"}), kExitOk);

  EXPECT_EQ(err_, "model 'echo' version 1: stream 50 % 1/2 bytes\n");
  EXPECT_EQ(out_,
            "model 'echo' is loaded\n"
            "  version 1: 250 parameters, 2.0 kB in memory, 1.0 kB read at "
            "1.50 GB/s, 2.00 s, peak 2.5 MB\n");
  EXPECT_FALSE(service_.last_load().parameters().strict());
  EXPECT_EQ(server_.num_calls("RepositoryModelLoad"), 0);
}

TEST_F(ModelCommandsTest, LoadShowsABarOnATerminal) {
  service_.SetUpdates({StreamUpdate(1, 2)});
  service_.HoldLoads();

  EXPECT_EQ(Run({"load", "echo"}, /*is_terminal=*/true), kExitOk);

  EXPECT_THAT(err_, StartsWith("\r\033[Kmodel 'echo' version 1: "
                               "[############------------] stream 50 %"));
  EXPECT_THAT(err_, EndsWith("\r\033[K"));
}

TEST_F(ModelCommandsTest, LoadPrintsJsonAndNoProgress) {
  EXPECT_EQ(Run({"load", "echo", "--json"}), kExitOk);
  const auto json = nlohmann::json::parse(out_);
  EXPECT_EQ(json["state"], "READY");
  EXPECT_EQ(json["versions"][0]["report"]["parameters"], 250);
  EXPECT_EQ(err_, "");
}

TEST_F(ModelCommandsTest, ARefusedLoadShowsTheReportOfTheIndex) {
  service_.FailNext(LoadError(Reason::kMissingKey, "12 missing (a, ...)"));
  server_.SetState("UNAVAILABLE", "12 missing: a, b, c");
  EXPECT_EQ(Run({"load", "echo"}), kExitFailed);
  EXPECT_THAT(err_, HasSubstr("transformerctl load: FAILED_PRECONDITION "
                              "(MISSING_KEY): 12 missing (a, ...)\n"
                              "  12 missing: a, b, c\n"));
}

TEST_F(ModelCommandsTest, UnloadTellsWhatCameBack) {
  EXPECT_EQ(Run({"unload", "echo"}), kExitOk);
  EXPECT_EQ(out_, "model 'echo' is unloaded, 2.0 MB of weights are free\n");
  EXPECT_EQ(Run({"unload", "echo", "--json"}), kExitOk);
  EXPECT_EQ(nlohmann::json::parse(out_)["released_bytes"], 2000000);
}

TEST_F(ModelCommandsTest, PlanShowsFiguresAndKeys) {
  v1::PlanLoadResponse plan;
  plan.set_model("echo");
  v1::PlannedVersion& version = *plan.add_versions();
  version.set_version("1");
  version.set_architecture("BertModel");
  version.set_family("bert");
  version.set_dtype("F32");
  version.set_parameters(22713216);
  version.set_tensors_read(103);
  version.set_bytes_read(90852864);
  version.set_weight_bytes(90852864);
  version.set_replicas(2);
  v1::DeviceMemory& cpu = *version.add_devices();
  cpu.set_device("cpu");
  cpu.set_weight_bytes(90852864);
  v1::DeviceMemory& gpu = *version.add_devices();
  gpu.set_device("cuda:0");
  gpu.set_weight_bytes(90852864);
  gpu.set_free_bytes(80000000);
  version.mutable_mismatches()->add_missing("pooler.dense.bias");
  v1::Misfit& misfit = *version.mutable_mismatches()->add_shapes();
  misfit.set_key("x");
  misfit.set_file("[2]");
  misfit.set_model("[3]");
  plan.mutable_host_memory()->set_needed_bytes(181705728);
  plan.mutable_host_memory()->set_free_bytes(2000000000);
  plan.mutable_host_memory()->set_bound("cgroup");
  service_.SetPlan(plan);

  EXPECT_EQ(Run({"plan", "echo", "--version=1", "--param", "strict=true"}),
            kExitOk);

  EXPECT_EQ(out_,
            "version       1\n"
            "architecture  BertModel (bert), F32\n"
            "parameters    22713216\n"
            "to read       90.9 MB in 103 tensors\n"
            "to send       0 bytes\n"
            "weights       90.9 MB x 2 copies\n"
            "staging       0 bytes\n"
            "on cpu        90.9 MB\n"
            "on cuda:0     90.9 MB, 80.0 MB are free\n"
            "unread keys   0\n"
            "missing: pooler.dense.bias\n"
            "shape: x: file [2], model [3]\n"
            "\n"
            "needs 181.7 MB of memory, 2.0 GB are free (cgroup)\n"
            "model 'echo' does not fit\n");
  EXPECT_EQ(service_.last_plan().version(), "1");
  EXPECT_TRUE(service_.last_plan().parameters().strict());

  EXPECT_EQ(Run({"plan", "echo", "--json"}), kExitOk);
  EXPECT_EQ(nlohmann::json::parse(out_)["fits"], false);
}

TEST_F(ModelCommandsTest, LoadsAndUnloadsEndWithTheTimeoutThatIsGiven) {
  for (const char* const command : {"load", "unload"}) {
    EXPECT_EQ(Run({command, "echo"}), kExitOk);
    EXPECT_FALSE(service_.had_deadline()) << command;
    EXPECT_EQ(Run({command, "echo", "--timeout=20s"}), kExitOk);
    EXPECT_TRUE(service_.had_deadline()) << command;
  }
}

TEST_F(ModelCommandsTest, WatchShowsPhasesAndTheOutcome) {
  v1::WatchModelResponse end = StreamUpdate(2, 2);
  end.set_state(v1::Model::READY);
  end.mutable_outcome()->set_code("OK");
  service_.SetUpdates({StreamUpdate(1, 2), end});

  EXPECT_EQ(Run({"watch", "echo"}), kExitOk);

  EXPECT_EQ(out_,
            "model 'echo' version 1: stream 50 % 1/2 bytes\n"
            "model 'echo' version 1: ready\n");
  EXPECT_FALSE(service_.last_watch().follow());
}

TEST_F(ModelCommandsTest, WatchOfALoadThatFailsFails) {
  v1::WatchModelResponse end = StreamUpdate(1, 2);
  end.set_state(v1::Model::FAILED);
  end.mutable_outcome()->set_code("FAILED_PRECONDITION");
  end.mutable_outcome()->set_message("too short");
  service_.SetUpdates({end});

  EXPECT_EQ(Run({"watch", "echo"}), kExitFailed);

  EXPECT_EQ(out_,
            "model 'echo' version 1: failed, the load ended with "
            "FAILED_PRECONDITION: too short\n");
  EXPECT_THAT(err_, HasSubstr("too short"));
}

TEST_F(ModelCommandsTest, WatchPrintsALineOfJsonAnUpdate) {
  service_.SetUpdates({StreamUpdate(1, 2), StreamUpdate(2, 2)});
  EXPECT_EQ(Run({"watch", "echo", "--json"}), kExitOk);
  std::istringstream lines(out_);
  std::string line;
  for (int done = 1; done <= 2; ++done) {
    ASSERT_TRUE(std::getline(lines, line));
    EXPECT_EQ(nlohmann::json::parse(line)["progress"]["bytes_done"], done);
  }
}

TEST_F(ModelCommandsTest, WatchCanFollow) {
  EXPECT_EQ(Run({"watch", "echo", "--follow", "--timeout=50ms"}), kExitFailed);
  EXPECT_TRUE(service_.last_watch().follow());
  EXPECT_THAT(err_, HasSubstr("DEADLINE_EXCEEDED"));
}

TEST(ModelCommandsOfOtherServersTest, PlanSaysThatTheServerLacksIt) {
  const FakeInferenceServer server;
  std::istringstream in;
  std::ostringstream out, err;
  EXPECT_EQ(
      RunTransformerctl({"plan", "echo"}, server.address(), {in, out, err}),
      kExitFailed);
  EXPECT_THAT(err.str(), HasSubstr("UNIMPLEMENTED"));
}

}  // namespace
}  // namespace transformerd
