// What AllenNLP's loading does with whole modules and on several ranks, case by
// case. Where it raises on rank 0 alone, after all broadcasts, here every rank
// has the same verdict before a byte is read.
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/loading/in_process.h"
#include "model/loading/initialize.h"
#include "model/loading/key_mapping.h"
#include "model/loading/weight_loader.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/loading/mechanics_cases.h"

namespace transformerd {
namespace {

using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using Names = std::set<std::string>;

Names MissingSlots(const NameMap& map, const SlotVector& slots) {
  Names missing;
  for (size_t i = 0; i < slots.size(); ++i) {
    if (map.slots[i].source == SlotSource::kMissing) {
      missing.insert(slots[i]->name());
    }
  }
  return missing;
}

std::string CaseName(const ::testing::TestParamInfo<CaseJson>& info) {
  return info.param["name"];
}

Shape ShapeFrom(const CaseJson& extents) {
  const auto values = extents.get<std::vector<int64_t>>();
  return Shape(values.begin(), values.end());
}

class AllowMissingCaseTest : public ::testing::TestWithParam<CaseJson> {
 protected:
  AllowMissingCaseTest() : module_(GetParam()["module"]) {
    for (const auto& [key, shape] : GetParam()["checkpoint"].items()) {
      file_.Add(key, ShapeFrom(shape));
    }
    module_.AllowMissing(StringsOrNothing(GetParam()["class_allow_missing"])
                             .value_or(std::vector<std::string>()));
    options_.allow_missing = StringsOrNothing(GetParam()["allow_missing"]);
  }

  // Keys of the file under the module's names.
  Names Renamed(const std::vector<std::string>& keys) {
    const ModuleNode tree =
        MakeModuleTree(module_.names(), module_.renamings());
    KeyMapping mapping(tree, {});
    std::vector<NamedEntry> named;
    for (const CheckpointEntry& entry : file_.entries()) {
      named.push_back({entry.key, static_cast<int>(named.size())});
    }
    mapping.Apply(named);
    Names names;
    for (const NamedEntry& key : named) {
      const std::string& in_file = file_.entries()[key.entry].key;
      if (std::count(keys.begin(), keys.end(), in_file) > 0) {
        names.insert(key.name);
      }
    }
    return names;
  }

  MechanicsModule module_;
  ToyCheckpoint file_;
  NameMapOptions options_;
};

TEST_P(AllowMissingCaseTest, LoadsOrIsRefusedAsByAllenNlp) {
  const CaseJson& expect = GetParam()["expect"];
  ASSERT_OK_AND_ASSIGN(const NameMap map,
                       NameMap::Create(module_.family(), module_.slots(),
                                       file_.entries(), options_));
  LoadPlanOptions options;
  options.strict = GetParam()["strict"];

  const absl::Status status =
      ToStatus(FindMismatches(module_.slots(), file_.entries(), map, options));

  EXPECT_EQ(status.ok(), expect["ok"].get<bool>()) << status;
  EXPECT_EQ(MissingSlots(map, module_.slots()),
            expect["missing_before_allow"].get<Names>());
  EXPECT_THAT(map.missing, SizeIs(expect["missing"].size()));
  EXPECT_EQ(Renamed(map.unexpected), expect["unexpected"].get<Names>());
  if (!status.ok()) {
    // Names as the file has them, or would have them.
    for (const auto& names : {map.missing, map.unexpected}) {
      for (const std::string& name : names) {
        EXPECT_THAT(FullReportOf(status), HasSubstr(name));
      }
    }
  }
  EXPECT_THAT(file_.reads(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Mechanics, AllowMissingCaseTest,
    ::testing::ValuesIn(ReadMechanicsCases("allow_missing")), CaseName);

class DistributedCaseTest : public ::testing::TestWithParam<CaseJson> {
 protected:
  DistributedCaseTest() {
    for (int rank = 0; rank < GetParam()["world_size"]; ++rank) {
      ranks_.push_back(std::make_unique<MechanicsModule>(GetParam()["module"]));
    }
    for (const auto& [key, tensor] : GetParam()["primary_state_dict"].items()) {
      file_.AddFloats(key, ShapeFrom(tensor["shape"]),
                      tensor["values"].get<std::vector<float>>());
    }
    options_.strict = GetParam()["strict"];
  }

  const CaseJson& expect() const { return GetParam()["expect"]; }

  NameMap MapFor(const MechanicsModule& rank) const {
    absl::StatusOr<NameMap> map = NameMap::Create(
        rank.family(), rank.slots(), file_.entries(), NameMapOptions());
    EXPECT_THAT(map.status(), IsOk());
    return *std::move(map);
  }

  absl::StatusOr<LoadedWeights> Load(const LoadPlan& plan) {
    const auto transports = MakeInProcessGroup(static_cast<int>(ranks_.size()));
    std::vector<LoadRank> ranks;
    for (size_t i = 0; i < ranks_.size(); ++i) {
      ranks.push_back({ranks_[i]->slots(), transports[i].get()});
    }
    LoadControl control;
    return LoadWeights(plan, file_, ranks, control);
  }

  std::vector<std::unique_ptr<MechanicsModule>> ranks_;
  ToyCheckpoint file_;
  LoadPlanOptions options_;
};

TEST_P(DistributedCaseTest, EveryRankHasTheSameVerdictBeforeAnythingIsRead) {
  Names verdicts;
  for (const auto& rank : ranks_) {
    const NameMap map = MapFor(*rank);
    const absl::Status status =
        ToStatus(FindMismatches(rank->slots(), file_.entries(), map, options_));
    verdicts.insert(FullReportOf(status));

    EXPECT_EQ(status.ok(), expect()["ok"].get<bool>()) << status;
    EXPECT_EQ(MissingSlots(map, rank->slots()),
              expect()["missing"].get<Names>());
    EXPECT_EQ(Names(map.unexpected.begin(), map.unexpected.end()),
              expect()["unexpected"].get<Names>());
    if (status.ok()) continue;
    for (const std::string& name : map.missing) {
      EXPECT_THAT(FullReportOf(status), HasSubstr(name));
    }
    for (const std::string& name : map.unexpected) {
      EXPECT_THAT(FullReportOf(status), HasSubstr(name));
    }
  }
  EXPECT_THAT(verdicts, SizeIs(1));
  EXPECT_THAT(file_.reads(), IsEmpty());
}

TEST_P(DistributedCaseTest, EveryRankHoldsTheSameBits) {
  if (!expect()["ok"]) return;
  const SlotVector& slots = ranks_.front()->slots();
  ASSERT_OK_AND_ASSIGN(const LoadPlan plan,
                       LoadPlan::Create(slots, file_.entries(),
                                        MapFor(*ranks_.front()), options_));

  ASSERT_OK_AND_ASSIGN(const LoadedWeights weights, Load(plan));

  const auto source = weights.arenas.front()->Range(0, plan.arena_bytes());
  for (const auto& arena : weights.arenas) {
    const auto copy = arena->Range(0, plan.arena_bytes());
    EXPECT_EQ(std::memcmp(copy.data(), source.data(), source.size()), 0);
  }
  const Names missing = expect()["missing"].get<Names>();
  for (size_t i = 0; i < slots.size(); ++i) {
    const std::string& name = slots[i]->name();
    const auto bytes = weights.arenas.back()->Range(*plan.slot_offsets()[i],
                                                    slots[i]->size_bytes());
    std::vector<float> got(bytes.size() / sizeof(float)), want(got.size());
    std::memcpy(got.data(), bytes.data(), bytes.size());
    if (missing.count(name) > 0) {
      // AllenNLP keeps what rank 0 happens to have; here it is always the same.
      Initialize({name, slots[i]->initializer(), options_.initializer_range},
                 DType::kF32, 0,
                 absl::MakeSpan(reinterpret_cast<std::byte*>(want.data()),
                                bytes.size()));
    } else {
      want = expect()["after_on_every_rank"][name]["values"]
                 .get<std::vector<float>>();
    }
    EXPECT_THAT(got, ElementsAreArray(want)) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Mechanics, DistributedCaseTest,
                         ::testing::ValuesIn(ReadMechanicsCases("distributed")),
                         CaseName);

}  // namespace
}  // namespace transformerd
