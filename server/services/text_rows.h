// The texts of a request on their way to rows of tokens.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/runtime/inference.h"
#include "model/runtime/signature.h"
#include "model/text/tokenizer.h"
#include "proto/inference.pb.h"

namespace transformerd {

// Longer texts are refused before they cost memory: a tokenizer needs a hundred
// to two hundred times their size. Far above what any model takes.
inline constexpr int64_t kMaxTextBytes = 1 << 20;

// So are more texts in one request, whose answer would fit no message.
inline constexpr int64_t kMaxTexts = 1 << 20;

struct TextRows {
  std::vector<std::string> texts;
  std::vector<std::string> pairs;  // none, or one for each text
  // Whether texts that are too long are cut or refused.
  bool truncate = false;

  int64_t size() const { return static_cast<int64_t>(texts.size()); }
  TextRow row(int64_t i) const;
};

// INVALID_ARGUMENT, with field "text" or "text_pair", unless there is at least
// one text, neither they nor one of them are too much to be looked at, and
// pairs, if any, are as many as texts.
absl::Status CheckTextRows(const TextRows& rows);

// The inputs "text" and "text_pair" of a request, BYTES of shape [batch] or
// [batch, 1]. INVALID_ARGUMENT for other inputs beside them, datatypes and
// shapes.
absl::StatusOr<TextRows> ReadTextRows(
    const inference::ModelInferRequest& request);

// A tokenizer's error with the place of the text: "text_pair 3: not UTF-8".
absl::Status AnnotateRow(const absl::Status& status, int64_t i);

// Tokens of row `i`. INVALID_ARGUMENT, naming the row, for text that is not
// UTF-8, for more tokens than `signature` allows (unless they may be cut), and
// for a token that the model has no embedding for.
absl::StatusOr<TokenRow> EncodeRow(const TextRows& rows, int64_t i,
                                   const Tokenizer& tokenizer,
                                   const Signature& signature);

// Puts all rows of a request behind each other, as wide as the longest one;
// `input` has the outputs already.
void AppendRows(const std::vector<TokenRow>& rows, const Signature& signature,
                InferenceInput& input);

}  // namespace transformerd
