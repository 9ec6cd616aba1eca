// What AllenNLP's loading does with names, case by case.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/families/families.h"
#include "model/loading/key_mapping.h"
#include "model/loading/name_map.h"
#include "model/loading/relevant_module.h"
#include "model/loading/select_keys.h"
#include "server/lifecycle/load_parameters.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/loading/mechanics_cases.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAreArray;

using NameToKey = std::map<std::string, std::string>;
using Names = std::set<std::string>;

std::vector<CheckpointEntry> EntriesOf(const std::vector<std::string>& keys) {
  std::vector<CheckpointEntry> entries;
  for (const std::string& key : keys) entries.push_back({key});
  return entries;
}

// Keys with the number of their entry as it is before any step.
std::vector<NamedEntry> Numbered(const std::vector<std::string>& keys) {
  std::vector<NamedEntry> named;
  for (const std::string& key : keys) {
    named.push_back({key, static_cast<int>(named.size())});
  }
  return named;
}

NameToKey KeysByName(const std::vector<NamedEntry>& named,
                     const std::vector<std::string>& keys) {
  NameToKey by_name;
  for (const NamedEntry& key : named) {
    EXPECT_TRUE(by_name.emplace(key.name, keys[key.entry]).second) << key.name;
  }
  return by_name;
}

std::vector<std::string> KeysOf(const CaseJson& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

class MechanicsTest : public ::testing::TestWithParam<CaseJson> {
 protected:
  const CaseJson& expect() const { return GetParam()["expect"]; }
};

std::string CaseName(const ::testing::TestParamInfo<CaseJson>& info) {
  return info.param["name"];
}

class ReadStateDictTest : public MechanicsTest {
 protected:
  // The text between the first two quotes of an error, and between the last.
  std::string Quote(bool first) const {
    const std::string text = expect()["error"];
    const size_t begin = first ? 0 : text.find('\'', text.find('\'', 1) + 1);
    if (begin == std::string::npos) return "";
    return text.substr(begin + 1, text.find('\'', begin + 1) - begin - 1);
  }
};

TEST_P(ReadStateDictTest, SelectsAndStripsKeysAsAllenNlpDoes) {
  const CaseJson& given = GetParam();
  if (given["ignore"].is_string()) {
    // The type is checked where options are parsed, before a file is opened.
    ModelOptions options;
    const absl::Status status =
        ApplyModelFile(CaseJson({{"ignore", given["ignore"]}}).dump(), options);
    EXPECT_FALSE(expect()["ok"]);
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr("expected a JSON list")));
    return;
  }
  const std::vector<std::string> keys = KeysOf(given["checkpoint"]);
  SelectKeysOptions options;
  if (!given["strip_prefix"].is_null()) {
    options.strip_prefix = given["strip_prefix"];
  }
  options.ignore =
      StringsOrNothing(given["ignore"]).value_or(std::vector<std::string>());
  options.strict = given["strict"];

  const absl::StatusOr<SelectedKeys> selected =
      SelectKeys(EntriesOf(keys), options);

  if (expect()["ok"]) {
    ASSERT_THAT(selected.status(), IsOk());
    EXPECT_EQ(KeysByName(selected->keys, keys),
              expect()["from_key"].get<NameToKey>());
  } else {
    EXPECT_THAT(selected.status(),
                StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_EQ(FieldOf(selected.status()), Quote(/*first=*/true));
    const std::string value = Quote(/*first=*/false);
    EXPECT_THAT(selected.status().message(),
                HasSubstr(value.empty() ? "" : Quoted(value)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Mechanics, ReadStateDictTest,
    ::testing::ValuesIn(ReadMechanicsCases("read_state_dict")), CaseName);

class RelevantModuleCaseTest : public MechanicsTest {};

TEST_P(RelevantModuleCaseTest, CutsKeysAsAllenNlpDoes) {
  const CaseJson& given = GetParam();
  const auto keys = given["checkpoint_keys"].get<std::vector<std::string>>();
  auto candidates = StringsOrNothing(given["relevant_module"])
                        .value_or(std::vector<std::string>());
  if (candidates.empty()) {
    candidates = StringsOrNothing(given["class_default"])
                     .value_or(std::vector<std::string>());
  }

  const RelevantKeys relevant = CutToRelevantModule(Numbered(keys), candidates);

  EXPECT_EQ(KeysByName(relevant.keys, keys),
            expect()["from_key"].get<NameToKey>());
  const bool is_lacking = !candidates.empty() && relevant.prefix.empty();
  EXPECT_EQ(is_lacking, expect()["warning"].get<bool>());
}

INSTANTIATE_TEST_SUITE_P(
    Mechanics, RelevantModuleCaseTest,
    ::testing::ValuesIn(ReadMechanicsCases("relevant_module")), CaseName);

class MappingCaseTest : public MechanicsTest {};

TEST_P(MappingCaseTest, RenamesKeysAsAllenNlpDoes) {
  const CaseJson& given = GetParam();
  const auto keys = given["checkpoint_keys"].get<std::vector<std::string>>();
  const MechanicsModule module(given["module"]);
  const ModuleNode tree = MakeModuleTree(module.names(), module.renamings());
  KeyMapping mapping(tree, RenamingsOf(given["user_mapping"]));
  std::vector<NamedEntry> named = Numbered(keys);

  mapping.Apply(named);

  const NameToKey by_name = KeysByName(named, keys);
  EXPECT_EQ(by_name, expect()["from_key"].get<NameToKey>());
  Names names;
  for (const auto& [name, key] : by_name) names.insert(name);
  EXPECT_EQ(names, expect()["keys"].get<Names>());
}

TEST_P(MappingCaseTest, FindsWhatIsMissingAndLeftOver) {
  const CaseJson& given = GetParam();
  const auto keys = given["checkpoint_keys"].get<std::vector<std::string>>();
  const MechanicsModule module(given["module"]);
  NameMapOptions options;
  options.mapping = RenamingsOf(given["user_mapping"]);

  ASSERT_OK_AND_ASSIGN(const NameMap map,
                       NameMap::Create(module.family(), module.slots(),
                                       EntriesOf(keys), options));

  Names missing;
  for (size_t i = 0; i < map.slots.size(); ++i) {
    if (map.slots[i].source == SlotSource::kMissing) {
      missing.insert(module.slots()[i]->name());
    }
  }
  EXPECT_EQ(missing, expect()["missing"].get<Names>());
  // What is left over is told by its name in the file.
  std::vector<std::string> unexpected;
  for (const std::string& name : expect()["unexpected"].get<Names>()) {
    unexpected.push_back(expect()["from_key"][name]);
  }
  EXPECT_THAT(map.unexpected, UnorderedElementsAreArray(unexpected));
}

INSTANTIATE_TEST_SUITE_P(Mechanics, MappingCaseTest,
                         ::testing::ValuesIn(ReadMechanicsCases("mapping")),
                         CaseName);

// The renamings of a module of the tree, as pairs.
std::vector<std::pair<std::string, std::string>> Pairs(
    const std::vector<Renaming>& renamings) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const Renaming& renaming : renamings) {
    pairs.emplace_back(renaming.from, renaming.to);
  }
  return pairs;
}

void ExpectSameRenamings(const ModuleNode& ours, const ModuleNode& theirs,
                         const std::string& path) {
  EXPECT_EQ(Pairs(ours.renamings), Pairs(theirs.renamings)) << path;
  ASSERT_EQ(ours.children.size(), theirs.children.size()) << path;
  for (const auto& [name, child] : theirs.children) {
    const auto found = ours.children.find(name);
    ASSERT_NE(found, ours.children.end()) << path << "." << name;
    ExpectSameRenamings(found->second, child, path + "." + name);
  }
}

TEST(TransformerStackTest, RenamesWhereAllenNlpsDoes) {
  const Family& stack = *BareModules().front();
  ASSERT_EQ(stack.classes.front().name, "TransformerStack");
  for (const CaseJson& given : ReadMechanicsCases("mapping")) {
    if (given["name"] != "stack_from_bert_names") continue;
    const MechanicsModule module(given["module"]);

    ExpectSameRenamings(MakeModuleTree(module.names(), *stack.bare),
                        MakeModuleTree(module.names(), module.renamings()),
                        "stack");
  }
}

}  // namespace
}  // namespace transformerd
