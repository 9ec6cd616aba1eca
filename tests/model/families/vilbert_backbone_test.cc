// AllenNLP's ViLBERT backbone against its own parts, which are served one by
// one from the same checkpoint: the embeddings, the encoder and the poolers
// have golden cases of their own.
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/config/config_reader.h"
#include "model/families/families.h"
#include "model/modules/transformer.h"
#include "tests/fakes/safetensors_bytes.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/families/golden_case.h"
#include "tests/model/runtime/make_loader.h"

namespace transformerd {
namespace {

using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;

using Tensors = std::map<std::string, HostTensor>;

constexpr char kText[] = R"({"vocab_size": 11, "embedding_size": 8,
    "max_position_embeddings": 6, "type_vocab_size": 2})";
constexpr char kImage[] = R"({"feature_size": 5, "embedding_size": 6})";
constexpr char kEncoder[] = R"({"num_hidden_layers1": 2,
    "num_hidden_layers2": 1, "hidden_size1": 8, "hidden_size2": 6,
    "combined_hidden_size": 4, "intermediate_size1": 7,
    "intermediate_size2": 5, "num_attention_heads1": 2,
    "num_attention_heads2": 3, "combined_num_attention_heads": 2})";

std::string Backbone(absl::string_view fusion) {
  return absl::StrCat(
      R"({"architectures": ["VilbertBackbone"],
      "text_embeddings": )",
      kText, R"(, "image_embeddings": )", kImage, R"(, "encoder": )", kEncoder,
      R"(, "pooled_output_dim": 3, "fusion_method": ")", fusion, "\"}");
}

class VilbertBackboneTest : public ::testing::Test {
 protected:
  VilbertBackboneTest()
      : folder_(absl::StrCat(::testing::TempDir(), "/vilbert")) {
    std::filesystem::create_directories(folder_);
    WriteConfig(Backbone("sum"));
    WriteWeights();
    token_ids_ = MakeTensor({2, 3}, std::vector<int64_t>{1, 2, 3, 4, 5, 0});
    mask_ = MakeTensor({2, 3}, std::vector<float>{1, 1, 1, 1, 1, 0});
    box_mask_ = MakeTensor({2, 2}, std::vector<float>{1, 1, 1, 0});
    features_ = Random({2, 2, 5});
    boxes_ = Random({2, 2, 4});
  }

  void WriteConfig(const std::string& text) {
    std::ofstream(folder_ + "/config.json") << text;
  }

  void WriteWeights() {
    const ConfigReader config =
        *ConfigReader::Parse(Backbone("sum"), "config.json");
    const Transformer transformer(ParseModel(config, "")->architecture,
                                  DType::kF32);
    std::vector<std::pair<std::string, HostTensor>> tensors;
    for (const auto& slot : transformer.slots()) {
      tensors.emplace_back(slot->name(), Random(slot->shape()));
    }
    std::ofstream(folder_ + "/model.safetensors", std::ios::binary)
        << SafetensorsBytes(tensors);
  }

  HostTensor Random(const Shape& shape) {
    HostTensor tensor(DType::kF32, shape);
    std::normal_distribution<float> normal;
    for (float& value : tensor.as<float>()) value = normal(random_);
    return tensor;
  }

  // What one module of the checkpoint gives.
  absl::StatusOr<Tensors> Answer(const std::string& architecture,
                                 const std::string& relevant_module,
                                 const Tensors& inputs) {
    LoadOptions options;
    options.architecture = architecture;
    if (!relevant_module.empty()) options.relevant_module = {relevant_module};
    LoadControl control;
    ASSIGN_OR_RETURN(const auto model,
                     MakeLoader()->Load({folder_, options}, control));
    GoldenProbe probe;
    probe.inputs = inputs;
    std::vector<int> outputs;
    for (size_t i = 0; i < model->signature().outputs.size(); ++i) {
      outputs.push_back(static_cast<int>(i));
    }
    const InferenceInput input =
        MakeTensorInput(probe, model->signature(), outputs);
    const InferenceInput* batch[] = {&input};
    ASSIGN_OR_RETURN(const auto answers, model->Run(0, batch));
    Tensors named;
    for (size_t i = 0; i < outputs.size(); ++i) {
      named[model->signature().outputs[i].name] = answers[0][i];
    }
    return named;
  }

  // The same of a part, whose config is a file of its own for as long.
  HostTensor AnswerOfPart(const std::string& architecture,
                          const std::string& relevant_module,
                          const std::string& config, const Tensors& inputs,
                          const std::string& output) {
    WriteConfig(config);
    const absl::StatusOr<Tensors> answer =
        Answer(architecture, relevant_module, inputs);
    EXPECT_THAT(answer.status(), IsOk());
    return answer->at(output);
  }

  // The last of the states that are stacked in the last dimension.
  static HostTensor Last(const HostTensor& stacked) {
    Shape shape(stacked.shape.begin(), stacked.shape.end() - 1);
    HostTensor last(DType::kF32, shape);
    const int64_t count = stacked.shape.back();
    for (size_t i = 0; i < last.as<float>().size(); ++i) {
      last.as<float>()[i] = stacked.as<float>()[(i + 1) * count - 1];
    }
    return last;
  }

  absl::StatusOr<Tensors> AnswerOfBackbone() {
    return Answer("", "",
                  {{"token_ids", token_ids_},
                   {"mask", mask_},
                   {"box_features", features_},
                   {"box_coordinates", boxes_},
                   {"box_mask", box_mask_}});
  }

  std::mt19937 random_{7};
  const std::string folder_;
  HostTensor token_ids_, mask_, box_mask_, features_, boxes_;
};

TEST_F(VilbertBackboneTest, IsItsPartsOneBehindTheOther) {
  ASSERT_OK_AND_ASSIGN(Tensors whole, AnswerOfBackbone());

  const HostTensor text =
      AnswerOfPart("TransformerEmbeddings", "text_embeddings", kText,
                   {{"input_ids", token_ids_}}, "embeddings");
  const HostTensor image = AnswerOfPart(
      "ImageFeatureEmbeddings", "image_embeddings", kImage,
      {{"image_features", features_}, {"locations", boxes_}}, "embeddings");
  const Tensors streams = {{"hidden_states1", text},
                           {"hidden_states2", image},
                           {"attention_mask1", mask_},
                           {"attention_mask2", box_mask_}};
  const HostTensor encoded_text = Last(AnswerOfPart(
      "BiModalEncoder", "encoder", kEncoder, streams, "encoded_layers1"));
  const HostTensor encoded_boxes = Last(AnswerOfPart(
      "BiModalEncoder", "encoder", kEncoder, streams, "encoded_layers2"));
  const HostTensor pooled_text =
      AnswerOfPart("TransformerPooler", "t_pooler",
                   R"({"hidden_size": 8, "intermediate_size": 3})",
                   {{"hidden_states", encoded_text}}, "pooled");
  const HostTensor pooled_boxes =
      AnswerOfPart("TransformerPooler", "v_pooler",
                   R"({"hidden_size": 6, "intermediate_size": 3})",
                   {{"hidden_states", encoded_boxes}}, "pooled");

  const auto is = [](const HostTensor& want) {
    return Pointwise(FloatNear(1e-5), want.as<float>());
  };
  EXPECT_THAT(whole["encoded_text"].as<float>(), is(encoded_text));
  EXPECT_THAT(whole["encoded_boxes"].as<float>(), is(encoded_boxes));
  EXPECT_THAT(whole["encoded_text_pooled"].as<float>(), is(pooled_text));
  EXPECT_THAT(whole["encoded_boxes_pooled"].as<float>(), is(pooled_boxes));
  EXPECT_THAT(whole["encoded_text_mask"].as<float>(), is(mask_));
  EXPECT_THAT(whole["encoded_boxes_mask"].as<float>(), is(box_mask_));
}

TEST_F(VilbertBackboneTest, PooledVectorsAreAddedOrMultiplied) {
  for (const char* fusion : {"sum", "mul"}) {
    WriteConfig(Backbone(fusion));
    ASSERT_OK_AND_ASSIGN(Tensors whole, AnswerOfBackbone());
    HostTensor expected = whole["encoded_text_pooled"];
    const auto boxes = whole["encoded_boxes_pooled"].as<float>();
    for (size_t i = 0; i < boxes.size(); ++i) {
      float& value = expected.as<float>()[i];
      value =
          fusion == std::string("sum") ? value + boxes[i] : value * boxes[i];
    }
    EXPECT_THAT(whole["pooled_boxes_and_text"].as<float>(),
                Pointwise(FloatNear(1e-6), expected.as<float>()))
        << fusion;
  }
}

// What is not of the text is initialised, and heads of the model are left out.
TEST_F(VilbertBackboneTest, ItsTextSideComesFromABert) {
  LoadOptions options;
  options.architecture = "VilbertBackbone";
  options.config_override = R"({"image_feature_dim": 5, "image_hidden_size": 6,
      "image_num_attention_heads": 3, "image_num_hidden_layers": 1,
      "combined_hidden_size": 4, "combined_num_attention_heads": 2,
      "text_biattention_id": [1, 2], "image_biattention_id": [0, 1],
      "pooled_output_dim": 3})";
  for (const char* name : {"bert_base", "bert_seq_cls", "bert_masked_lm"}) {
    LoadControl control;
    const auto model = MakeLoader()->Load(
        {absl::StrCat("tests/testdata/goldens/", name, "/model"), options},
        control);
    ASSERT_THAT(model.status(), IsOk()) << name;
    EXPECT_THAT((*model)->report().warnings,
                testing::Contains(HasSubstr("were initialised")));
  }
}

TEST_F(VilbertBackboneTest, ConfigsThatCannotWorkAreRefusedByName) {
  WriteConfig(Backbone("max"));
  EXPECT_THAT(AnswerOfBackbone().status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("fusion_method=\"max\", expected \"sum\"")));

  std::string config = Backbone("sum");
  config.replace(config.find("\"embedding_size\": 6"), 19,
                 "\"embedding_size\": 7");
  WriteConfig(config);
  EXPECT_THAT(AnswerOfBackbone().status(),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("hidden_size2=6")));
}

}  // namespace
}  // namespace transformerd
