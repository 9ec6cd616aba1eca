// Vectors in the place of ids: those of the token table answer as their ids do,
// to the bit, in every family that transformers lets take them.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "glog/logging.h"
#include "gtest/gtest.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/safetensors.h"
#include "model/families/families.h"
#include "model/loading/name_map.h"
#include "model/modules/transformer.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/families/golden_case.h"
#include "tests/model/runtime/make_loader.h"

namespace transformerd {
namespace {

std::string WeightsPath(const GoldenCase& golden) {
  return absl::StrCat(golden.model_directory, "/model.safetensors");
}

// Where the table lies in the file.
absl::StatusOr<HostTensor> ReadTokenTable(const GoldenCase& golden,
                                          const Family& family,
                                          const Architecture& architecture) {
  ASSIGN_OR_RETURN(const auto reader, OpenSafetensors(WeightsPath(golden)));
  const Transformer transformer(architecture, DType::kF32);
  const auto& slots = transformer.slots();
  ASSIGN_OR_RETURN(const NameMap name_map,
                   NameMap::Create(family, slots, reader->entries(), {}));
  const auto found =
      std::find_if(slots.begin(), slots.end(), [](const auto& slot) {
        return slot->name() == "embeddings.token.weight";
      });
  CHECK(found != slots.end());
  const SlotMapping* mapping = &name_map.slots[found - slots.begin()];
  while (mapping->source == SlotSource::kTied) {
    mapping = &name_map.slots[mapping->index];
  }
  ASSIGN_OR_RETURN(auto tensors, ReadTensors(WeightsPath(golden)));
  return std::move(tensors.at(mapping->key));
}

// A row of tokens that are no padding, and all of the model's outputs.
InferenceInput SomeIds(const LoadedModel& model) {
  constexpr int64_t kLength = 6;
  const Architecture& architecture = model.architecture();
  InferenceInput input;
  input.batch = 1;
  input.width = kLength;
  input.lengths = {kLength};
  for (int64_t i = 0; i < kLength; ++i) {
    int64_t id = (7 * i + 3) % architecture.vocab_size;
    if (id == architecture.pad_token_id) ++id;
    input.input_ids.push_back(id);
  }
  const Signature& signature = model.signature();
  if (signature.has_decoder()) input.decoder = ShiftRight(input, /*start=*/0);
  input.outputs.resize(signature.outputs.size());
  std::iota(input.outputs.begin(), input.outputs.end(), 0);
  return input;
}

// The same row as vectors of the table, times what the model multiplies those
// with that it looks up itself.
InferenceInput AsVectors(const InferenceInput& ids, const HostTensor& table,
                         const Architecture& architecture) {
  const auto scale = static_cast<float>(architecture.stack.embedding.scale);
  const int64_t size = table.shape[1];
  InferenceInput vectors = ids;
  vectors.input_ids.clear();
  for (const int64_t id : ids.input_ids) {
    for (const float x : table.as<float>().subspan(id * size, size)) {
      vectors.inputs_embeds.push_back(x * scale);
    }
  }
  return vectors;
}

std::unique_ptr<ModelLoader> LoaderOf(EngineKind engine) {
  ModelLoaderOptions options;
  options.engine.kind = engine;
  return MakeLoader(options);
}

absl::StatusOr<std::unique_ptr<LoadedModel>> Load(ModelLoader& loader,
                                                  const GoldenCase& golden) {
  LoadRequest request;
  request.directory = golden.model_directory;
  request.options.architecture = golden.class_name;
  request.options.dtype = DType::kF32;
  request.options.strict = !golden.needs_lenient_load;
  LoadControl control;
  return loader.Load(request, control);
}

class VectorsTest
    : public ::testing::TestWithParam<std::tuple<const Family*, EngineKind>> {
 protected:
  static const Family& family() { return *std::get<0>(GetParam()); }

  static void ExpectSameAnswers(const HostTensor& table, LoadedModel& model) {
    const InferenceInput ids = SomeIds(model);
    const InferenceInput vectors = AsVectors(ids, table, model.architecture());
    // Both in one batch, and as large a batch of ids alone.
    const InferenceInput* both[] = {&ids, &vectors};
    const InferenceInput* alone[] = {&ids, &ids};
    ASSERT_OK_AND_ASSIGN(const auto got, model.Run(0, both));
    ASSERT_OK_AND_ASSIGN(const auto want, model.Run(0, alone));
    for (size_t i = 0; i < ids.outputs.size(); ++i) {
      EXPECT_EQ(got[0][i].bytes, want[0][i].bytes);
      EXPECT_EQ(got[1][i].bytes, want[1][i].bytes);
    }
  }
};

TEST_P(VectorsTest, OfTheTokenTableAnswerAsTheirIdsDo) {
  const absl::string_view model_type = family().model_types.front();
  ASSERT_OK_AND_ASSIGN(const std::vector<GoldenCase> cases,
                       ReadGoldenCases(std::string(model_type)));
  const auto loader = LoaderOf(std::get<1>(GetParam()));
  int num_tested = 0;
  for (const GoldenCase& golden : cases) {
    SCOPED_TRACE(golden.name);
    if (!std::filesystem::exists(WeightsPath(golden))) continue;
    ASSERT_OK_AND_ASSIGN(const auto model, Load(*loader, golden));
    if (model->signature().FindInput("inputs_embeds") == nullptr) continue;
    ASSERT_OK_AND_ASSIGN(
        const HostTensor table,
        ReadTokenTable(golden, family(), model->architecture()));
    if (table.dtype != DType::kF32) continue;
    ExpectSameAnswers(table, *model);
    ++num_tested;
  }
  // Images have no ids, and CLIP looks for one.
  const bool takes_none = model_type == "vit" || model_type == "clip";
  EXPECT_EQ(num_tested == 0, takes_none);
}

INSTANTIATE_TEST_SUITE_P(
    All, VectorsTest,
    ::testing::Combine(::testing::ValuesIn(AllFamilies()),
                       ::testing::Values(EngineKind::kNative,
                                         EngineKind::kReference)),
    [](const auto& info) {
      const Family& family = *std::get<0>(info.param);
      return absl::StrCat(
          absl::StrReplaceAll(family.model_types.front(), {{"-", "_"}}), "_",
          NameOf(std::get<1>(info.param)));
    });

// The first `length` tokens of a row.
InferenceInput Cut(InferenceInput row, int64_t length) {
  row.width = length;
  row.lengths = {length};
  row.input_ids.resize(length);
  return row;
}

// Neither in rows beside them nor in those that are computed later.
TEST(VectorsOfNoNumbersTest, StayInTheirRow) {
  ASSERT_OK_AND_ASSIGN(const std::vector<GoldenCase> cases,
                       ReadGoldenCases("bert"));
  const auto base = std::find_if(
      cases.begin(), cases.end(),
      [](const GoldenCase& golden) { return golden.name == "bert_base"; });
  ASSERT_NE(base, cases.end());
  for (const EngineKind engine :
       {EngineKind::kNative, EngineKind::kReference}) {
    SCOPED_TRACE(NameOf(engine));
    const auto loader = LoaderOf(engine);
    ASSERT_OK_AND_ASSIGN(const auto model, Load(*loader, *base));
    const InferenceInput ids = SomeIds(*model);
    const InferenceInput shorter = Cut(ids, 3);
    InferenceInput vectors = ids;
    vectors.input_ids.clear();
    vectors.inputs_embeds.assign(ids.width * model->architecture().hidden_size,
                                 std::nanf(""));
    const InferenceInput* alone[] = {&ids, &shorter, &ids};
    const InferenceInput* both[] = {&ids, &shorter, &vectors};

    ASSERT_OK_AND_ASSIGN(const auto want, model->Run(0, alone));
    ASSERT_OK_AND_ASSIGN(const auto beside, model->Run(0, both));
    ASSERT_OK_AND_ASSIGN(const auto later, model->Run(0, alone));

    EXPECT_TRUE(std::isnan(beside[2].front().as<float>().front()));
    for (size_t i = 0; i < ids.outputs.size(); ++i) {
      for (const int row : {0, 1}) {
        EXPECT_EQ(beside[row][i].bytes, want[row][i].bytes);
        EXPECT_EQ(later[row][i].bytes, want[row][i].bytes);
      }
    }
  }
}

}  // namespace
}  // namespace transformerd
