// A module of AllenNLP's toolkit as a family.
#pragma once

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/families/family.h"

namespace transformerd {

inline constexpr absl::string_view kSeedModelTypes[] = {"allennlp"};

// Without rules: the slots have AllenNLP's names themselves.
constexpr Family SeedFamily(absl::Span<const ModelClass> classes,
                            decltype(Family::parse) parse,
                            const BareModule& bare) {
  Family family = {};
  family.model_types = kSeedModelTypes;
  family.classes = classes;
  family.parse = parse;
  family.bare = &bare;
  return family;
}

}  // namespace transformerd
