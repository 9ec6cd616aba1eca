// AllenNLP's modules, by answers of AllenNLP's own.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/checkpoint.h"
#include "model/config/config_reader.h"
#include "model/families/families.h"
#include "model/loading/in_process.h"
#include "model/loading/load_plan.h"
#include "model/loading/name_map.h"
#include "model/loading/weight_loader.h"
#include "model/modules/transformer.h"
#include "model/runtime/model_loader.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/families/seed_case.h"

namespace transformerd {
namespace {

using ::testing::IsEmpty;
using ::testing::Not;

std::unique_ptr<ModelLoader> MakeLoader() {
  ModelLoaderOptions options;
  options.devices = {"cpu", "cpu"};
  options.threads_per_worker = 1;
  options.replicas.cpu_replicas = CpuReplicas::kPrivate;
  return *MakeModelLoader(options);
}

class SeedModuleTest : public ::testing::TestWithParam<SeedCase> {
 protected:
  absl::StatusOr<std::unique_ptr<LoadedModel>> Load(
      const LoadOptions& options) {
    LoadControl control;
    return MakeLoader()->Load({GetParam().golden.model_directory, options},
                              control);
  }
};

TEST_P(SeedModuleTest, AnswersAsAllenNlpDoesOnEveryRank) {
  const GoldenCase& golden = GetParam().golden;
  ASSERT_OK_AND_ASSIGN(const auto model, Load(GetParam().options));
  ASSERT_THAT(golden.probes, Not(IsEmpty()));
  for (const GoldenProbe& probe : golden.probes) {
    for (int rank : {0, 1}) {
      EXPECT_THAT(CheckProbe(golden, probe, rank, *model), IsOk())
          << probe.name;
    }
  }
}

TEST_P(SeedModuleTest, StaysNearFloat32InBfloat16) {
  LoadOptions options = GetParam().options;
  options.dtype = DType::kBF16;
  ASSERT_OK_AND_ASSIGN(const auto model, Load(options));
  for (const GoldenProbe& probe : GetParam().golden.probes) {
    // In bfloat16 a mask alone makes a row that is masked whole uneven: scores
    // are rounded away.
    if (probe.name == "all_masked_row") continue;
    ASSERT_OK_AND_ASSIGN(const double error, RelativeError(probe, 0, *model));
    EXPECT_LE(error, 0.1) << probe.name;
  }
}

// Scores of 4 heads over 40,000 tokens would take 24 GiB.
TEST(SeedScoresTest, MoreThanMemoryCanHaveAreRefusedBeforeTheyAreComputed) {
  ASSERT_OK_AND_ASSIGN(const std::vector<SeedCase> cases,
                       ReadSeedCases("allennlp_module"));
  for (const SeedCase& given : cases) {
    if (given.golden.name != "self_attention_bert") continue;
    LoadControl control;
    ASSERT_OK_AND_ASSIGN(
        const auto model,
        MakeLoader()->Load({given.golden.model_directory, given.options},
                           control));
    GoldenProbe probe;
    probe.inputs["hidden_states"] = HostTensor(DType::kF32, {1, 40'000, 32});
    InferenceInput input = MakeTensorInput(probe, model->signature(), {0});
    input.extents[-kTokens - 1] = 40'000;
    const InferenceInput* batch[] = {&input};

    EXPECT_THAT(model->Run(0, batch).status(),
                StatusIs(absl::StatusCode::kResourceExhausted,
                         testing::HasSubstr("send fewer rows or tokens")));
    return;
  }
  FAIL() << "the case is not there";
}

std::vector<SeedCase> ModuleCases() {
  return *ReadSeedCases("allennlp_module");
}

INSTANTIATE_TEST_SUITE_P(Goldens, SeedModuleTest,
                         ::testing::ValuesIn(ModuleCases()),
                         [](const auto& info) -> std::string {
                           return info.param.golden.name;
                         });

// A case's module, loaded into the slots of two ranks.
class LoadedSlots {
 public:
  static absl::StatusOr<std::unique_ptr<LoadedSlots>> Load(
      const SeedCase& given) {
    const std::string& folder = given.golden.model_directory;
    ASSIGN_OR_RETURN(ConfigReader config,
                     ConfigReader::FromFile(folder + "/config.json"));
    ASSIGN_OR_RETURN(config, config.Merged(given.options.config_override));
    ASSIGN_OR_RETURN(const ParsedModel parsed,
                     ParseModel(config, given.options.architecture));
    auto loaded = std::make_unique<LoadedSlots>();
    for (int rank : {0, 1}) {
      loaded->ranks_[rank] =
          std::make_unique<Transformer>(parsed.architecture, DType::kF32);
    }
    RETURN_IF_ERROR(loaded->Fill(*parsed.family, folder));
    return loaded;
  }

  const std::vector<std::unique_ptr<ParameterSlot>>& slots(int rank) const {
    return ranks_[rank]->slots();
  }
  const NameMap& name_map() const { return name_map_; }

 private:
  absl::Status Fill(const Family& family, const std::string& folder) {
    ASSIGN_OR_RETURN(const auto reader, OpenCheckpoint(folder));
    ASSIGN_OR_RETURN(name_map_,
                     NameMap::Create(family, slots(0), reader->entries(), {}));
    ASSIGN_OR_RETURN(
        const LoadPlan plan,
        LoadPlan::Create(slots(0), reader->entries(), name_map_, {}));
    const auto transports = MakeInProcessGroup(2);
    std::vector<LoadRank> ranks;
    for (int rank : {0, 1}) {
      ranks.push_back({slots(rank), transports[rank].get()});
    }
    LoadControl control;
    ASSIGN_OR_RETURN(weights_, LoadWeights(plan, *reader, ranks, control));
    for (int rank : {0, 1}) {
      BindSlots(plan, weights_.arenas[rank]->bytes(), slots(rank));
    }
    return absl::OkStatus();
  }

  std::unique_ptr<Transformer> ranks_[2];
  NameMap name_map_;
  LoadedWeights weights_;
};

absl::string_view BytesOf(const ParameterSlot& slot) {
  return {reinterpret_cast<const char*>(slot.storage()),
          static_cast<size_t>(slot.size_bytes())};
}

// Stream 1 of a two-stream encoder is a BERT's; the original says that the rest
// may be missing, and it is the same on all ranks then.
TEST(SeedParametersTest, AreThoseOfTheFileOrInitialisedAlikeOnEveryRank) {
  ASSERT_OK_AND_ASSIGN(const std::vector<SeedCase> cases,
                       ReadSeedCases("allennlp_parameters"));
  ASSERT_THAT(cases, Not(IsEmpty()));
  for (const SeedCase& given : cases) {
    SCOPED_TRACE(given.golden.name);
    ASSERT_OK_AND_ASSIGN(const auto loaded, LoadedSlots::Load(given));
    const auto& wanted = given.golden.probes.front().outputs;
    size_t found = 0;
    for (size_t i = 0; i < loaded->slots(0).size(); ++i) {
      const ParameterSlot& slot = *loaded->slots(0)[i];
      EXPECT_EQ(BytesOf(slot), BytesOf(*loaded->slots(1)[i])) << slot.name();
      const auto want = wanted.find(slot.name());
      if (want == wanted.end()) continue;
      ++found;
      EXPECT_EQ(BytesOf(slot), want->second.bytes) << slot.name();
    }
    EXPECT_EQ(found, wanted.size());
    EXPECT_THAT(loaded->name_map().missing, IsEmpty());
    EXPECT_THAT(loaded->name_map().unexpected, IsEmpty());
    EXPECT_EQ(loaded->name_map().allowed_missing.size(),
              loaded->slots(0).size() - wanted.size());
  }
}

TEST(SeedModulesTest, ACompleteFileOfTheirOwnNamesFitsEveryModule) {
  constexpr char kBert[] = R"({"model_type": "bert", "feature_size": 4,
      "embedding_size": 8, "hidden_size1": 8, "hidden_size2": 8,
      "combined_hidden_size": 8, "num_attention_heads": 4,
      "image_feature_dim": 4, "image_hidden_size": 8, "pooled_output_dim": 4})";
  for (const Family* module : BareModules()) {
    ASSERT_NE(module->bare, nullptr);
    for (const ModelClass& model_class : module->classes) {
      SCOPED_TRACE(std::string(model_class.name));
      ASSERT_OK_AND_ASSIGN(const ConfigReader config,
                           ConfigReader::Parse(kBert, "config.json"));
      ASSERT_OK_AND_ASSIGN(const ParsedModel parsed,
                           ParseModel(config, model_class.name));
      const Transformer transformer(parsed.architecture, DType::kF32);
      std::vector<CheckpointEntry> entries;
      for (const auto& slot : transformer.slots()) {
        entries.push_back({slot->name()});
      }
      NameMapOptions options;
      options.is_own_checkpoint = true;

      ASSERT_OK_AND_ASSIGN(
          const NameMap map,
          NameMap::Create(*module, transformer.slots(), entries, options));

      EXPECT_THAT(map.missing, IsEmpty());
      EXPECT_THAT(map.unexpected, IsEmpty());
    }
  }
}

}  // namespace
}  // namespace transformerd
