// AllenNLP's T5 (Raffel et al., 2020).
#include "absl/strings/str_cat.h"
#include "model/modules/seed/seed_builder.h"

namespace transformerd {
namespace {

// Of the whole model and of each stack.
constexpr char kTokenEmbeddings[] = "token_embeddings";

// Of the norms before attention, whatever the config says.
constexpr double kAttentionNormEps = 1e-6;

class T5Builder {
 public:
  // The stacks' tokens are tied to `tokens`.
  T5Builder(const T5Recipe& recipe, const ParameterSlot& tokens,
            ModuleBuilder& builder)
      : recipe_(recipe), tokens_(tokens), builder_(builder) {}

  T5Stack BuildStack(const std::string& name, int64_t num_blocks,
                     bool is_decoder) {
    T5Stack stack;
    stack.token_embeddings =
        builder_.AddTable(absl::StrCat(name, ".", kTokenEmbeddings),
                          recipe_.vocab_size, recipe_.hidden_size);
    stack.token_embeddings->TieTo(tokens_.name());
    for (int64_t i = 0; i < num_blocks; ++i) {
      const std::string prefix = absl::StrCat(name, ".blocks.", i, ".layer.");
      // Blocks share the biases of the first.
      SeedAttentionRecipe attention = recipe_.attention;
      attention.bidirectional = !is_decoder;
      if (i > 0) attention.num_buckets = 0;
      T5Block block;
      block.self_attention = BuildAttention(
          attention, absl::StrCat(prefix, 0, "."), "self_attention.");
      int last = 1;
      if (is_decoder) {
        attention.num_buckets = 0;
        block.cross_attention = BuildAttention(
            attention, absl::StrCat(prefix, 1, "."), "enc_dec_attention.");
        last = 2;
      }
      block.feed_forward = BuildFeedForward(absl::StrCat(prefix, last, "."));
      stack.blocks.push_back(std::move(block));
    }
    stack.final_layer_norm = AddNorm(absl::StrCat(name, ".final_layer_norm"),
                                     recipe_.layer_norm_epsilon);
    return stack;
  }

 private:
  Norm AddNorm(const std::string& name, double eps) {
    return builder_.AddNorm(name, recipe_.hidden_size,
                            {NormKind::kRmsNorm, eps});
  }

  T5AttentionLayer BuildAttention(const SeedAttentionRecipe& attention,
                                  const std::string& prefix,
                                  const std::string& name) {
    T5AttentionLayer layer;
    layer.attention = transformerd::BuildAttention(
        attention, absl::StrCat(prefix, name), builder_);
    layer.layer_norm =
        AddNorm(absl::StrCat(prefix, "layer_norm"), kAttentionNormEps);
    return layer;
  }

  T5FeedForward BuildFeedForward(const std::string& prefix) {
    const auto add = [&](const char* name, int64_t in, int64_t out) {
      return builder_.AddLinear(absl::StrCat(prefix, "ff_proj.", name), in, out,
                                /*bias=*/false);
    };
    const int64_t hidden = recipe_.hidden_size;
    T5FeedForward layer;
    if (recipe_.gated) layer.gate = add("wi_0", hidden, recipe_.ff_size);
    layer.up = add(recipe_.gated ? "wi_1" : "wi", hidden, recipe_.ff_size);
    layer.down = add("wo", recipe_.ff_size, hidden);
    layer.layer_norm =
        AddNorm(absl::StrCat(prefix, "layer_norm"), recipe_.layer_norm_epsilon);
    return layer;
  }

  const T5Recipe& recipe_;
  const ParameterSlot& tokens_;
  ModuleBuilder& builder_;
};

}  // namespace

T5Module BuildT5(const T5Recipe& recipe, ModuleBuilder& builder) {
  T5Module module;
  module.recipe = recipe;
  const ParameterSlot* tokens =
      builder.AddTable(kTokenEmbeddings, recipe.vocab_size, recipe.hidden_size);
  T5Builder stacks(recipe, *tokens, builder);
  module.encoder = stacks.BuildStack("encoder", recipe.num_layers,
                                     /*is_decoder=*/false);
  module.decoder = stacks.BuildStack("decoder", recipe.num_decoder_layers,
                                     /*is_decoder=*/true);
  module.lm_head = builder.AddLinear("lm_head", recipe.hidden_size,
                                     recipe.vocab_size, /*bias=*/false);
  if (recipe.tie_word_embeddings) {
    module.lm_head.weight->TieTo(tokens->name());
  }
  return module;
}

}  // namespace transformerd
