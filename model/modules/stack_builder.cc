#include "model/modules/stack_builder.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace transformerd {
namespace {

// Builds one stack; the members are what all its parts depend on.
class StackBuilder {
 public:
  StackBuilder(const StackRecipe& recipe, const StackPlace& place,
               ModuleBuilder& builder)
      : recipe_(recipe), place_(place), builder_(builder) {}

  Stack Build() {
    Stack stack;
    if (place_.vocab_size > 0) stack.embeddings = BuildEmbeddings();
    if (recipe_.embedding.patches) stack.embeddings = BuildPatches();
    const RelativeBias& bias = recipe_.block.attention.relative_bias;
    if (bias.table_rows > 0) {
      stack.relative_bias = builder_.AddTable(
          Name("relative_bias"), bias.table_rows, recipe_.num_attention_heads);
    }
    if (recipe_.disentangled) AddDistances(stack);
    if (recipe_.convolution) stack.convolution = BuildConvolution();
    if (recipe_.num_layer_groups == 0) {
      for (int64_t i = 0; i < recipe_.num_hidden_layers; ++i) {
        stack.blocks.push_back(BuildBlock(Name("layers.", i, "."), i == 0));
      }
    }
    for (int64_t g = 0; g < recipe_.num_layer_groups; ++g) {
      for (int64_t i = 0; i < recipe_.blocks_per_group; ++i) {
        stack.blocks.push_back(
            BuildBlock(Name("groups.", g, ".", i, "."), g == 0 && i == 0));
      }
    }
    if (recipe_.final_norm) {
      stack.final_norm = builder_.AddNorm(
          Name("final_norm"), place_.hidden_size, *recipe_.final_norm);
    }
    if (recipe_.output_projection) {
      stack.output_projection =
          builder_.AddLinear(Name("output_projection"), place_.hidden_size,
                             embedding_size(), /*bias=*/false);
    }
    return stack;
  }

 private:
  template <typename... Parts>
  std::string Name(const Parts&... parts) const {
    return absl::StrCat(place_.prefix, parts...);
  }

  int64_t embedding_size() const {
    return TokenVectorSize(recipe_.embedding, place_.hidden_size);
  }

  Embeddings BuildEmbeddings() {
    const EmbeddingRecipe& recipe = recipe_.embedding;
    const EmbeddingProjection projection = recipe.projection;
    // Of the sum of all tables.
    const int64_t size = projection == EmbeddingProjection::kTokens
                             ? place_.hidden_size
                             : embedding_size();
    const int64_t norm_size = projection == EmbeddingProjection::kBeforeNorm
                                  ? place_.hidden_size
                                  : size;
    Embeddings embeddings;
    embeddings.token = builder_.AddTable(Name("embeddings.token"),
                                         place_.vocab_size, embedding_size());
    if (!place_.shared_tokens.empty()) {
      embeddings.token->TieTo(place_.shared_tokens);
    }
    if (recipe.position_rows > 0) {
      embeddings.position = builder_.AddTable(Name("embeddings.position"),
                                              recipe.position_rows, size);
    }
    if (recipe.token_types > 0) {
      embeddings.token_type = builder_.AddTable(Name("embeddings.token_type"),
                                                recipe.token_types, size);
    }
    if (recipe.norm) {
      embeddings.norm =
          builder_.AddNorm(Name("embeddings.norm"), norm_size, *recipe.norm);
    }
    if (projection != EmbeddingProjection::kNone) {
      embeddings.projection = builder_.AddLinear(
          Name("embeddings.projection"), embedding_size(), place_.hidden_size,
          /*bias=*/projection == EmbeddingProjection::kSum);
    }
    return embeddings;
  }

  void AddDistances(Stack& stack) {
    const DisentangledRecipe& recipe = *recipe_.disentangled;
    stack.distances = builder_.AddTable(Name("distances"), 2 * recipe.span,
                                        place_.hidden_size);
    if (recipe.norm) {
      stack.distance_norm = builder_.AddNorm(Name("distance_norm"),
                                             place_.hidden_size, *recipe.norm);
    }
  }

  Convolution BuildConvolution() {
    const ConvolutionRecipe& recipe = *recipe_.convolution;
    const int64_t size = place_.hidden_size;
    Convolution convolution;
    convolution.weight = builder_.AddSlot(
        Name("convolution.weight"),
        {size, size / recipe.groups, recipe.kernel_size}, Initializer::kNormal);
    convolution.bias =
        builder_.AddSlot(Name("convolution.bias"), {size}, Initializer::kZeros);
    convolution.norm =
        builder_.AddNorm(Name("convolution_norm"), size, recipe_.block.norm);
    return convolution;
  }

  // Slots whose names have no leaf, as in the checkpoints.
  Embeddings BuildPatches() {
    const PatchRecipe& recipe = *recipe_.embedding.patches;
    const int64_t hidden = place_.hidden_size;
    Embeddings embeddings;
    embeddings.class_token = builder_.AddSlot(
        Name("embeddings.class_token"), {1, 1, hidden}, Initializer::kNormal);
    embeddings.position = builder_.AddSlot(
        Name("embeddings.position"), {1, recipe.num_patches() + 1, hidden},
        Initializer::kNormal);
    embeddings.patch.weight = builder_.AddSlot(
        Name("embeddings.patch.weight"),
        {hidden, recipe.channels, recipe.patch_height, recipe.patch_width},
        Initializer::kNormal);
    embeddings.patch.bias = builder_.AddSlot(Name("embeddings.patch.bias"),
                                             {hidden}, Initializer::kZeros);
    return embeddings;
  }

  Linear AddLinear(const std::string& name, int64_t in, int64_t out,
                   bool bias) {
    return builder_.AddLinear(name, in, out, bias,
                              recipe_.block.weights_in_out);
  }

  Attention BuildAttention(const std::string& prefix) {
    const AttentionRecipe& recipe = recipe_.block.attention;
    const int64_t hidden = place_.hidden_size;
    const int64_t inner = recipe_.num_attention_heads * recipe_.head_size;
    const int64_t key_heads = recipe.num_key_value_heads > 0
                                  ? recipe.num_key_value_heads
                                  : recipe_.num_attention_heads;
    const int64_t key_inner = key_heads * recipe_.head_size;
    Attention attention;
    if (recipe.layout == QkvLayout::kSeparate) {
      attention.query =
          AddLinear(prefix + "query", hidden, inner, recipe.qkv_bias);
      attention.key =
          AddLinear(prefix + "key", hidden, key_inner, recipe.qkv_bias);
      attention.value =
          AddLinear(prefix + "value", hidden, key_inner, recipe.qkv_bias);
    } else {
      attention.qkv = AddLinear(prefix + "qkv", hidden, inner + 2 * key_inner,
                                recipe.qkv_bias);
    }
    attention.output =
        AddLinear(prefix + "output", inner, hidden, recipe.output_bias);
    if (recipe.head_norm) {
      attention.query_norm = builder_.AddNorm(
          prefix + "query_norm", recipe_.head_size, *recipe.head_norm);
      attention.key_norm = builder_.AddNorm(
          prefix + "key_norm", recipe_.head_size, *recipe.head_norm);
    }
    const std::optional<DisentangledRecipe>& disentangled =
        recipe_.disentangled;
    if (disentangled && !disentangled->shares_projections) {
      if (disentangled->content_to_position) {
        attention.position_key =
            AddLinear(prefix + "position_key", hidden, inner, /*bias=*/true);
      }
      if (disentangled->position_to_content) {
        attention.position_query =
            AddLinear(prefix + "position_query", hidden, inner, /*bias=*/true);
      }
    }
    return attention;
  }

  Mlp BuildMlp(const std::string& prefix) {
    const MlpRecipe& recipe = recipe_.block.mlp;
    const int64_t hidden = place_.hidden_size;
    const int64_t inner = recipe_.intermediate_size;
    Mlp mlp;
    if (recipe.kind == MlpKind::kGatedFused) {
      mlp.gate_up =
          AddLinear(prefix + "gate_up", hidden, 2 * inner, recipe.bias);
    } else {
      if (recipe.kind == MlpKind::kGated) {
        mlp.gate = AddLinear(prefix + "gate", hidden, inner, recipe.bias);
      }
      mlp.up = AddLinear(prefix + "up", hidden, inner, recipe.bias);
    }
    mlp.down = AddLinear(prefix + "down", inner, hidden, recipe.bias);
    return mlp;
  }

  Block BuildBlock(const std::string& prefix, bool is_first) {
    const BlockRecipe& recipe = recipe_.block;
    const bool is_sandwich = recipe.norm_placement == NormPlacement::kSandwich;
    const auto add_norm = [&](const char* name) {
      return builder_.AddNorm(prefix + name, place_.hidden_size, recipe.norm);
    };
    Block block;
    block.attention = BuildAttention(prefix + "attention.");
    if (!is_first || recipe.first_attention_norm) {
      block.attention_norm = add_norm("attention_norm");
    }
    if (is_sandwich) {
      block.attention_output_norm = add_norm("attention_output_norm");
    }
    if (recipe.cross_attention) {
      block.cross_attention = BuildAttention(prefix + "cross_attention.");
      block.cross_attention_norm = add_norm("cross_attention_norm");
    }
    const int64_t num_experts = recipe.mlp.num_experts;
    if (num_experts == 0) block.mlps.push_back(BuildMlp(prefix + "mlp."));
    for (int64_t i = 0; i < num_experts; ++i) {
      block.mlps.push_back(BuildMlp(absl::StrCat(prefix, "experts.", i, ".")));
    }
    if (num_experts > 0) {
      block.router = AddLinear(prefix + "router", place_.hidden_size,
                               num_experts, /*bias=*/false);
    }
    block.mlp_norm = add_norm("mlp_norm");
    if (is_sandwich) block.mlp_output_norm = add_norm("mlp_output_norm");
    return block;
  }

  const StackRecipe& recipe_;
  const StackPlace& place_;
  ModuleBuilder& builder_;
};

}  // namespace

Stack BuildStack(const StackRecipe& recipe, const StackPlace& place,
                 ModuleBuilder& builder) {
  return StackBuilder(recipe, place, builder).Build();
}

}  // namespace transformerd
