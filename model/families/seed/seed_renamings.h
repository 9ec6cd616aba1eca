// What the modules of AllenNLP's toolkit rename in keys of Hugging Face: the
// tables of parts that several modules have.
#pragma once

#include "absl/types/span.h"
#include "model/families/family.h"

namespace transformerd {

// clang-format off
inline constexpr ModuleRenaming kSelfAttentionRenamings[] = {
    {"", "layer",       "layers"},
    {"", "q_lin",       "query"},
    {"", "k_lin",       "key"},
    {"", "v_lin",       "value"},
    {"", "out_lin",     "output"},
    {"", "transformer", "encoder"},
};

inline constexpr ModuleRenaming kNormRenamings[] = {
    {"", "gamma", "weight"},
    {"", "beta",  "bias"},
};

inline constexpr ModuleRenaming kOutputRenamings[] = {
    {"",           "LayerNorm", "layer_norm"},
    {"layer_norm", "gamma",     "weight"},
    {"layer_norm", "beta",      "bias"},
};

inline constexpr ModuleRenaming kAttentionLayerRenamings[] = {
    {"",                  "layer",       "layers"},
    {"self",              "layer",       "layers"},
    {"self",              "q_lin",       "query"},
    {"self",              "k_lin",       "key"},
    {"self",              "v_lin",       "value"},
    {"self",              "out_lin",     "output"},
    {"self",              "transformer", "encoder"},
    {"output",            "LayerNorm",   "layer_norm"},
    {"output.layer_norm", "gamma",       "weight"},
    {"output.layer_norm", "beta",        "bias"},
};

inline constexpr ModuleRenaming kLayerRenamings[] = {
    {"", "layer",               "layers"},
    {"", "intermediate_act_fn", "act_fn"},
    {"", "crossattention",      "cross_attention"},
};

inline constexpr ModuleRenaming kTextEmbeddingsRenamings[] = {
    {"", "LayerNorm",                               "layer_norm"},
    {"", "word_embeddings",                         "embeddings.word_embeddings"},
    {"", "position_embeddings",                     "embeddings.position_embeddings"},
    {"", "token_type_embeddings",                   "embeddings.token_type_embeddings"},
    {"", "albert.embeddings.LayerNorm",             "layer_norm"},
    {"", "albert.embeddings.word_embeddings",       "embeddings.word_embeddings"},
    {"", "albert.embeddings.position_embeddings",   "embeddings.position_embeddings"},
    {"", "albert.embeddings.token_type_embeddings", "embeddings.token_type_embeddings"},
    {"", "albert.encoder.embedding_hidden_mapping_in", "linear_transform"},
};

inline constexpr ModuleRenaming kConnectionRenamings[] = {
    {"", "biAttention", "bimodal_attention"},
    {"", "biOutput",    "bimodal_output"},
};
// clang-format on

}  // namespace transformerd
