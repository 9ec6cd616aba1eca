// Bare modules from parts of checkpoints, by the cases of AllenNLP's pull
// request 5200.
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/families/families.h"
#include "model/loading/name_map.h"
#include "model/modules/transformer.h"
#include "model/runtime/model_loader.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/families/golden_case.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

// "layers.10.output.dense.bias" -> "10.output.dense.bias": what AllenNLP's name
// and the file's have in common.
std::string Tail(const std::string& name) {
  return name.substr(name.find('.') + 1);
}

class BareModuleTest : public ::testing::Test {
 protected:
  BareModuleTest() {
    ModelLoaderOptions options;
    options.devices = {"cpu", "cpu"};
    options.threads_per_worker = 1;
    options.replicas.cpu_replicas = CpuReplicas::kPrivate;
    loader_ = *MakeModelLoader(options);
    cases_ = *ReadPartialCases();
  }

  absl::StatusOr<std::unique_ptr<LoadedModel>> Load(
      const GoldenCase& golden, const LoadOptions& options) {
    LoadControl control;
    return loader_->Load({golden.model_directory, options}, control);
  }

  std::unique_ptr<ModelLoader> loader_;
  std::vector<std::pair<GoldenCase, std::vector<PartialLoad>>> cases_;
};

TEST_F(BareModuleTest, PartsLoadAndAnswerOnEveryRankOrAreRefusedByName) {
  ASSERT_THAT(cases_, Not(IsEmpty()));
  for (const auto& [golden, parts] : cases_) {
    for (const PartialLoad& part : parts) {
      SCOPED_TRACE(absl::StrCat(golden.name, " ", part.name));
      const auto model = Load(golden, part.options);

      if (part.options.strict && !part.fits) {
        EXPECT_THAT(model, StatusIs(absl::StatusCode::kFailedPrecondition));
        for (const auto& names : {part.missing, part.unexpected}) {
          for (const std::string& name : names) {
            EXPECT_THAT(FullReportOf(model.status()), HasSubstr(Tail(name)));
          }
        }
        continue;
      }
      ASSERT_THAT(model.status(), IsOk());
      EXPECT_EQ((*model)->report().bytes_broadcast,
                (*model)->report().weight_bytes);
      for (const GoldenProbe& probe : golden.probes) {
        const GoldenProbe cut = ProbeOf(probe, part.name);
        EXPECT_THAT(cut.outputs, Not(IsEmpty()));
        for (int rank : {0, 1}) {
          EXPECT_THAT(CheckProbe(golden, cut, rank, **model), IsOk());
        }
      }
    }
  }
}

TEST_F(BareModuleTest, WhatIsMissingOrLeftOverIsToldAfterALenientLoad) {
  for (const auto& [golden, parts] : cases_) {
    for (const PartialLoad& part : parts) {
      if (part.options.strict) continue;
      SCOPED_TRACE(absl::StrCat(golden.name, " ", part.name));
      ASSERT_OK_AND_ASSIGN(const auto model, Load(golden, part.options));

      const std::vector<std::string>& warnings = model->report().warnings;
      const auto mentions = [&](size_t count, const char* what) {
        return count == 0
                   ? testing::Matcher<const std::vector<std::string>&>(
                         Not(Contains(HasSubstr(what))))
                   : testing::Matcher<const std::vector<std::string>&>(
                         Contains(HasSubstr(absl::StrCat(count, " ", what))));
      };
      EXPECT_THAT(warnings, mentions(part.missing.size(), "parameters"));
      EXPECT_THAT(warnings, mentions(part.unexpected.size(), "keys"));
    }
  }
}

// Layers 8 to 11 behind layers 0 to 7 are the whole encoder.
TEST_F(BareModuleTest, TwoPartsOfACheckpointMakeUpTheWhole) {
  for (const auto& [golden, parts] : cases_) {
    if (golden.name != "pr5200_first8_last4") continue;
    ASSERT_THAT(parts, SizeIs(2));
    ASSERT_OK_AND_ASSIGN(const auto first, Load(golden, parts[0].options));
    ASSERT_OK_AND_ASSIGN(const auto last, Load(golden, parts[1].options));
    const int output = *first->signature().FindOutput("final_hidden_states");
    const InferenceInput input = MakeInput(golden.probes.front(), {output});
    const InferenceInput* batch[] = {&input};
    ASSERT_OK_AND_ASSIGN(const auto between, first->Run(0, batch));

    GoldenProbe chained = ProbeOf(golden.probes.front(), "chained");
    chained.inputs["hidden_states"] = between[0][0];

    EXPECT_THAT(CheckProbe(golden, chained, 0, *last), IsOk());
  }
}

TEST_F(BareModuleTest, AWrongRelevantModuleIsTheFirstThingSaid) {
  LoadOptions options = cases_.front().second.front().options;
  options.relevant_module = {"bret.encoder"};

  const absl::Status status = Load(cases_.front().first, options).status();

  constexpr char kSaid[] = "no key stands under relevant_module: checkpoint";
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               AllOf(testing::StartsWith(kSaid),
                                     HasSubstr("missing"))));
  EXPECT_THAT(FullReportOf(status), testing::StartsWith(kSaid));
}

TEST_F(BareModuleTest, AStackTriesWhereItLiesByItself) {
  LoadOptions options = cases_.front().second.front().options;
  ASSERT_EQ(cases_.front().first.name, "pr5200_all12_strict");
  options.relevant_module.clear();

  EXPECT_THAT(Load(cases_.front().first, options), IsOk());
}

TEST(BareModulesTest, EveryRuleNamesAModuleAndEverySlotHasOneKey) {
  for (const Family* module : BareModules()) {
    ASSERT_NE(module->bare, nullptr);
    std::set<std::string> modules;
    for (const ModelClass& model_class : module->classes) {
      ASSERT_OK_AND_ASSIGN(const ConfigReader config,
                           ConfigReader::Parse("{}", "config.json"));
      ASSERT_OK_AND_ASSIGN(const ParsedModel parsed,
                           ParseModel(config, model_class.name));
      const Transformer transformer(parsed.architecture, DType::kF32);
      // What an empty file lacks is what a complete one holds.
      ASSERT_OK_AND_ASSIGN(
          const NameMap empty,
          NameMap::Create(*module, transformer.slots(), {}, {}));
      std::vector<CheckpointEntry> entries;
      for (const SlotMapping& slot : empty.slots) entries.push_back({slot.key});

      ASSERT_OK_AND_ASSIGN(
          const NameMap full,
          NameMap::Create(*module, transformer.slots(), entries, {}));

      EXPECT_THAT(full.missing, IsEmpty());
      EXPECT_THAT(full.unexpected, IsEmpty());
      for (const auto& slot : transformer.slots()) {
        modules.insert(slot->name().substr(0, slot->name().rfind('.')));
      }
    }
    for (const ParameterRule& rule : module->base_parameters) {
      EXPECT_EQ(modules.count(absl::StrReplaceAll(rule.module, {{"{}", "0"}})),
                1u)
          << rule.module;
    }
  }
}

}  // namespace
}  // namespace transformerd
