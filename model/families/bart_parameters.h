// The parameter names of BART.
#pragma once

#include "model/families/family.h"

namespace transformerd {

// clang-format off
inline constexpr ParameterRule kBartParameters[] = {
    {"shared",                                    "shared"},
    {"encoder.embed_tokens",                      "embeddings.token"},
    {"encoder.embed_positions",                   "embeddings.position"},
    {"encoder.layernorm_embedding",               "embeddings.norm"},
    {"encoder.layers.{}.self_attn.q_proj",        "layers.{}.attention.query"},
    {"encoder.layers.{}.self_attn.k_proj",        "layers.{}.attention.key"},
    {"encoder.layers.{}.self_attn.v_proj",        "layers.{}.attention.value"},
    {"encoder.layers.{}.self_attn.out_proj",      "layers.{}.attention.output"},
    {"encoder.layers.{}.self_attn_layer_norm",    "layers.{}.attention_norm"},
    {"encoder.layers.{}.fc1",                     "layers.{}.mlp.up"},
    {"encoder.layers.{}.fc2",                     "layers.{}.mlp.down"},
    {"encoder.layers.{}.final_layer_norm",        "layers.{}.mlp_norm"},
    {"decoder.embed_tokens",                      "decoder.embeddings.token"},
    {"decoder.embed_positions",                   "decoder.embeddings.position"},
    {"decoder.layernorm_embedding",               "decoder.embeddings.norm"},
    {"decoder.layers.{}.self_attn.q_proj",        "decoder.layers.{}.attention.query"},
    {"decoder.layers.{}.self_attn.k_proj",        "decoder.layers.{}.attention.key"},
    {"decoder.layers.{}.self_attn.v_proj",        "decoder.layers.{}.attention.value"},
    {"decoder.layers.{}.self_attn.out_proj",      "decoder.layers.{}.attention.output"},
    {"decoder.layers.{}.self_attn_layer_norm",    "decoder.layers.{}.attention_norm"},
    {"decoder.layers.{}.encoder_attn.q_proj",     "decoder.layers.{}.cross_attention.query"},
    {"decoder.layers.{}.encoder_attn.k_proj",     "decoder.layers.{}.cross_attention.key"},
    {"decoder.layers.{}.encoder_attn.v_proj",     "decoder.layers.{}.cross_attention.value"},
    {"decoder.layers.{}.encoder_attn.out_proj",   "decoder.layers.{}.cross_attention.output"},
    {"decoder.layers.{}.encoder_attn_layer_norm", "decoder.layers.{}.cross_attention_norm"},
    {"decoder.layers.{}.fc1",                     "decoder.layers.{}.mlp.up"},
    {"decoder.layers.{}.fc2",                     "decoder.layers.{}.mlp.down"},
    {"decoder.layers.{}.final_layer_norm",        "decoder.layers.{}.mlp_norm"},
};

inline constexpr ParameterRule kBartHeads[] = {
    {"lm_head",                      "head.decoder"},
    {"final_logits_bias",            "head.late_bias", RuleKind::kParameter},
    {"classification_head.dense",    "head.sequence_dense"},
    {"classification_head.out_proj", "head.sequence_classifier"},
    {"qa_outputs",                   "head.span_classifier"},
};
// clang-format on

inline constexpr absl::string_view kBartBuffers[] = {"encoder.version",
                                                     "decoder.version"};

}  // namespace transformerd
