// What every family must do; a family without golden cases fails.
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/families/families.h"
#include "model/loading/name_map.h"
#include "model/modules/transformer.h"
#include "model/runtime/model_loader.h"
#include "tests/fakes/safetensors_bytes.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/families/golden_case.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using Tensors = std::map<std::string, HostTensor>;

// Both run all models of families.
constexpr EngineKind kEngines[] = {EngineKind::kNative, EngineKind::kReference};

std::unique_ptr<ModelLoader> MakeLoader(std::vector<std::string> devices,
                                        bool private_replicas,
                                        EngineKind engine = EngineKind::kAuto) {
  ModelLoaderOptions options;
  options.engine.kind = engine;
  options.devices = std::move(devices);
  options.threads_per_worker = 1;
  options.replicas.cpu_replicas =
      private_replicas ? CpuReplicas::kPrivate : CpuReplicas::kShared;
  absl::StatusOr<std::unique_ptr<ModelLoader>> loader =
      MakeModelLoader(options);
  CHECK(loader.ok()) << loader.status();
  return *std::move(loader);
}

absl::StatusOr<std::unique_ptr<LoadedModel>> Load(ModelLoader& loader,
                                                  const std::string& directory,
                                                  const GoldenCase& golden,
                                                  DType dtype = DType::kF32) {
  LoadRequest request;
  request.directory = directory;
  request.options.architecture = golden.class_name;
  request.options.dtype = dtype;
  request.options.strict = !golden.needs_lenient_load;
  LoadControl control;
  return loader.Load(request, control);
}

// Where a table is tied in spite of it, that of the head may stand in for a
// lost one.
bool SaysUntied(const GoldenCase& golden) {
  const absl::StatusOr<ConfigReader> config = ConfigReader::FromFile(
      absl::StrCat(golden.model_directory, "/config.json"));
  CHECK(config.ok()) << config.status();
  return !config->Bool("tie_word_embeddings", true).value_or(true);
}

class FamilyTest : public ::testing::TestWithParam<const Family*> {
 protected:
  void SetUp() override {
    for (absl::string_view model_type : GetParam()->model_types) {
      ASSERT_OK_AND_ASSIGN(std::vector<GoldenCase> cases,
                           ReadGoldenCases(std::string(model_type)));
      EXPECT_THAT(cases, Not(IsEmpty())) << "no golden case for " << model_type;
      for (GoldenCase& golden : cases) cases_.push_back(std::move(golden));
    }
    for (const GoldenCase& golden : cases_) {
      const bool one_file = std::filesystem::exists(
          absl::StrCat(golden.model_directory, "/model.safetensors"));
      if (!one_file || golden.needs_lenient_load) continue;
      if (plain_ == nullptr || !SaysUntied(golden)) plain_ = &golden;
    }
    ASSERT_NE(plain_, nullptr);
  }

  // Loads `plain_` on two ranks with its own copy each, after `change` was made
  // to its tensors; the load must fail.
  template <typename Change>
  absl::Status LoadChanged(const Change& change) {
    const std::string directory =
        absl::StrCat(::testing::TempDir(), "/changed_model");
    std::filesystem::remove_all(directory);
    std::filesystem::copy(plain_->model_directory, directory,
                          std::filesystem::copy_options::recursive);
    const std::string path = absl::StrCat(directory, "/model.safetensors");
    absl::StatusOr<Tensors> tensors = ReadTensors(path);
    CHECK(tensors.ok()) << tensors.status();
    change(*tensors);
    std::ofstream(path, std::ios::binary | std::ios::trunc)
        << SafetensorsBytes({tensors->begin(), tensors->end()});
    const auto loader = MakeLoader({"cpu", "cpu"}, /*private_replicas=*/true);
    return Load(*loader, directory, *plain_).status();
  }

  std::vector<GoldenCase> cases_;
  const GoldenCase* plain_ = nullptr;
};

absl::StatusOr<Architecture> DefaultArchitecture(
    const Family& family, const ModelClass& model_class) {
  const std::string json =
      absl::StrCat(R"({"model_type": ")", family.model_types.front(), "\"}");
  auto config = ConfigReader::Parse(json, "config.json");
  CHECK(config.ok());
  return family.parse(*config, model_class);
}

TEST_P(FamilyTest, EverySlotHasOneKeyAndEveryKeyASlot) {
  const Family& family = *GetParam();
  for (const ModelClass& model_class : family.classes) {
    ASSERT_OK_AND_ASSIGN(const Architecture architecture,
                         DefaultArchitecture(family, model_class));
    const Transformer transformer(architecture, DType::kF32);
    // What an empty file lacks is what a complete one holds.
    ASSERT_OK_AND_ASSIGN(const NameMap empty,
                         NameMap::Create(family, transformer.slots(), {}, {}));
    std::vector<CheckpointEntry> entries;
    std::set<std::string> keys;
    for (const SlotMapping& slot : empty.slots) {
      EXPECT_TRUE(keys.insert(slot.key).second) << "twice: " << slot.key;
      CheckpointEntry entry;
      entry.key = slot.key;
      entries.push_back(entry);
    }

    ASSERT_OK_AND_ASSIGN(
        const NameMap full,
        NameMap::Create(family, transformer.slots(), entries, {}));

    EXPECT_THAT(full.missing, IsEmpty());
    EXPECT_THAT(full.unexpected, IsEmpty());
    EXPECT_THAT(full.unused, IsEmpty());
    for (const SlotMapping& slot : full.slots) {
      EXPECT_EQ(slot.source, SlotSource::kEntry) << slot.key;
    }
  }
}

// Of one class as the family's config says it by default, or of a golden case.
TEST_P(FamilyTest, EveryRuleNamesAPartOfSomeModel) {
  const Family& family = *GetParam();
  std::set<std::string> parts;  // modules and parameters, with "{}" for numbers
  const auto add_parts = [&parts](const Architecture& architecture) {
    const Transformer transformer(architecture, DType::kF32);
    for (const auto& slot : transformer.slots()) {
      std::vector<std::string> names = absl::StrSplit(slot->name(), '.');
      for (std::string& name : names) {
        if (absl::ascii_isdigit(name.front())) name = "{}";
      }
      parts.insert(absl::StrJoin(names, "."));
      names.pop_back();
      parts.insert(absl::StrJoin(names, "."));
    }
  };
  for (const ModelClass& model_class : family.classes) {
    ASSERT_OK_AND_ASSIGN(const Architecture architecture,
                         DefaultArchitecture(family, model_class));
    add_parts(architecture);
  }
  for (const GoldenCase& golden : cases_) {
    ASSERT_OK_AND_ASSIGN(const ConfigReader config,
                         ConfigReader::FromFile(absl::StrCat(
                             golden.model_directory, "/config.json")));
    ASSERT_OK_AND_ASSIGN(const ParsedModel parsed,
                         ParseModel(config, golden.class_name));
    add_parts(parsed.architecture);
  }
  for (const auto& rules : {family.base_parameters, family.head_parameters}) {
    for (const ParameterRule& rule : rules) {
      EXPECT_EQ(parts.count(std::string(rule.module)), 1u) << rule.module;
    }
  }
}

TEST_P(FamilyTest, AnswersAsTransformersDoesOnEitherEngine) {
  for (const EngineKind engine : kEngines) {
    const auto loader = MakeLoader({"cpu"}, /*private_replicas=*/false, engine);
    for (const GoldenCase& golden : cases_) {
      SCOPED_TRACE(absl::StrCat(golden.name, " ", NameOf(engine)));
      absl::StatusOr<std::unique_ptr<LoadedModel>> model =
          Load(*loader, golden.model_directory, golden);
      ASSERT_THAT(model.status(), IsOk());
      for (const GoldenProbe& probe : golden.probes) {
        EXPECT_THAT(CheckProbe(golden, probe, 0, **model), IsOk())
            << probe.name;
      }
    }
  }
}

// In the half precisions, against float32: each rounds to 8 and 11 bits, and a
// few layers of it add up.
TEST_P(FamilyTest, StaysNearFloat32InLowPrecision) {
  struct Precision {
    DType dtype;
    EngineKind engine;
    double allowed;
  };
  const Precision precisions[] = {{DType::kBF16, EngineKind::kNative, 0.05},
                                  {DType::kBF16, EngineKind::kReference, 0.05},
                                  {DType::kF16, EngineKind::kReference, 0.01}};
  for (const Precision& precision : precisions) {
    const auto loader =
        MakeLoader({"cpu"}, /*private_replicas=*/false, precision.engine);
    for (const GoldenCase& golden : cases_) {
      SCOPED_TRACE(absl::StrCat(golden.name, " ", NameOf(precision.dtype), " ",
                                NameOf(precision.engine)));
      absl::StatusOr<std::unique_ptr<LoadedModel>> model =
          Load(*loader, golden.model_directory, golden, precision.dtype);
      ASSERT_THAT(model.status(), IsOk());
      for (const GoldenProbe& probe : golden.probes) {
        ASSERT_OK_AND_ASSIGN(const double error,
                             RelativeError(probe, 0, **model));
        EXPECT_LE(error, precision.allowed) << probe.name;
      }
    }
  }
}

TEST_P(FamilyTest, Int8IsNear) {
  const auto loader = MakeLoader({"cpu"}, /*private_replicas=*/false);
  for (const GoldenCase& golden : cases_) {
    SCOPED_TRACE(golden.name);
    absl::StatusOr<std::unique_ptr<LoadedModel>> model =
        Load(*loader, golden.model_directory, golden, DType::kI8);
    ASSERT_THAT(model.status(), IsOk());
    for (const GoldenProbe& probe : golden.probes) {
      ASSERT_OK_AND_ASSIGN(const double error,
                           RelativeError(probe, 0, **model));
      EXPECT_LE(error, 0.05) << probe.name;
    }
  }
}

TEST_P(FamilyTest, TwoRanksAnswerWithTheSameBits) {
  const auto loader = MakeLoader({"cpu", "cpu"}, /*private_replicas=*/true);
  absl::StatusOr<std::unique_ptr<LoadedModel>> model =
      Load(*loader, plain_->model_directory, *plain_);
  ASSERT_THAT(model.status(), IsOk());
  EXPECT_EQ((*model)->report().replicas, 2);
  EXPECT_EQ((*model)->report().bytes_broadcast,
            (*model)->report().weight_bytes);
  const InferenceInput input =
      MakeInput(plain_->probes.front(), (*model)->signature(), {0});
  const InferenceInput* batch[] = {&input};

  ASSERT_OK_AND_ASSIGN(const auto first, (*model)->Run(0, batch));
  ASSERT_OK_AND_ASSIGN(const auto second, (*model)->Run(1, batch));

  EXPECT_EQ(first[0][0].bytes, second[0][0].bytes);
}

TEST_P(FamilyTest, RefusesADroppedTensorByName) {
  std::string dropped;
  const absl::Status status = LoadChanged([&](Tensors& tensors) {
    dropped = tensors.rbegin()->first;
    tensors.erase(dropped);
  });

  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("1 missing"), HasSubstr(dropped))));
}

TEST_P(FamilyTest, RefusesAnAddedTensorByName) {
  const absl::Status status = LoadChanged([](Tensors& tensors) {
    tensors["surprise.weight"] = MakeTensor({1}, std::vector<float>{1.f});
  });

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               AllOf(HasSubstr("1 unexpected"),
                                     HasSubstr("surprise.weight"))));
}

TEST_P(FamilyTest, RefusesAReshapedTensorByName) {
  std::string reshaped;
  const absl::Status status = LoadChanged([&](Tensors& tensors) {
    auto& [key, tensor] = *tensors.begin();
    reshaped = key;
    tensor.shape.push_back(1);
  });

  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       AllOf(HasSubstr("1 shape"), HasSubstr(reshaped))));
}

INSTANTIATE_TEST_SUITE_P(
    All, FamilyTest, ::testing::ValuesIn(AllFamilies()),
    [](const ::testing::TestParamInfo<const Family*>& info) {
      return absl::StrReplaceAll(info.param->model_types.front(), {{"-", "_"}});
    });

}  // namespace
}  // namespace transformerd
