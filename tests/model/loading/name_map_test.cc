#include "model/loading/name_map.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/loading/toy_checkpoint.h"
#include "tests/model/loading/toy_family.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class NameMapTest : public testing::Test {
 protected:
  NameMapTest() {
    AddSlot(slots_, "embeddings.token.weight", {4, 2});
    AddSlot(slots_, "layers.0.norm.weight", {2});
    for (const char* leaf : {"weight", "bias"}) {
      AddSlot(slots_, std::string("pooler.dense.") + leaf, {2, 2})
          .SetOptionalGroup("pooler");
    }
    AddSlot(slots_, "head.decoder.weight", {4, 2})
        .TieTo("embeddings.token.weight");
  }

  NameMap Map(const std::vector<std::string>& keys) {
    return *Create(keys, NameMapOptions());
  }

  absl::StatusOr<NameMap> Create(const std::vector<std::string>& keys,
                                 const NameMapOptions& options) {
    entries_.clear();
    for (const std::string& key : keys) entries_.push_back({key});
    return NameMap::Create(family_, slots_, entries_, options);
  }

  static NameMapOptions Ignoring(const std::vector<std::string>& patterns) {
    NameMapOptions options;
    options.ignore = patterns;
    return options;
  }

  const Family family_ = ToyFamily();
  SlotVector slots_;
  std::vector<CheckpointEntry> entries_;
};

constexpr int kToken = 0, kNorm = 1, kPoolerWeight = 2, kPoolerBias = 3,
              kDecoder = 4;

TEST_F(NameMapTest, FindsKeysOfABaseCheckpoint) {
  const NameMap map =
      Map({"pooler.dense.weight", "pooler.dense.bias",
           "embeddings.words.weight", "encoder.layer.0.norm.weight"});

  EXPECT_EQ(map.slots[kToken].source, SlotSource::kEntry);
  EXPECT_EQ(map.slots[kToken].index, 2);
  EXPECT_EQ(map.slots[kNorm].index, 3);
  EXPECT_EQ(map.slots[kPoolerWeight].index, 0);
  EXPECT_EQ(map.slots[kPoolerBias].index, 1);
  EXPECT_THAT(map.missing, IsEmpty());
  EXPECT_THAT(map.unexpected, IsEmpty());
}

TEST_F(NameMapTest, OnePrefixedKeyMeansThatAllBaseKeysAre) {
  const NameMap map =
      Map({"toy.embeddings.words.weight", "encoder.layer.0.norm.weight"});

  EXPECT_EQ(map.slots[kToken].source, SlotSource::kEntry);
  EXPECT_THAT(map.missing, ElementsAre("toy.encoder.layer.0.norm.weight"));
  EXPECT_THAT(map.unexpected, ElementsAre("encoder.layer.0.norm.weight"));
}

TEST_F(NameMapTest, TakesTheNamesOfOldNorms) {
  const NameMap map =
      Map({"embeddings.words.weight", "encoder.layer.0.norm.gamma"});

  EXPECT_EQ(map.slots[kNorm].index, 1);
  EXPECT_EQ(map.slots[kNorm].key, "encoder.layer.0.norm.gamma");
}

TEST_F(NameMapTest, PrefersTheFirstOfSeveralNames) {
  const NameMap map =
      Map({"cls.old.weight", "cls.decoder.weight", "embeddings.words.weight"});

  EXPECT_EQ(map.slots[kDecoder].index, 1);
  EXPECT_THAT(map.unused, ElementsAre("cls.old.weight"));
}

TEST_F(NameMapTest, ATiedSlotWithoutAKeySharesItsTarget) {
  const NameMap map =
      Map({"embeddings.words.weight", "encoder.layer.0.norm.weight"});

  EXPECT_EQ(map.slots[kDecoder].source, SlotSource::kTied);
  EXPECT_EQ(map.slots[kDecoder].index, kToken);
}

TEST_F(NameMapTest, ReportsOnlyTheTargetOfMissingTiedSlots) {
  EXPECT_THAT(Map({"encoder.layer.0.norm.weight"}).missing,
              ElementsAre("embeddings.words.weight"));
}

TEST_F(NameMapTest, LeavesOutAnOptionalGroupThatIsAbsentAsAWhole) {
  const NameMap map =
      Map({"embeddings.words.weight", "encoder.layer.0.norm.weight"});

  EXPECT_EQ(map.slots[kPoolerWeight].source, SlotSource::kLeftOut);
  EXPECT_EQ(map.slots[kPoolerBias].source, SlotSource::kLeftOut);
  EXPECT_THAT(map.missing, IsEmpty());
  EXPECT_THAT(map.warnings, ElementsAre(HasSubstr("no pooler")));
}

TEST_F(NameMapTest, ReportsWhatIsMissingOfAnOptionalGroup) {
  const NameMap map =
      Map({"embeddings.words.weight", "encoder.layer.0.norm.weight",
           "pooler.dense.weight"});

  EXPECT_THAT(map.missing, ElementsAre("pooler.dense.bias"));
  EXPECT_THAT(map.warnings, IsEmpty());
}

TEST_F(NameMapTest, TellsUnusedFromUnexpected) {
  const NameMap map =
      Map({"encoder.layer.1.norm.weight", "qa.weight", "typo.weight",
           "embeddings.position_ids", "encoder.layer.0.surprise.weight"});

  EXPECT_THAT(map.unused, ElementsAre("embeddings.position_ids", "qa.weight"));
  EXPECT_THAT(map.unexpected,
              ElementsAre("encoder.layer.0.surprise.weight",
                          "encoder.layer.1.norm.weight", "typo.weight"));
}

TEST_F(NameMapTest, TreatsIgnoredKeysAsAbsent) {
  ASSERT_OK_AND_ASSIGN(
      const NameMap map,
      Create({"embeddings.words.weight", "encoder.layer.0.norm.weight",
              "typo.b", "typo.a"},
             Ignoring({"typo", "encoder"})));

  EXPECT_THAT(map.ignored,
              ElementsAre("encoder.layer.0.norm.weight", "typo.a", "typo.b"));
  EXPECT_THAT(map.unexpected, IsEmpty());
  EXPECT_THAT(map.missing, ElementsAre("encoder.layer.0.norm.weight"));
}

TEST_F(NameMapTest, WarnsOfPatternsThatMatchNothing) {
  ASSERT_OK_AND_ASSIGN(const NameMap map, Create({}, Ignoring({"nothing"})));
  EXPECT_THAT(map.warnings, testing::Contains(HasSubstr("\"nothing\"")));
}

TEST_F(NameMapTest, RefusesABadPattern) {
  EXPECT_THAT(
      Create({}, Ignoring({"["})),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("ignore")));
}

TEST_F(NameMapTest, SaysWhereRulesAndSlotsContradictEachOther) {
  AddSlot(slots_, "layers.0.cross.weight", {2});
  EXPECT_THAT(Create({}, NameMapOptions()),
              StatusIs(absl::StatusCode::kInternal,
                       HasSubstr("\"layers.0.cross.weight\"")));
}

TEST_F(NameMapTest, SaysWhereASlotIsTiedToNothing) {
  slots_[kDecoder]->TieTo("embeddings.gone.weight");
  EXPECT_THAT(Create({}, NameMapOptions()),
              StatusIs(absl::StatusCode::kInternal,
                       HasSubstr("embeddings.gone.weight")));
}

TEST_F(NameMapTest, CutsKeysToTheRelevantModule) {
  NameMapOptions options;
  options.relevant_module = {"nowhere", "model.toy"};

  ASSERT_OK_AND_ASSIGN(
      const NameMap map,
      Create({"model.toy.embeddings.words.weight", "other.surprise"}, options));

  EXPECT_EQ(map.slots[kToken].index, 0);
  EXPECT_EQ(map.slots[kToken].key, "model.toy.embeddings.words.weight");
  EXPECT_THAT(map.missing,
              ElementsAre("model.toy.encoder.layer.0.norm.weight"));
  EXPECT_THAT(map.unexpected, IsEmpty());
  EXPECT_FALSE(map.lacks_relevant_module);
}

TEST_F(NameMapTest, KeepsAllKeysWhereTheRelevantModuleIsNotThere) {
  NameMapOptions options;
  options.relevant_module = {"nowhere"};

  ASSERT_OK_AND_ASSIGN(const NameMap map,
                       Create({"embeddings.words.weight"}, options));

  EXPECT_EQ(map.slots[kToken].source, SlotSource::kEntry);
  EXPECT_TRUE(map.lacks_relevant_module);
  EXPECT_THAT(map.warnings, testing::Contains(HasSubstr("relevant_module")));
}

TEST_F(NameMapTest, RenamesKeysBeforeTheFamilyLooksAtThem) {
  NameMapOptions options;
  options.mapping = {{"words", "embeddings.words"}};

  ASSERT_OK_AND_ASSIGN(
      const NameMap map,
      Create({"words.weight", "encoder.layer.0.norm.weight"}, options));

  EXPECT_EQ(map.slots[kToken].key, "words.weight");
  EXPECT_THAT(map.missing, IsEmpty());
  EXPECT_THAT(map.unexpected, IsEmpty());
}

TEST_F(NameMapTest, AllowsNamesToBeMissingWithOrWithoutThePrefix) {
  for (const char* pattern : {"encoder\\.", "toy\\.encoder"}) {
    NameMapOptions options;
    options.allow_missing = {{pattern}};

    ASSERT_OK_AND_ASSIGN(const NameMap map,
                         Create({"toy.embeddings.words.weight"}, options));

    EXPECT_EQ(map.slots[kNorm].source, SlotSource::kMissing);
    EXPECT_THAT(map.missing, IsEmpty());
    EXPECT_THAT(map.allowed_missing,
                ElementsAre("toy.encoder.layer.0.norm.weight"));
  }
}

TEST_F(NameMapTest, TheTiedKeyStandsInForTheOneItIsTiedTo) {
  const NameMap map =
      Map({"cls.decoder.weight", "encoder.layer.0.norm.weight"});

  EXPECT_EQ(map.slots[kToken].source, SlotSource::kEntry);
  EXPECT_EQ(map.slots[kToken].key, "cls.decoder.weight");
  EXPECT_EQ(map.slots[kDecoder].source, SlotSource::kTied);
  EXPECT_THAT(map.missing, IsEmpty());
}

TEST_F(NameMapTest, EveryKeyOfABareModuleMustFit) {
  const BareModule bare = {};
  Family family = family_;
  family.bare = &bare;
  const std::vector<CheckpointEntry> entries = {
      {"embeddings.words.weight"}, {"embeddings.position_ids"}, {"qa.weight"}};

  ASSERT_OK_AND_ASSIGN(
      const NameMap map,
      NameMap::Create(family, slots_, entries, NameMapOptions()));

  EXPECT_THAT(map.unexpected,
              ElementsAre("embeddings.position_ids", "qa.weight"));
  EXPECT_THAT(map.unused, IsEmpty());
}

TEST_F(NameMapTest, AModelWithoutACheckpointLacksNothing) {
  const NameMap map = NameMap::WithoutCheckpoint(slots_);

  EXPECT_EQ(map.slots[kPoolerBias].source, SlotSource::kMissing);
  EXPECT_EQ(map.slots[kDecoder].source, SlotSource::kTied);
  EXPECT_EQ(map.slots[kDecoder].index, kToken);
  EXPECT_THAT(map.missing, IsEmpty());
}

}  // namespace
}  // namespace transformerd
