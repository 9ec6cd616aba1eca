#include "server/services/model_service.h"

#include <future>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/services/model_test_server.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Optional;
using ::testing::SizeIs;
using Stub = v1::ModelService::Stub;

class ModelServiceTest : public ::testing::Test {
 protected:
  v1::ListModelsResponse List(bool ready = false) {
    v1::ListModelsRequest request;
    request.set_ready(ready);
    return *server_.Call(&Stub::ListModels, request);
  }

  absl::StatusOr<v1::UnloadModelResponse> Unload(const std::string& model) {
    v1::UnloadModelRequest request;
    request.set_model(model);
    return server_.Call(&Stub::UnloadModel, request);
  }

  absl::StatusOr<v1::PlanLoadResponse> Plan(const std::string& model,
                                            const std::string& version = "") {
    v1::PlanLoadRequest request;
    request.set_model(model);
    request.set_version(version);
    return server_.Call(&Stub::PlanLoad, request);
  }

  std::future<absl::StatusOr<v1::LoadModelResponse>> LoadLater(
      grpc::ClientContext* context = nullptr) {
    return std::async(std::launch::async, [this, context] {
      return server_.Load("bert", context);
    });
  }

  ModelTestServer server_;
};

TEST_F(ModelServiceTest, LoadAnswersWithTheReport) {
  ASSERT_OK_AND_ASSIGN(const auto loaded, server_.Load("bert"));

  EXPECT_EQ(loaded.model(), "bert");
  EXPECT_EQ(loaded.operation(), 1);
  ASSERT_THAT(loaded.versions(), SizeIs(1));
  const v1::LoadReport& report = loaded.versions(0).report();
  EXPECT_EQ(loaded.versions(0).version(), "1");
  EXPECT_EQ(report.weight_bytes(), 1000);
  EXPECT_EQ(report.phases(1).phase(), v1::STREAM);
  EXPECT_EQ(report.phases(1).time().nanos(), 2000000);
  EXPECT_GT(report.phases(1).gigabytes_per_second(), 0);
  EXPECT_EQ(report.time().nanos(), 6000000);
}

TEST_F(ModelServiceTest, EveryLoadHasANumberOfItsOwn) {
  ASSERT_OK_AND_ASSIGN(const auto first, server_.Load("bert"));
  ASSERT_OK_AND_ASSIGN(const auto second, server_.Load("bert"));
  EXPECT_GT(second.operation(), first.operation());
}

TEST_F(ModelServiceTest, ParametersThatAreNestedTooDeeplyAreRefused) {
  v1::LoadModelRequest load;
  load.set_model("bert");
  google::protobuf::ListValue* list =
      load.mutable_parameters()->mutable_parts();
  for (int level = 0; level < 40; ++level) {
    list = list->add_values()->mutable_list_value();
  }
  v1::PlanLoadRequest plan;
  plan.set_model("bert");
  *plan.mutable_parameters() = load.parameters();
  const auto is_refused = StatusIs(absl::StatusCode::kInvalidArgument,
                                   HasSubstr("parameter 'parts'"));

  EXPECT_THAT(server_.Call(&Stub::LoadModel, load), is_refused);
  load.set_detach(true);
  EXPECT_THAT(server_.Call(&Stub::LoadModel, load), is_refused);
  EXPECT_THAT(server_.Call(&Stub::PlanLoad, plan), is_refused);
}

TEST_F(ModelServiceTest, PassesTypedParametersOn) {
  v1::LoadModelRequest request;
  request.set_model("bert");
  request.mutable_parameters()->set_architecture("BertModel");
  request.mutable_parameters()->set_strict(false);
  request.mutable_parameters()->add_ignore("pooler");

  ASSERT_THAT(server_.Call(&Stub::LoadModel, request), IsOk());

  const LoadOptions options = server_.loader().requests()[0].options;
  EXPECT_EQ(options.architecture, "BertModel");
  EXPECT_FALSE(options.strict);
  EXPECT_THAT(options.ignore, Optional(ElementsAre("pooler")));
}

TEST_F(ModelServiceTest, RefusesAParameterByItsName) {
  v1::LoadModelRequest request;
  request.set_model("bert");
  request.mutable_parameters()->set_dtype("float31");
  const auto loaded = server_.Call(&Stub::LoadModel, request);
  EXPECT_THAT(loaded, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("float31")));
  EXPECT_EQ(FieldOf(loaded.status()), "dtype");
}

TEST_F(ModelServiceTest, AFailedLoadIsAnErrorWithItsReason) {
  server_.loader().FailWith(LoadError(Reason::kTruncated, "too short"));
  const auto loaded = server_.Load("bert");
  EXPECT_THAT(loaded, StatusIs(absl::StatusCode::kFailedPrecondition,
                               HasSubstr("too short")));
  EXPECT_THAT(loaded, HasReason(Reason::kTruncated));
  EXPECT_THAT(server_.Load("nobody"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ModelServiceTest, ADetachedLoadGoesOnByItself) {
  server_.loader().Block();
  v1::LoadModelRequest request;
  request.set_model("bert");
  request.set_detach(true);

  ASSERT_OK_AND_ASSIGN(const auto started,
                       server_.Call(&Stub::LoadModel, request));

  EXPECT_GT(started.operation(), 0);
  EXPECT_THAT(started.versions(), IsEmpty());
  EXPECT_EQ(List().models(0).state(), v1::Model::LOADING);
  auto joined = LoadLater();
  server_.loader().Unblock();
  ASSERT_OK_AND_ASSIGN(const auto loaded, joined.get());
  EXPECT_THAT(loaded.versions(), SizeIs(1));
  EXPECT_THAT(server_.loader().requests(), SizeIs(testing::Le(2)));
}

TEST_F(ModelServiceTest, ADetachedLoadIsRefusedAtOnce) {
  v1::LoadModelRequest request;
  request.set_model("nobody");
  request.set_detach(true);
  EXPECT_THAT(server_.Call(&Stub::LoadModel, request),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ModelServiceTest, CancellingTheOnlyCallCancelsTheLoad) {
  server_.loader().Block();
  grpc::ClientContext context;
  auto load = LoadLater(&context);
  server_.loader().AwaitLoads(1);

  context.TryCancel();

  EXPECT_THAT(load.get(), StatusIs(absl::StatusCode::kCancelled));
  // Returns only when the cancelled load is over.
  EXPECT_THAT(Unload("bert"), IsOk());
  EXPECT_EQ(server_.loader().models().live_models(), 0);
}

TEST_F(ModelServiceTest, UnloadTellsTheBytesThatCameBack) {
  ASSERT_THAT(server_.Load("bert"), IsOk());

  ASSERT_OK_AND_ASSIGN(const auto unloaded, Unload("bert"));

  EXPECT_EQ(unloaded.model(), "bert");
  EXPECT_EQ(unloaded.released_bytes(), 1000);
  EXPECT_GT(unloaded.process_bytes_before(), 0);
  EXPECT_GT(unloaded.process_bytes_after(), 0);
  EXPECT_THAT(Unload("nobody"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ModelServiceTest, ListsAllModelsOrThoseThatAreReady) {
  ASSERT_THAT(server_.Load("other"), IsOk());

  const v1::ListModelsResponse all = List();
  ASSERT_THAT(all.models(), SizeIs(2));
  EXPECT_EQ(all.models(0).name(), "bert");
  EXPECT_EQ(all.models(0).state(), v1::Model::UNLOADED);
  EXPECT_FALSE(all.models(0).has_report());
  EXPECT_EQ(all.models(1).state(), v1::Model::READY);
  EXPECT_EQ(all.models(1).report().weight_bytes(), 1000);
  EXPECT_THAT(all.models(1).properties(), testing::Not(IsEmpty()));

  const v1::ListModelsResponse ready = List(/*ready=*/true);
  ASSERT_THAT(ready.models(), SizeIs(1));
  EXPECT_EQ(ready.models(0).name(), "other");
}

TEST_F(ModelServiceTest, PlansWithoutLoading) {
  PlannedLoad planned;
  planned.architecture = "BertModel";
  planned.parameters = 250;
  planned.host = {/*weight_bytes=*/1000, /*staging_bytes=*/10};
  planned.device_bytes = {{"cpu", 1000}, {"cuda:0", 1000}};
  planned.device_free_bytes = {{"cuda:0", 5000}};
  server_.loader().SetPlan(planned);

  ASSERT_OK_AND_ASSIGN(const auto plan, Plan("bert"));

  EXPECT_TRUE(plan.fits());
  EXPECT_EQ(plan.host_memory().needed_bytes(), 1010);
  EXPECT_GT(plan.host_memory().free_bytes(), 1010);
  ASSERT_THAT(plan.versions(), SizeIs(1));
  EXPECT_EQ(plan.versions(0).version(), "1");
  EXPECT_EQ(plan.versions(0).architecture(), "BertModel");
  EXPECT_EQ(plan.versions(0).parameters(), 250);
  EXPECT_EQ(plan.versions(0).staging_bytes(), 10);
  EXPECT_EQ(plan.versions(0).devices(0).device(), "cpu");
  EXPECT_EQ(plan.versions(0).devices(0).free_bytes(), 0);
  EXPECT_EQ(plan.versions(0).devices(1).free_bytes(), 5000);
  EXPECT_FALSE(plan.versions(0).has_mismatches());
  EXPECT_THAT(server_.loader().requests(), IsEmpty());
}

TEST_F(ModelServiceTest, APlanListsAllKeysThatDoNotFit) {
  PlannedLoad planned;
  for (int i = 0; i < 500; ++i) {
    planned.mismatch.missing.push_back(absl::StrCat("key.", i));
  }
  planned.mismatch.unexpected = {"b\xff\n"};
  planned.mismatch.shapes = {{"c", "[2]", "[3]"}};
  server_.loader().SetPlan(planned);

  ASSERT_OK_AND_ASSIGN(const auto plan, Plan("bert"));

  EXPECT_FALSE(plan.fits());
  const v1::Mismatches& mismatches = plan.versions(0).mismatches();
  EXPECT_THAT(mismatches.missing(), SizeIs(500));
  EXPECT_THAT(mismatches.unexpected(), ElementsAre("b\\xff\\n"));
  EXPECT_EQ(mismatches.shapes(0).file(), "[2]");
  EXPECT_EQ(mismatches.shapes(0).model(), "[3]");
}

TEST_F(ModelServiceTest, APlanIsRefusedAsTheLoadWouldBe) {
  server_.loader().FailWith(LoadError(Reason::kConfigNotFound, "no config"));
  EXPECT_THAT(Plan("bert"), HasReason(Reason::kConfigNotFound));
  EXPECT_THAT(Plan("bert", "9"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Plan("nobody"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ModelServiceTest, CallsAreCountedByTheirFullNames) {
  List();
  EXPECT_THAT(
      server_.metrics().Expose(),
      HasSubstr("grpc_server_handled_total{code=\"OK\",method=\"transformerd."
                "v1.ModelService/ListModels\"} 1"));
}

}  // namespace
}  // namespace transformerd
