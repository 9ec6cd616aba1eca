// The choices in which the blocks of transformer families differ.
//
// A block is attention and a feed-forward network, each with a norm and a
// residual connection. Code that builds or runs blocks looks at these values
// and never at a family's name.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace transformerd {

enum class NormKind {
  kLayerNorm,       // (x - mean) / sqrt(variance + eps) * weight + bias
  kRmsNorm,         // x / sqrt(mean of squares + eps) * weight
  kRmsNormPlusOne,  // the same times (1 + weight), as in Gemma
};

struct NormRecipe {
  NormKind kind = NormKind::kLayerNorm;
  double eps = 1e-12;
  bool weight = true;  // of a layer norm; false means ones
  bool bias = true;    // of a layer norm
};

enum class NormPlacement {
  kPost,      // x = norm(x + f(x)), as in the original Transformer
  kPre,       // x = x + f(norm(x))
  kParallel,  // x = x + attention(norm_1(x)) + mlp(norm_2(x))
  kSandwich,  // x = x + norm_2(f(norm_1(x)))
};

enum class Activation {
  kGelu,       // x * Phi(x), by erf
  kGelu10,     // the same, clipped to [-10, 10]
  kGeluTanh,   // its tanh approximation ("gelu_new", "gelu_pytorch_tanh")
  kHardSwish,  // x * relu6(x + 3) / 6
  kIdentity,   // "linear"
  kLaplace,    // (1 + erf((x - 0.707107) / (0.282095 sqrt(2)))) / 2
  kLeakyRelu,  // x, or x / 100 where it is negative
  kMish,       // x * tanh(softplus(x))
  kQuickGelu,  // x * sigmoid(1.702 x)
  kRelu,
  kRelu2,  // relu(x)^2
  kRelu6,  // min(relu(x), 6)
  kSigmoid,
  kSilu,
  kSqrtSoftplus,
  kTanh,
};

// How rotary frequencies are stretched for rows longer than those of training.
enum class RotaryScaling {
  kNone,
  kLinear,
  kDynamic,
  kYarn,
  kLongRope,
  kLlama3
};

// Rotary position embedding (Su et al., 2021): the first `dim` numbers of each
// head are rotated in pairs (i, i + dim / 2) by position * theta^(-2i / dim).
// An odd dim is rounded up, but not in the exponent.
struct RotaryRecipe {
  int64_t dim = 0;
  double theta = 10000;
  RotaryScaling scaling = RotaryScaling::kNone;
  double factor = 1;
  // Longest row of the training, where `scaling` asks for it.
  int64_t original_max_position = 0;
  // Multiplies cosines and sines.
  double attention_factor = 1;
  // Of kLlama3.
  double low_freq_factor = 1, high_freq_factor = 4;
  // Of kYarn (Peng et al., 2023).
  double beta_fast = 32, beta_slow = 1;
  bool truncate = true;
  // Of kLongRope: one factor a frequency, for rows up to and above
  // original_max_position.
  std::vector<double> short_factor, long_factor;
};

// Which keys a token sees around itself: those from `before` tokens behind it
// to `after` tokens ahead. Distances are in tokens of the row.
struct AttentionSpan {
  static constexpr int64_t kUnlimited = -1;
  int64_t before = kUnlimited;
  int64_t after = kUnlimited;
};

// A learned bias for each head and bucket of distances (Raffel et al., 2020).
struct RelativeBias {
  int64_t table_rows = 0;  // 0: none
  int64_t num_buckets = 32;
  int64_t max_distance = 128;
  bool bidirectional = true;
};

// How a checkpoint holds query, key and value.
enum class QkvLayout {
  kSeparate,      // three tensors
  kConcatenated,  // one, [all queries | all keys | all values]
  kPerHead,       // one, [query | key | value] of each head in turn
};

struct AttentionRecipe {
  QkvLayout layout = QkvLayout::kSeparate;
  bool qkv_bias = true;
  bool output_bias = true;
  // Key and value heads; 0: as many as query heads. Each serves
  // heads / num_key_value_heads query heads (Ainslie et al., 2023).
  int64_t num_key_value_heads = 0;
  bool causal = false;
  // What a masked token attends to, which pooling may look at all the same:
  // false, the visible tokens; true, all tokens alike.
  bool masked_see_all = false;
  // Multiplies the scores; 0 stands for 1 / sqrt(head size).
  double scale = 0;
  // Divides the scores of layer i by i + 1.
  bool scale_by_layer = false;
  // Scores become softcap * tanh(scores / softcap); 0: they stay.
  double softcap = 0;
  // On each head of queries and keys, before they are rotated.
  std::optional<NormRecipe> head_norm;
  RelativeBias relative_bias;
};

enum class MlpKind {
  kPlain,       // down(act(up(x)))
  kGated,       // down(act(gate(x)) * up(x)) (Shazeer, 2020)
  kGatedFused,  // the same, with gate and up as one tensor, [gate | up]
};

struct MlpRecipe {
  MlpKind kind = MlpKind::kPlain;
  Activation activation = Activation::kGelu;
  bool bias = true;
  // Mixture of experts (Jiang et al., 2024): a router picks the best
  // `experts_per_token` of `num_experts` networks. 0: one network, no router.
  int64_t num_experts = 0;
  int64_t experts_per_token = 0;
};

struct BlockRecipe {
  NormRecipe norm;
  NormPlacement norm_placement = NormPlacement::kPost;
  // False: the first block's attention has no norm of its own.
  bool first_attention_norm = true;
  AttentionRecipe attention;
  // Between the two a decoder's attention to what the encoder gave, with heads
  // and biases as in `attention` but without its relative bias.
  bool cross_attention = false;
  MlpRecipe mlp;
  // Linears hold [in, out] instead of [out, in].
  bool weights_in_out = false;
  // Where the model computes in float16, the sums of the residual connections
  // leave its range: they, and what the feed-forward network adds to them, are
  // float32. Of blocks with RMS norms, behind which all is float16 again.
  bool float32_residual = false;
};

// In what the layers of one model differ.
struct LayerVariant {
  AttentionSpan span;
  std::optional<RotaryRecipe> rotary;
};

}  // namespace transformerd
