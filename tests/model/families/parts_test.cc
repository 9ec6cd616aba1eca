// Models of parts of several checkpoints, against the same parts served one
// after the other and against the models that they come from.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "glog/logging.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/runtime/model_loader.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/families/golden_case.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

PartOptions Part(const std::string& module, const std::string& checkpoint) {
  PartOptions part;
  part.architecture = module;
  part.checkpoint = checkpoint;
  part.directory =
      absl::StrCat("tests/testdata/goldens/", checkpoint, "/model");
  return part;
}

// The first 8 of 12 layers, and the last 4.
std::vector<PartOptions> FirstAndLast() {
  std::vector<PartOptions> parts(
      2, Part("TransformerStack", "pr5200_first8_last4"));
  for (PartOptions& part : parts) part.relevant_module = {"bert.encoder"};
  parts[0].num_hidden_layers = 8;
  parts[1].num_hidden_layers = 4;
  parts[1].mapping = {{"layer.8", "layers.0"},
                      {"layer.9", "layers.1"},
                      {"layer.10", "layers.2"},
                      {"layer.11", "layers.3"}};
  return parts;
}

GoldenCase FindCase(const std::string& name) {
  std::vector<GoldenCase> cases = *ReadGoldenCases("bert");
  const auto partial = *ReadPartialCases();
  for (const auto& [golden, loads] : partial) cases.push_back(golden);
  for (GoldenCase& golden : cases) {
    if (golden.name == name) return std::move(golden);
  }
  LOG(FATAL) << "no case " << name;
}

class PartsTest : public ::testing::Test {
 protected:
  PartsTest() {
    ModelLoaderOptions options;
    options.devices = {"cpu", "cpu"};
    options.threads_per_worker = 1;
    options.replicas.cpu_replicas = CpuReplicas::kPrivate;
    loader_ = *MakeModelLoader(options);
  }

  absl::StatusOr<std::unique_ptr<LoadedModel>> Load(
      const std::vector<PartOptions>& parts) {
    LoadOptions options;
    options.parts = parts;
    LoadControl control;
    return loader_->Load({"", options}, control);
  }

  // One part as a model by itself.
  std::unique_ptr<LoadedModel> LoadAlone(const PartOptions& part) {
    LoadOptions options;
    static_cast<ModuleOptions&>(options) = part;
    LoadControl control;
    auto model = loader_->Load({part.directory, options}, control);
    CHECK(model.ok()) << model.status();
    return *std::move(model);
  }

  // The named output of a request with the probe's inputs.
  static HostTensor Answer(LoadedModel& model, const GoldenProbe& probe,
                           const std::string& output, int worker = 0) {
    const InferenceInput input = MakeTensorInput(
        probe, model.signature(), {*model.signature().FindOutput(output)});
    const InferenceInput* batch[] = {&input};
    auto answers = model.Run(worker, batch);
    CHECK(answers.ok()) << answers.status();
    return std::move(answers->front().front());
  }

  std::unique_ptr<ModelLoader> loader_;
};

TEST_F(PartsTest, EmbeddingsStackAndPoolerAreTheWholeModel) {
  const GoldenCase golden = FindCase("bert_base");
  ASSERT_OK_AND_ASSIGN(const auto model,
                       Load({Part("TransformerEmbeddings", "bert_base"),
                             Part("TransformerStack", "bert_base"),
                             Part("TransformerPooler", "bert_base")}));
  // Every tensor of the file is read, once, and sent to the other rank.
  EXPECT_EQ(model->report().parameters, 26384);
  EXPECT_EQ(model->report().bytes_read, 4 * 26384);
  EXPECT_EQ(model->report().bytes_broadcast, model->report().weight_bytes);
  for (const GoldenProbe& probe : golden.probes) {
    GoldenProbe parts = probe;
    parts.outputs = {
        {"pooled", probe.outputs.at("pooler_output")},
        {"parts.0.embeddings", probe.outputs.at("hidden_states.0")},
        {"parts.1.hidden_states.2", probe.outputs.at("hidden_states.2")},
        {"parts.1.final_hidden_states", probe.outputs.at("last_hidden_state")}};
    for (int rank : {0, 1}) {
      EXPECT_THAT(CheckProbe(golden, parts, rank, *model), IsOk());
    }
  }
}

TEST_F(PartsTest, EmbeddingsOfOneAndTheStackOfAnotherAnswerAsBothByHand) {
  const std::vector<PartOptions> parts = {
      Part("TransformerEmbeddings", "embeddings_albert"),
      Part("TransformerStack", "bert_base"),
      Part("TransformerPooler", "embeddings_bert")};
  ASSERT_OK_AND_ASSIGN(const auto model, Load(parts));
  const auto embeddings = LoadAlone(parts[0]);
  const auto stack = LoadAlone(parts[1]);
  const auto pooler = LoadAlone(parts[2]);
  GoldenProbe probe;
  probe.inputs = {
      {"input_ids",
       MakeTensor({2, 3}, absl::Span<const int64_t>({7, 8, 9, 10, 11, 0}))},
      {"attention_mask",
       MakeTensor({2, 3}, absl::Span<const float>({1, 1, 1, 1, 1, 0}))}};

  GoldenProbe by_hand = probe;
  by_hand.inputs["hidden_states"] = Answer(*embeddings, probe, "embeddings");
  by_hand.inputs["hidden_states"] =
      Answer(*stack, by_hand, "final_hidden_states");
  const HostTensor pooled = Answer(*pooler, by_hand, "pooled");

  for (int rank : {0, 1}) {
    EXPECT_EQ(Answer(*model, probe, "parts.1.final_hidden_states", rank).bytes,
              by_hand.inputs["hidden_states"].bytes);
    EXPECT_EQ(Answer(*model, probe, "pooled", rank).bytes, pooled.bytes);
  }
  EXPECT_EQ(model->report().bytes_read, embeddings->report().bytes_read +
                                            stack->report().bytes_read +
                                            pooler->report().bytes_read);
  GoldenProbe unmasked = probe;
  unmasked.inputs.erase("attention_mask");
  EXPECT_NE(Answer(*model, unmasked, "pooled").bytes, pooled.bytes);
}

// Together they take all layers: no key is unexpected, though both are strict.
TEST_F(PartsTest, TheFirstLayersBeforeTheLastAreTheWholeStack) {
  const GoldenCase golden = FindCase("pr5200_first8_last4");
  const GoldenProbe& probe = golden.probes.front();
  ASSERT_OK_AND_ASSIGN(const auto model, Load(FirstAndLast()));
  PartOptions whole = FirstAndLast().front();
  whole.num_hidden_layers.reset();
  const auto stack = LoadAlone(whole);

  EXPECT_THAT(CheckProbe(golden, ProbeOf(probe, "chained"), 1, *model), IsOk());
  EXPECT_EQ(Answer(*model, probe, "final_hidden_states").bytes,
            Answer(*stack, probe, "final_hidden_states").bytes);
  EXPECT_EQ(Answer(*model, probe, "parts.0.hidden_states.3").bytes,
            Answer(*stack, probe, "hidden_states.3").bytes);
  EXPECT_EQ(model->report().parameters, stack->report().parameters);
  EXPECT_THAT(model->report().warnings, IsEmpty());
}

TEST_F(PartsTest, TwoPartsMayTakeTheSameTensors) {
  const PartOptions part = Part("TransformerStack", "bert_base");
  ASSERT_OK_AND_ASSIGN(const auto model, Load({part, part}));
  const auto stack = LoadAlone(part);
  const GoldenProbe probe = FindCase("pr5200_first8_last4").probes.front();

  GoldenProbe again = probe;
  again.inputs["hidden_states"] = Answer(*stack, probe, "final_hidden_states");

  EXPECT_EQ(Answer(*model, probe, "final_hidden_states").bytes,
            Answer(*stack, again, "final_hidden_states").bytes);
  EXPECT_EQ(model->report().parameters, 2 * stack->report().parameters);
}

TEST_F(PartsTest, APlanTellsWhatTheLoadThenDoes) {
  LoadRequest request;
  request.options.parts = FirstAndLast();
  ASSERT_OK_AND_ASSIGN(const PlannedLoad planned, loader_->Plan(request));
  ASSERT_OK_AND_ASSIGN(const auto model, Load(FirstAndLast()));

  EXPECT_TRUE(planned.mismatch.is_empty());
  EXPECT_EQ(planned.architecture, "TransformerStack+TransformerStack");
  EXPECT_EQ(planned.bytes_read, model->report().bytes_read);
  EXPECT_EQ(planned.bytes_broadcast, model->report().bytes_broadcast);
  EXPECT_EQ(planned.host.total(), model->report().peak_host_bytes);
}

TEST_F(PartsTest, WhatDoesNotFitIsReportedWithItsPart) {
  std::vector<PartOptions> parts = {Part("TransformerEmbeddings", "bert_base"),
                                    Part("TransformerStack", "bert_base"),
                                    Part("TransformerPooler", "bert_base")};
  parts[0].config_override = R"({"vocab_size": 61})";
  parts[1].num_hidden_layers = 2;
  parts[2].ignore = {R"(pooler\.dense\.bias)"};

  const absl::Status status = Load(parts).status();
  LoadRequest request;
  request.options.parts = parts;
  ASSERT_OK_AND_ASSIGN(const PlannedLoad planned, loader_->Plan(request));

  EXPECT_THAT(status, HasReason(Reason::kMissingKey));
  EXPECT_THAT(
      FullReportOf(status),
      AllOf(HasSubstr("missing: parts.2.pooler.dense.bias"),
            HasSubstr("unexpected: parts.1.encoder.layer.2."),
            HasSubstr("shape: parts.0.embeddings.word_embeddings.weight")));
  EXPECT_THAT(planned.mismatch.missing, Contains("parts.2.pooler.dense.bias"));
  // Each part is as strict as it says.
  parts[0].config_override.clear();
  parts[1].strict = parts[2].strict = false;
  ASSERT_OK_AND_ASSIGN(const auto model, Load(parts));
  EXPECT_THAT(model->report().warnings,
              Contains(HasSubstr("\"parts.2.pooler.dense.bias\"")));
}

TEST_F(PartsTest, PartsThatCannotFollowEachOtherAreRefusedByName) {
  PartOptions wide = Part("TransformerStack", "bert_base");
  wide.config_override = R"({"hidden_size": 64})";
  const PartOptions embeddings = Part("TransformerEmbeddings", "bert_base");
  const PartOptions pooler = Part("TransformerPooler", "bert_base");

  EXPECT_THAT(
      Load({embeddings, wide}).status(),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("parts.1 (TransformerStack of \"bert_base\") "
                               "takes hidden_states [batch,tokens,64]"),
                     HasSubstr("parts.0 (TransformerEmbeddings of "
                               "\"bert_base\") gives embeddings "
                               "[batch,tokens,32]"))));
  EXPECT_THAT(Load({pooler, pooler}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("gives pooled [batch,32]")));
  EXPECT_THAT(Load({embeddings, embeddings}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("it takes input_ids, not hidden_states")));
}

TEST_F(PartsTest, BadPartsAreRefusedByName) {
  EXPECT_THAT(Load({Part("TransformerStak", "bert_base")}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("parts.0: module \"TransformerStak\" is not "
                                 "known, did you mean \"TransformerStack\"?")));
  EXPECT_THAT(Load({Part("BertModel", "bert_base")}).status(),
              HasReason(Reason::kUnknownArchitecture));
  EXPECT_THAT(Load({Part("TransformerPooler", "none")}).status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("parts.0 (TransformerPooler of \"none\")")));
  LoadRequest request;
  request.options.parts = FirstAndLast();
  request.options.num_hidden_layers = 3;
  EXPECT_THAT(loader_->Plan(request).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("num_hidden_layers is given beside parts")));
  request.options.num_hidden_layers.reset();
  request.options.pooling = PoolingKind::kMean;
  EXPECT_THAT(loader_->Plan(request).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("pooling is given beside parts")));
}

TEST_F(PartsTest, PartsLoadWithoutWeights) {
  LoadRequest request;
  request.options.parts = FirstAndLast();
  request.options.load_weights = false;
  LoadControl control;

  ASSERT_OK_AND_ASSIGN(const auto model, loader_->Load(request, control));

  EXPECT_EQ(model->report().bytes_read, 0);
  EXPECT_TRUE(
      model->signature().FindOutput("parts.0.final_hidden_states").has_value());
}

}  // namespace
}  // namespace transformerd
