// A model in numbers: everything needed to build its modules, no weights.
//
// A family's Parse() makes one from config.json. Families differ only in these
// values; code that builds or runs modules looks at them and never at the
// family's name.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace transformerd {

enum class NormPlacement {
  kPost,  // norm(x + f(x)), as in the original Transformer
  kPre,   // x + f(norm(x))
};

enum class Activation {
  kGelu,       // x * Phi(x), by erf
  kGeluTanh,   // its tanh approximation ("gelu_new", "gelu_pytorch_tanh")
  kQuickGelu,  // x * sigmoid(1.702 x)
  kRelu,
  kSilu,
  kTanh,
};

// Where the rows of a learned position table come from when a request gives no
// position_ids.
enum class PositionRule {
  kRowIndex,      // 0, 1, 2, ... within the row
  kAfterPadding,  // RoBERTa: pad id + running count of tokens that are not pad
};

// What a model computes on.
enum class ModelInput {
  kTokens,        // ids, which it embeds
  kHiddenStates,  // vectors of hidden_size, one a token: some bare modules
};

// The choices in which the blocks of families differ.
struct BlockRecipe {
  NormPlacement norm_placement = NormPlacement::kPost;
  Activation activation = Activation::kGelu;
  double norm_eps = 1e-12;
  bool bias = true;
};

// What stands on the encoder.
enum class HeadKind {
  kNone,                    // last_hidden_state (and pooler_output)
  kSequenceClassification,  // [dropout,] dense on a pooled vector -> logits
  kTokenClassification,     // dense on each token -> logits
  kQuestionAnswering,       // dense to 2 on each token -> start/end_logits
  kMaskedLm,                // dense, activation, norm, decoder -> logits
  kPreTraining,             // masked LM and next-sentence prediction
};

// How the classification head gets from hidden states to its classifier.
enum class ClassifierPooling {
  kPooler,      // BERT: the pooler's output
  kFirstDense,  // RoBERTa: token 0 -> dense -> activation -> classifier
};

struct Architecture {
  std::string family;  // model_type of the family, for messages and metadata
  std::string class_name;  // "BertModel", "BertForMaskedLM", ...

  ModelInput input = ModelInput::kTokens;
  // A module of AllenNLP's toolkit: it computes every position, also what is
  // masked.
  bool is_bare = false;

  int64_t vocab_size = 0;
  int64_t hidden_size = 0;
  int64_t num_hidden_layers = 0;
  int64_t num_attention_heads = 0;
  int64_t head_size = 0;
  int64_t intermediate_size = 0;
  // Rows of the position table and of the token type table; 0 leaves it out.
  int64_t max_position_embeddings = 0;
  int64_t type_vocab_size = 0;
  // Longest row that the model takes, in tokens.
  int64_t max_sequence_length = 0;

  PositionRule position_rule = PositionRule::kRowIndex;
  int64_t pad_token_id = 0;
  BlockRecipe block;
  bool embedding_norm = true;

  // The pooler: dense + activation on token 0 -> pooler_output. Optional means
  // that a checkpoint without it loads, and the output is left out.
  bool pooler = false;
  bool pooler_optional = false;

  HeadKind head = HeadKind::kNone;
  ClassifierPooling classifier_pooling = ClassifierPooling::kPooler;
  Activation classifier_activation = Activation::kTanh;
  Activation head_activation = Activation::kGelu;  // of the masked LM head
  int64_t num_labels = 0;
  std::vector<std::string> labels;  // label of each index; empty if unnamed
  bool tie_word_embeddings = true;

  // Standard deviation of freshly initialised parameters (those that a
  // non-strict load finds missing).
  double initializer_range = 0.02;
};

// One line with the class and its dimensions, for logs.
std::string ToString(const Architecture& architecture);

}  // namespace transformerd
