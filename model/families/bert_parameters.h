// The parameter names of BERT's encoder, which many families kept.
#pragma once

#include "model/families/family.h"

namespace transformerd {

// clang-format off
inline constexpr ParameterRule kBertParameters[] = {
    {"embeddings.word_embeddings",                  "embeddings.token"},
    {"embeddings.position_embeddings",              "embeddings.position"},
    {"embeddings.token_type_embeddings",            "embeddings.token_type"},
    {"embeddings.LayerNorm",                        "embeddings.norm"},
    {"encoder.layer.{}.attention.self.query",       "layers.{}.attention.query"},
    {"encoder.layer.{}.attention.self.key",         "layers.{}.attention.key"},
    {"encoder.layer.{}.attention.self.value",       "layers.{}.attention.value"},
    {"encoder.layer.{}.attention.output.dense",     "layers.{}.attention.output"},
    {"encoder.layer.{}.attention.output.LayerNorm", "layers.{}.attention_norm"},
    {"encoder.layer.{}.intermediate.dense",         "layers.{}.mlp.up"},
    {"encoder.layer.{}.output.dense",               "layers.{}.mlp.down"},
    {"encoder.layer.{}.output.LayerNorm",           "layers.{}.mlp_norm"},
    {"pooler.dense",                                "pooler.dense"},
};
// clang-format on

// Never trained, but in the files of older releases.
inline constexpr absl::string_view kBertBuffers[] = {
    "embeddings.position_ids", "embeddings.token_type_ids"};

}  // namespace transformerd
