// The parameter names of T5.
#pragma once

#include "model/families/family.h"

namespace transformerd {

// clang-format off
inline constexpr ParameterRule kT5Parameters[] = {
    {"shared",                                                "shared"},
    {"encoder.embed_tokens",                                  "embeddings.token"},
    {"encoder.block.0.layer.0.SelfAttention.relative_attention_bias",
                                                              "relative_bias"},
    {"encoder.block.{}.layer.0.layer_norm",                   "layers.{}.attention_norm"},
    {"encoder.block.{}.layer.0.SelfAttention.q",              "layers.{}.attention.query"},
    {"encoder.block.{}.layer.0.SelfAttention.k",              "layers.{}.attention.key"},
    {"encoder.block.{}.layer.0.SelfAttention.v",              "layers.{}.attention.value"},
    {"encoder.block.{}.layer.0.SelfAttention.o",              "layers.{}.attention.output"},
    {"encoder.block.{}.layer.1.layer_norm",                   "layers.{}.mlp_norm"},
    {"encoder.block.{}.layer.1.DenseReluDense.wi_0",          "layers.{}.mlp.gate"},
    {"encoder.block.{}.layer.1.DenseReluDense.wi_1",          "layers.{}.mlp.up",
     RuleKind::kModule,                                       /*beside=*/"layers.{}.mlp.gate"},
    {"encoder.block.{}.layer.1.DenseReluDense.wi",            "layers.{}.mlp.up"},
    {"encoder.block.{}.layer.1.DenseReluDense.wo",            "layers.{}.mlp.down"},
    {"encoder.final_layer_norm",                              "final_norm"},
    {"decoder.embed_tokens",                                  "decoder.embeddings.token"},
    {"decoder.block.0.layer.0.SelfAttention.relative_attention_bias",
                                                              "decoder.relative_bias"},
    {"decoder.block.{}.layer.0.layer_norm",                   "decoder.layers.{}.attention_norm"},
    {"decoder.block.{}.layer.0.SelfAttention.q",              "decoder.layers.{}.attention.query"},
    {"decoder.block.{}.layer.0.SelfAttention.k",              "decoder.layers.{}.attention.key"},
    {"decoder.block.{}.layer.0.SelfAttention.v",              "decoder.layers.{}.attention.value"},
    {"decoder.block.{}.layer.0.SelfAttention.o",              "decoder.layers.{}.attention.output"},
    {"decoder.block.{}.layer.1.layer_norm",                   "decoder.layers.{}.cross_attention_norm"},
    {"decoder.block.{}.layer.1.EncDecAttention.q",            "decoder.layers.{}.cross_attention.query"},
    {"decoder.block.{}.layer.1.EncDecAttention.k",            "decoder.layers.{}.cross_attention.key"},
    {"decoder.block.{}.layer.1.EncDecAttention.v",            "decoder.layers.{}.cross_attention.value"},
    {"decoder.block.{}.layer.1.EncDecAttention.o",            "decoder.layers.{}.cross_attention.output"},
    {"decoder.block.{}.layer.2.layer_norm",                   "decoder.layers.{}.mlp_norm"},
    {"decoder.block.{}.layer.2.DenseReluDense.wi_0",          "decoder.layers.{}.mlp.gate"},
    {"decoder.block.{}.layer.2.DenseReluDense.wi_1",          "decoder.layers.{}.mlp.up",
     RuleKind::kModule,                                       /*beside=*/"decoder.layers.{}.mlp.gate"},
    {"decoder.block.{}.layer.2.DenseReluDense.wi",            "decoder.layers.{}.mlp.up"},
    {"decoder.block.{}.layer.2.DenseReluDense.wo",            "decoder.layers.{}.mlp.down"},
    {"decoder.final_layer_norm",                              "decoder.final_norm"},
};

inline constexpr ParameterRule kT5Heads[] = {
    {"lm_head",                      "head.decoder"},
    {"classification_head.dense",    "head.sequence_dense"},
    {"classification_head.out_proj", "head.sequence_classifier"},
    {"classifier",                   "head.token_classifier"},
    {"qa_outputs",                   "head.span_classifier"},
};
// clang-format on

// Cross attention has no bias by distance; files of the first release have one.
inline constexpr absl::string_view kT5Buffers[] = {
    "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight"};

}  // namespace transformerd
