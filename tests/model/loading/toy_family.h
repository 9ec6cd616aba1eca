// A family with one of each kind of rule.
#pragma once

#include "absl/strings/string_view.h"
#include "model/families/family.h"

namespace transformerd {

inline constexpr ParameterRule kToyBase[] = {
    {"embeddings.words", "embeddings.token"},
    {"encoder.layer.{}.attention", "layers.{}.attention"},
    {"encoder.layer.{}.norm", "layers.{}.norm"},
    {"pooler.dense", "pooler.dense"},
};

// The decoder has two names, and the other head is of no use to most models.
inline constexpr ParameterRule kToyHeads[] = {
    {"cls.decoder", "head.decoder"},
    {"cls.old", "head.decoder"},
    {"qa", "head.qa"},
};

inline constexpr absl::string_view kToyBuffers[] = {
    "embeddings.position_ids", "encoder.layer.{}.attention.mask"};

inline constexpr absl::string_view kToyOtherPrefixes[] = {"plaything."};

inline Family ToyFamily() {
  Family family = {};
  family.base_prefix = "toy.";
  family.base_parameters = kToyBase;
  family.head_parameters = kToyHeads;
  family.buffers = kToyBuffers;
  family.other_prefixes = kToyOtherPrefixes;
  return family;
}

}  // namespace transformerd
