// The parameter names of LLaMA, which many decoder families kept.
#pragma once

#include "model/families/family.h"

namespace transformerd {

// clang-format off
inline constexpr ParameterRule kLlamaParameters[] = {
    {"embed_tokens",                        "embeddings.token"},
    {"layers.{}.self_attn.q_proj",          "layers.{}.attention.query"},
    {"layers.{}.self_attn.k_proj",          "layers.{}.attention.key"},
    {"layers.{}.self_attn.v_proj",          "layers.{}.attention.value"},
    {"layers.{}.self_attn.o_proj",          "layers.{}.attention.output"},
    {"layers.{}.input_layernorm",           "layers.{}.attention_norm"},
    {"layers.{}.mlp.gate_proj",             "layers.{}.mlp.gate"},
    {"layers.{}.mlp.up_proj",               "layers.{}.mlp.up"},
    {"layers.{}.mlp.down_proj",             "layers.{}.mlp.down"},
    {"layers.{}.post_attention_layernorm",  "layers.{}.mlp_norm"},
    {"norm",                                "final_norm"},
};

inline constexpr ParameterRule kLlamaHeads[] = {
    {"lm_head", "head.decoder"},
    {"score",   "head.sequence_classifier"},
    {"score",   "head.token_classifier"},
};

// Of families that have a class for question answering as well.
inline constexpr ParameterRule kLlamaHeadsWithSpans[] = {
    {"lm_head",    "head.decoder"},
    {"score",      "head.sequence_classifier"},
    {"score",      "head.token_classifier"},
    {"qa_outputs", "head.span_classifier"},
};
// clang-format on

// Frequencies, which older releases saved.
inline constexpr absl::string_view kLlamaBuffers[] = {
    "rotary_emb.inv_freq", "layers.{}.self_attn.rotary_emb.inv_freq"};

// Of the class for question answering, where it has a prefix of its own.
inline constexpr absl::string_view kLlamaOtherPrefixes[] = {"transformer."};

}  // namespace transformerd
