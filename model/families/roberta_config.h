// What RoBERTa and the families that took its positions and heads have in
// common.
#pragma once

#include <array>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/families/family.h"
#include "model/families/heads.h"

namespace transformerd {

// What a family calls RoBERTa's classes.
struct RobertaClassNames {
  absl::string_view base, sequence, token, question, masked_lm;
};

// Only the base has a pooler.
constexpr std::array<ModelClass, 5> RobertaClasses(
    const RobertaClassNames& names) {
  return {{{names.base, HeadKind::kNone, /*pooler=*/true},
           {names.sequence, HeadKind::kSequenceClassification,
            /*pooler=*/false},
           {names.token, HeadKind::kTokenClassification, /*pooler=*/false},
           {names.question, HeadKind::kQuestionAnswering, /*pooler=*/false},
           {names.masked_lm, HeadKind::kMaskedLm, /*pooler=*/false}}};
}

// clang-format off
inline constexpr ParameterRule kRobertaHeads[] = {
    {"classifier.dense",    "head.sequence_dense"},
    {"classifier.out_proj", "head.sequence_classifier"},
    {"classifier",          "head.token_classifier"},
    {"qa_outputs",          "head.span_classifier"},
    {"lm_head.dense",       "head.transform"},
    {"lm_head.layer_norm",  "head.transform_norm"},
    {"lm_head.decoder",     "head.decoder"},
    {"lm_head",             "head.decoder"},
};
// clang-format on

// Positions begin behind `pad`, the padding id. CONFIG_INVALID where none is
// left.
inline absl::Status SetRobertaPositions(int64_t pad, Architecture& out) {
  const int64_t rows = out.stack.embedding.position_rows;
  out.position_rule = PositionRule::kAfterPadding;
  out.pad_token_id = pad;
  // The first token has position pad + 1.
  out.max_sequence_length = rows - pad - 1;
  if (out.max_sequence_length >= 1) return absl::OkStatus();
  return LoadError(Reason::kConfigInvalid,
                   absl::StrCat("config.json: max_position_embeddings=", rows,
                                " leaves no position behind padding id ", pad,
                                ", expected at least ", pad + 2));
}

// The heads that are not BERT's; `kind` is that of the class.
inline void SetRobertaHead(HeadKind kind, Architecture& out) {
  if (kind == HeadKind::kSequenceClassification) {
    out.head = FirstTokenHead(Activation::kTanh);
  } else if (kind == HeadKind::kMaskedLm) {
    out.head.activation = Activation::kGelu;  // whatever hidden_act says
  }
}

}  // namespace transformerd
