// A model in numbers: everything needed to build its modules, no weights.
//
// A family's Parse() makes one from config.json. Families differ only in these
// values; code that builds or runs modules looks at them and never at the
// family's name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "model/config/block_recipe.h"
#include "model/config/seed_recipe.h"
#include "model/config/stack_recipe.h"

namespace transformerd {

// The position of each token when a request gives no position_ids.
enum class PositionRule {
  kRowIndex,       // 0, 1, 2, ... within the row
  kAfterPadding,   // RoBERTa: pad id + running count of tokens that are not pad
  kVisibleTokens,  // OPT: running count of tokens under mask 1, less 1; else -1
};

// What a model computes on.
enum class ModelInput {
  kTokens,  // ids, which it embeds
  kPixels,  // images, which it cuts into patches
};

// What a class gives.
enum class HeadKind {
  kNone,                    // last_hidden_state (and pooler_output)
  kSequenceClassification,  // logits of a row
  kTokenClassification,     // logits of each token
  kQuestionAnswering,       // start and end logits of each token
  kMaskedLm,                // logits of each token over the vocabulary
  kPreTraining,             // the same, and logits of a pair of texts
  kCausalLm,                // logits of each token over the vocabulary
  kReplacedToken,           // one logit a token (Clark et al., 2020)
  kTextProjection,          // an embedding of a row (Radford et al., 2021)
};

// What a head looks at.
enum class HeadPooling {
  kTokens,  // each token
  kPooler,  // the pooler's output
  kFirst,   // the first token of a row
  kMean,    // the mean of a row's tokens under mask 1
  kLast,    // the last token of a row that is not padding, by id
  // The first token of a row that is Architecture::end_of_text.
  kFirstEndOfText,
  // A decoder's token at the place of the input's last eos_token_id.
  kLastEosOfInput,
};

// output(norm(activation(dense(pooled)))), each step where it is there.
struct HeadRecipe {
  HeadKind kind = HeadKind::kNone;
  HeadPooling pooling = HeadPooling::kTokens;
  bool dense = false;
  bool dense_bias = true;
  int64_t dense_size = 0;  // 0: hidden_size
  Activation activation = Activation::kIdentity;
  std::optional<NormRecipe> norm;
  bool output_bias = true;
  // Of kTextProjection: numbers of an embedding.
  int64_t projection_size = 0;
  // Of kPreTraining: what the logits of a pair are called, and how many.
  absl::string_view pair_logits = "seq_relationship_logits";
  int64_t pair_labels = 2;
  // A further bias, [1, outputs], that a checkpoint may lack.
  bool late_bias = false;
  // Multiplies what enters the output layer.
  double output_scale = 1;
  // Logits become softcap * tanh(logits / softcap); 0: they stay.
  double softcap = 0;
};

struct Architecture {
  std::string family;  // model_type of the family, for messages and metadata
  std::string class_name;  // "BertModel", "BertForMaskedLM", ...

  ModelInput input = ModelInput::kTokens;
  // A module of AllenNLP's toolkit: it computes every position, also what is
  // masked.
  bool is_bare = false;
  // AllenNLP's pretrained-transformer backbone: the model that the numbers
  // below describe, behind other names of inputs and outputs.
  bool is_backbone = false;
  // What that module is; the numbers below say nothing then.
  std::optional<SeedRecipe> seed;
  // Several such modules, each working on what the one before it gives. All
  // other numbers say nothing then.
  std::vector<Architecture> parts;
  // Its checkpoint was written by AllenNLP, and no part of another model.
  bool is_own_checkpoint = false;

  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  // Longest row that the model takes, in tokens.
  int64_t max_sequence_length = 0;
  PositionRule position_rule = PositionRule::kRowIndex;
  // Nothing: the vocabulary has none.
  std::optional<int64_t> pad_token_id;
  // Of HeadPooling::kFirstEndOfText, which is the first token of a row that
  // lacks it. Nothing: the highest id of each row.
  std::optional<int64_t> end_of_text;
  StackRecipe stack;
  // Reads what `stack` gave, as an encoder, and takes tokens of its own; what
  // stands on top looks at the decoder's tokens.
  std::optional<StackRecipe> decoder;
  // Checkpoints hold one token table that stacks and head share.
  bool shared_embedding = false;
  // Where a request has no tokens for the decoder, it gets the encoder's behind
  // this one, without the last. Nothing: it must have them.
  std::optional<int64_t> decoder_start_token_id;
  // Of HeadPooling::kLastEosOfInput.
  std::optional<int64_t> eos_token_id;

  // The pooler: dense + activation on token 0 -> pooler_output. Optional means
  // that a checkpoint without it loads, and the output is left out.
  bool pooler = false;
  bool pooler_optional = false;
  // False: the pooler picks a token and computes nothing.
  bool pooler_dense = true;
  HeadPooling pooler_pooling = HeadPooling::kFirst;
  int64_t pooler_size = 0;  // 0: hidden_size
  Activation pooler_activation = Activation::kTanh;

  HeadRecipe head;
  int64_t num_labels = 0;
  std::vector<std::string> labels;  // label of each index; empty if unnamed
  bool tie_word_embeddings = true;

  // Standard deviation of freshly initialised parameters (those that a
  // non-strict load finds missing).
  double initializer_range = 0.02;
};

// Whether tokens have positions that a request can give.
bool TakesPositions(const Architecture& architecture);

// The number of layers, which a load may lower; null where there are none to
// leave out.
int64_t* NumHiddenLayers(Architecture& architecture);

// What the names of a part's slots begin with: "parts.0.".
std::string PartPrefix(size_t part);

// One line with the class and its dimensions, for logs.
std::string ToString(const Architecture& architecture);

}  // namespace transformerd
