// MPNet (Song et al., 2020): BERT's encoder with a bias by distance that all
// layers share, and RoBERTa's positions and heads.
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/encoder_config.h"
#include "model/families/family.h"
#include "model/families/roberta_config.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"mpnet"};

constexpr auto kClasses =
    RobertaClasses({"MPNetModel", "MPNetForSequenceClassification",
                    "MPNetForTokenClassification", "MPNetForQuestionAnswering",
                    "MPNetForMaskedLM"});

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embeddings.word_embeddings",           "embeddings.token"},
    {"embeddings.position_embeddings",       "embeddings.position"},
    {"embeddings.LayerNorm",                 "embeddings.norm"},
    {"encoder.relative_attention_bias",      "relative_bias"},
    {"encoder.layer.{}.attention.attn.q",    "layers.{}.attention.query"},
    {"encoder.layer.{}.attention.attn.k",    "layers.{}.attention.key"},
    {"encoder.layer.{}.attention.attn.v",    "layers.{}.attention.value"},
    {"encoder.layer.{}.attention.attn.o",    "layers.{}.attention.output"},
    {"encoder.layer.{}.attention.LayerNorm", "layers.{}.attention_norm"},
    {"encoder.layer.{}.intermediate.dense",  "layers.{}.mlp.up"},
    {"encoder.layer.{}.output.dense",        "layers.{}.mlp.down"},
    {"encoder.layer.{}.output.LayerNorm",    "layers.{}.mlp_norm"},
    {"pooler.dense",                         "pooler.dense"},
};
// clang-format on

constexpr absl::string_view kBuffers[] = {"embeddings.position_ids"};

constexpr EncoderKeys Keys() {
  EncoderKeys keys;
  keys.vocab_size.default_value = 30527;
  keys.type_vocab_size = {"", 0};
  keys.pad_token_id.default_value = 1;
  return keys;
}

// Fixed in the class, whatever the config says.
constexpr int64_t kPaddingId = 1;
constexpr int64_t kNumBuckets = 32;
constexpr int64_t kMaxTableRows = int64_t{1} << 20;

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(Architecture out, ParseEncoder(config, Keys(), model_class));
  RelativeBias& bias = out.stack.block.attention.relative_bias;
  bias.num_buckets = kNumBuckets;
  ASSIGN_OR_RETURN(bias.table_rows,
                   config.Int("relative_attention_num_buckets", kNumBuckets,
                              kNumBuckets, kMaxTableRows));
  RETURN_IF_ERROR(SetRobertaPositions(kPaddingId, out));
  SetRobertaHead(model_class.head, out);
  return out;
}

}  // namespace

extern const Family kMpNet = {
    kModelTypes, kClasses, /*base_prefix=*/"mpnet.", kBase, kRobertaHeads,
    kBuffers,    Parse};

}  // namespace transformerd
