#include "model/runtime/seed_signature.h"

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "glog/logging.h"

namespace transformerd {
namespace {

// The shapes that a mask of `queries` over `keys` may have.
std::vector<Shape> MaskShapes(int64_t queries, int64_t keys) {
  return {{kBatch, keys},
          {kBatch, 1, keys},
          {kBatch, queries, keys},
          {kBatch, 1, 1, keys},
          {kBatch, 1, queries, keys}};
}

// Declares inputs and outputs of one module.
class SignatureMaker {
 public:
  explicit SignatureMaker(Signature& signature) : signature_(signature) {}

  void operator()(const SelfAttentionRecipe& recipe) {
    AddSelfAttention(recipe.attention);
    Give("attention_probs", Probabilities(recipe.attention));
  }

  void operator()(const T5AttentionRecipe& recipe) {
    const SeedAttentionRecipe& a = recipe.attention;
    Take("hidden_states", TensorValues::kVectors,
         {{kBatch, kTokens, a.hidden_size}});
    TakeMask("attention_mask", MaskShapes(kTokens, kTokens));
    GiveByDefault("hidden_states", {kBatch, kTokens, a.hidden_size});
    Give("attention_probs", Probabilities(a));
    // Its batch is 1 where there is no mask in it.
    Give("position_bias", Probabilities(a));
  }

  void operator()(const AttentionLayerRecipe& recipe) {
    AddSelfAttention(recipe.attention);
    Give("attention_probs", Probabilities(recipe.attention));
  }

  void operator()(const TransformerLayerRecipe& recipe) {
    AddSelfAttention(recipe.attention);
    Give("self_attention_probs", Probabilities(recipe.attention));
    if (!recipe.cross_attention) return;
    TakeSource(recipe.attention);
    Give("cross_attention_probs",
         {kBatch, recipe.attention.num_attention_heads, kTokens, kOtherTokens},
         kSource);
  }

  void operator()(const TransformerStackRecipe& recipe) {
    const SeedAttentionRecipe& a = recipe.layer.attention;
    const Shape states = {kBatch, kTokens, a.hidden_size};
    Take("hidden_states", TensorValues::kVectors, {states});
    TakeMask("attention_mask", MaskShapes(kTokens, kTokens));
    if (recipe.num_hidden_layers > 0) {
      Take("head_mask", TensorValues::kFactors,
           {{recipe.num_hidden_layers, a.num_attention_heads}},
           /*optional=*/true);
    }
    if (recipe.layer.cross_attention) TakeSource(a);
    GiveByDefault("final_hidden_states", states);
    GiveEach("hidden_states", recipe.num_hidden_layers + 1, states);
  }

  void operator()(const TransformerPoolerRecipe& recipe) {
    Take("hidden_states", TensorValues::kVectors,
         {{kBatch, kTokens, recipe.hidden_size}});
    GiveByDefault("pooled", {kBatch, recipe.intermediate_size});
  }

  void operator()(const TransformerEmbeddingsRecipe& recipe) {
    Take("input_ids", TensorValues::kIds, {{kBatch, kTokens}},
         /*optional=*/false, recipe.vocab_size);
    if (recipe.type_vocab_size > 0) {
      Take("token_type_ids", TensorValues::kIds, {{kBatch, kTokens}},
           /*optional=*/true, recipe.type_vocab_size);
    }
    if (recipe.max_position_embeddings > 0) {
      Take("position_ids", TensorValues::kIds, {{kBatch, kTokens}},
           /*optional=*/true, recipe.max_position_embeddings);
    }
    TakeMask("attention_mask", {{kBatch, kTokens}});
    GiveByDefault(
        "embeddings",
        {kBatch, kTokens,
         recipe.output_size > 0 ? recipe.output_size : recipe.embedding_size});
  }

  void operator()(const ImageFeatureEmbeddingsRecipe& recipe) {
    Take("image_features", TensorValues::kVectors,
         {{kBatch, kTokens, recipe.feature_size}});
    Take("locations", TensorValues::kVectors, {{kBatch, kTokens, 4}});
    GiveByDefault("embeddings", {kBatch, kTokens, recipe.embedding_size});
  }

  void operator()(const SinusoidalPositionalEncodingRecipe&) {
    Take("hidden_states", TensorValues::kVectors, {{kBatch, kTokens, kWidth}});
    // Two frequencies are the least that lie between two timescales.
    signature_.inputs.back().tensor.min_width = 4;
    GiveByDefault("output", {kBatch, kTokens, kWidth});
  }

  void operator()(const BiModalAttentionRecipe& recipe) {
    Take("hidden_states1", TensorValues::kVectors,
         {{kBatch, kTokens, recipe.hidden_size1}});
    Take("hidden_states2", TensorValues::kVectors,
         {{kBatch, kOtherTokens, recipe.hidden_size2}});
    TakeMask("attention_mask1", MaskShapes(kOtherTokens, kTokens));
    TakeMask("attention_mask2", MaskShapes(kTokens, kOtherTokens));
    TakeMask("co_attention_mask", {{kBatch, 1, kTokens, kOtherTokens}});
    GiveByDefault("context1",
                  {kBatch, kOtherTokens, recipe.combined_hidden_size});
    GiveByDefault("context2", {kBatch, kTokens, recipe.combined_hidden_size});
  }

  void operator()(const BiModalEncoderRecipe& recipe) {
    const int64_t hidden1 = recipe.connection.hidden_size1;
    const int64_t hidden2 = recipe.connection.hidden_size2;
    // One row that answers for all rows of the other stream.
    const bool is_shared = recipe.fast_mode && !recipe.in_batch_pairs;
    std::vector<Shape> states1, masks1;
    for (const int64_t batch : {int64_t{1}, int64_t{kBatch}}) {
      if (batch == 1 && !is_shared) continue;
      states1.push_back({batch, kTokens, hidden1});
      masks1.push_back({batch, kTokens});
      masks1.push_back({batch, 1, kTokens});
      masks1.push_back({batch, 1, 1, kTokens});
    }
    Take("hidden_states1", TensorValues::kVectors, states1);
    Take("hidden_states2", TensorValues::kVectors,
         {{kBatch, kOtherTokens, hidden2}});
    TakeMask("attention_mask1", masks1);
    TakeMask("attention_mask2", {{kBatch, kOtherTokens},
                                 {kBatch, 1, kOtherTokens},
                                 {kBatch, 1, 1, kOtherTokens}});
    TakeMask("co_attention_mask", {{kBatch, 1, kTokens, kOtherTokens}});
    const int64_t rows = recipe.in_batch_pairs ? kPairs : kBatch;
    const auto connections = static_cast<int64_t>(
        std::min(recipe.biattention_id1.size(), recipe.biattention_id2.size()));
    GiveByDefault("encoded_layers1", {rows, kTokens, hidden1, connections});
    GiveByDefault("encoded_layers2",
                  {rows, kOtherTokens, hidden2, connections});
    Give("final_hidden_states1", {rows, kTokens, hidden1});
    Give("final_hidden_states2", {rows, kOtherTokens, hidden2});
  }

  void operator()(const T5Recipe& recipe) {
    const int64_t hidden = recipe.hidden_size;
    const int64_t heads = recipe.attention.num_attention_heads;
    TakeIds("input_ids", kTokens, recipe.vocab_size, /*optional=*/false);
    TakeMask("attention_mask", {{kBatch, kTokens}});
    Take("labels", TensorValues::kLabels, {{kBatch, kOtherTokens}},
         /*optional=*/true, recipe.vocab_size);
    TakeIds("decoder_input_ids", kOtherTokens, recipe.vocab_size,
            /*optional=*/true);
    TakeMask("decoder_attention_mask", {{kBatch, kOtherTokens}});
    const Shape encoded = {kBatch, kTokens, hidden};
    const Shape decoded = {kBatch, kOtherTokens, hidden};
    GiveByDefault("encoder_last_hidden_state", encoded);
    GiveByDefault("decoder_last_hidden_state", decoded, kDecoderInput);
    GiveByDefault("logits", {kBatch, kOtherTokens, recipe.vocab_size},
                  kDecoderInput);
    GiveByDefault("loss", {1}, "labels");
    GiveEach("encoder_hidden_states", recipe.num_layers + 1, encoded);
    GiveEach("encoder_attentions", recipe.num_layers,
             {kBatch, heads, kTokens, kTokens});
    const int64_t layers = recipe.num_decoder_layers;
    GiveEach("decoder_hidden_states", layers + 1, decoded, kDecoderInput);
    GiveEach("decoder_attentions", layers,
             {kBatch, heads, kOtherTokens, kOtherTokens}, kDecoderInput);
    GiveEach("cross_attentions", layers, {kBatch, heads, kOtherTokens, kTokens},
             kDecoderInput);
  }

  void operator()(const VilbertBackboneRecipe& recipe) {
    const BiModalAttentionRecipe& streams = recipe.encoder.connection;
    const TransformerEmbeddingsRecipe& text = recipe.text_embeddings;
    TakeIds("token_ids", kTokens, text.vocab_size, /*optional=*/false);
    Take("box_features", TensorValues::kVectors,
         {{kBatch, kOtherTokens, recipe.image_embeddings.feature_size}});
    Take("box_coordinates", TensorValues::kVectors,
         {{kBatch, kOtherTokens, 4}});
    Take("box_mask", TensorValues::kMask, {{kBatch, kOtherTokens}});
    if (text.type_vocab_size > 0) {
      TakeIds("type_ids", kTokens, text.type_vocab_size, /*optional=*/true);
    }
    TakeMask("mask", {{kBatch, kTokens}});
    const int64_t pooled = recipe.pooled_output_dim;
    GiveByDefault("encoded_boxes",
                  {kBatch, kOtherTokens, streams.hidden_size2});
    GiveByDefault("encoded_boxes_mask", {kBatch, kOtherTokens});
    GiveByDefault("encoded_boxes_pooled", {kBatch, pooled});
    GiveByDefault("encoded_text", {kBatch, kTokens, streams.hidden_size1});
    GiveByDefault("encoded_text_mask", {kBatch, kTokens}, "mask");
    GiveByDefault("encoded_text_pooled", {kBatch, pooled});
    GiveByDefault("pooled_boxes_and_text", {kBatch, pooled});
  }

 private:
  static constexpr char kSource[] = "encoder_hidden_states";
  static constexpr char kDecoderInput[] = "labels|decoder_input_ids";

  static Shape Probabilities(const SeedAttentionRecipe& recipe) {
    return {kBatch, recipe.num_attention_heads, kTokens, kTokens};
  }

  void Take(std::string name, TensorValues values, std::vector<Shape> shapes,
            bool optional = false, int64_t limit = 0) {
    InputSpec& input = signature_.inputs.emplace_back();
    input.name = std::move(name);
    input.optional = optional;
    input.kind = InputKind::kTensor;
    input.tensor.values = values;
    input.tensor.limit = limit;
    input.tensor.shapes = std::move(shapes);
  }

  void TakeMask(std::string name, std::vector<Shape> shapes) {
    Take(std::move(name), TensorValues::kMask, std::move(shapes),
         /*optional=*/true);
  }

  void TakeIds(std::string name, int64_t tokens, int64_t limit, bool optional) {
    Take(std::move(name), TensorValues::kIds, {{kBatch, tokens}}, optional,
         limit);
  }

  // What the modules around one self-attention have in common.
  void AddSelfAttention(const SeedAttentionRecipe& recipe) {
    const Shape states = {kBatch, kTokens, recipe.hidden_size};
    Take("hidden_states", TensorValues::kVectors, {states});
    TakeMask("attention_mask", MaskShapes(kTokens, kTokens));
    Take("head_mask", TensorValues::kFactors, {{recipe.num_attention_heads}},
         /*optional=*/true);
    GiveByDefault("hidden_states", states);
  }

  // Of cross attention. The mask has no effect, as in the original.
  void TakeSource(const SeedAttentionRecipe& recipe) {
    Take(kSource, TensorValues::kVectors,
         {{kBatch, kOtherTokens, recipe.hidden_size}}, /*optional=*/true);
    TakeMask("encoder_attention_mask", MaskShapes(kTokens, kOtherTokens));
  }

  void Give(std::string name, Shape shape, absl::string_view needs = "") {
    OutputSpec& output = signature_.outputs.emplace_back();
    output.name = std::move(name);
    output.kind = OutputKind::kTensor;
    output.rows = OutputRows::kTensor;
    output.row_shape = std::move(shape);
    output.needs = std::string(needs);
  }

  void GiveByDefault(std::string name, Shape shape,
                     absl::string_view needs = "") {
    Give(std::move(name), std::move(shape), needs);
    signature_.outputs.back().is_default = true;
  }

  // `name`.0, `name`.1, ...
  void GiveEach(absl::string_view name, int64_t count, const Shape& shape,
                absl::string_view needs = "") {
    for (int64_t i = 0; i < count; ++i) {
      Give(absl::StrCat(name, ".", i), shape, needs);
    }
  }

  Signature& signature_;
};

}  // namespace

Signature MakeSeedSignature(const Architecture& architecture) {
  CHECK(architecture.seed.has_value());
  Signature signature;
  signature.max_sequence_length = architecture.max_sequence_length;
  signature.takes_tensors = true;
  std::visit(SignatureMaker(signature), *architecture.seed);
  return signature;
}

}  // namespace transformerd
