// Dry runs: what they tell, and that it is what a load then does.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/runtime/model_loader.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/runtime/make_loader.h"

namespace transformerd {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

constexpr char kBertBase[] = "tests/testdata/goldens/bert_base/model";
constexpr char kMaskedLm[] = "tests/testdata/goldens/bert_masked_lm/model";

class PlanOfStrategyTest : public testing::TestWithParam<LoadingStrategy> {};

TEST_P(PlanOfStrategyTest, TellsWhatTheLoadThenDoes) {
  ModelLoaderOptions options;
  options.replicas.loading_strategy = GetParam();
  options.devices = {"cpu", "cpu"};
  options.replicas.cpu_replicas = CpuReplicas::kPrivate;
  const auto loader = MakeLoader(options);
  LoadRequest request = {kMaskedLm, {}};
  request.options.dtype = DType::kBF16;
  MemoryNeed admitted;
  request.admit = [&](const MemoryNeed& need) {
    admitted = need;
    return absl::OkStatus();
  };
  ASSERT_OK_AND_ASSIGN(const PlannedLoad planned, loader->Plan(request));
  EXPECT_EQ(admitted.total(), 0);  // not asked
  LoadControl control;

  ASSERT_OK_AND_ASSIGN(const auto model, loader->Load(request, control));

  const LoadReport& report = model->report();
  EXPECT_TRUE(planned.mismatch.is_empty());
  EXPECT_EQ(planned.architecture, "BertForMaskedLM");
  EXPECT_EQ(planned.dtype, DType::kBF16);
  EXPECT_EQ(planned.parameters, report.parameters);
  EXPECT_EQ(planned.bytes_read, report.bytes_read);
  EXPECT_EQ(planned.bytes_broadcast, report.bytes_broadcast);
  EXPECT_EQ(planned.weight_bytes, report.weight_bytes);
  EXPECT_EQ(planned.replicas, 2);
  EXPECT_EQ(planned.host.weight_bytes, 2 * report.weight_bytes);
  // Everything is cast, and fits one bucket of each reader.
  EXPECT_EQ(planned.host.staging_bytes, report.bytes_read);
  EXPECT_EQ(planned.host.total(), admitted.total());
  EXPECT_EQ(report.peak_host_bytes, admitted.total());
  EXPECT_EQ(report.device_bytes.at("cpu"), 2 * report.weight_bytes);
  EXPECT_GT(report.peak_process_bytes, report.weight_bytes);
}

INSTANTIATE_TEST_SUITE_P(
    Strategies, PlanOfStrategyTest,
    testing::Values(LoadingStrategy::kMemoryEfficient,
                    LoadingStrategy::kFreeForAll),
    [](const testing::TestParamInfo<LoadingStrategy>& info) {
      return std::string(NameOf(info.param));
    });

TEST(PlanLoadTest, APlanListsWhatDoesNotFit) {
  LoadRequest request = {kBertBase, {}};
  request.options.architecture = "BertForMaskedLM";
  request.options.config_override = R"({"intermediate_size": 8})";

  ASSERT_OK_AND_ASSIGN(const PlannedLoad planned, MakeLoader()->Plan(request));

  EXPECT_THAT(planned.mismatch.missing,
              Contains("cls.predictions.transform.dense.weight"));
  EXPECT_FALSE(planned.mismatch.shapes.empty());
  EXPECT_GT(planned.parameters, 0);
  LoadControl control;
  const auto loaded = MakeLoader()->Load(request, control);
  EXPECT_THAT(loaded, HasReason(Reason::kMissingKey));
}

TEST(PlanLoadTest, APlanTellsWhatWouldBeInitialised) {
  LoadRequest request = {kBertBase, {}};
  request.options.architecture = "BertForMaskedLM";
  request.options.strict = false;

  ASSERT_OK_AND_ASSIGN(const PlannedLoad planned, MakeLoader()->Plan(request));

  EXPECT_TRUE(planned.mismatch.is_empty());
  EXPECT_THAT(planned.initialized,
              Contains("cls.predictions.transform.dense.weight"));
}

TEST(PlanLoadTest, APlanFailsWithoutACheckpoint) {
  EXPECT_THAT(MakeLoader()->Plan({"nowhere", {}}),
              HasReason(Reason::kConfigNotFound));
}

// 16 PiB and more: nothing before the admission may look at it piece by piece.
TEST(PlanLoadTest, AModelLargerThanAnyMachineIsPlannedAndRefused) {
  LoadRequest request = {kBertBase, {}};
  request.options.load_weights = false;
  request.options.config_override =
      R"({"hidden_size": 1048576, "intermediate_size": 1048576,
          "num_hidden_layers": 1000})";
  MemoryNeed asked;
  request.admit = [&](const MemoryNeed& need) {
    asked = need;
    return absl::ResourceExhaustedError("too much");
  };
  LoadControl control;

  ASSERT_OK_AND_ASSIGN(const PlannedLoad planned, MakeLoader()->Plan(request));
  EXPECT_THAT(
      MakeLoader()->Load(request, control),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("too much")));

  EXPECT_GT(planned.weight_bytes, int64_t{1} << 54);
  EXPECT_EQ(asked.weight_bytes, planned.weight_bytes);
}

TEST(PlanLoadTest, ReplicasWhoseBytesHaveNoNumberAreRefused) {
  ModelLoaderOptions options;
  options.devices = {"cpu", "cpu", "cpu"};
  options.replicas.cpu_replicas = CpuReplicas::kPrivate;
  LoadRequest request = {kBertBase, {}};
  request.options.load_weights = false;
  request.options.architecture = "TransformerStack";
  request.options.config_override =
      R"({"hidden_size": 16777216, "intermediate_size": 16777216,
          "num_hidden_layers": 512})";

  const absl::Status status = MakeLoader(options)->Plan(request).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted,
                               HasSubstr("3 replicas of ")));
  EXPECT_THAT(status, HasReason(Reason::kResourceLimit));
}

}  // namespace
}  // namespace transformerd
