// Text to the tokens of a model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace transformerd {

// What one row of a model is made of. The bytes belong to somebody else.
struct TextRow {
  absl::string_view text;
  std::optional<absl::string_view> pair;
};

// A row as a model takes it, special tokens included.
struct TokenRow {
  std::vector<int64_t> ids;
  // One a token: 0 for the text, 1 for its pair, as far as the tokenizer tells
  // them apart.
  std::vector<int64_t> type_ids;
  // Tokens before any were cut off.
  int64_t untruncated_length = 0;
};

// A row with what people want to know of its tokens.
struct DetailedTokenRow {
  // [begin, end) in code points of the text, or of the pair; [0, 0) for special
  // tokens.
  struct Offset {
    int64_t begin = 0;
    int64_t end = 0;
  };

  TokenRow row;
  // One a token, like the ids.
  std::vector<std::string> tokens;
  std::vector<Offset> offsets;
};

// Immutable and thread-safe.
class Tokenizer {
 public:
  virtual ~Tokenizer() = default;

  // Whether it sets the two texts of a pair apart.
  virtual bool takes_pairs() const = 0;

  // Rows of more than `max_tokens` are cut: special tokens stay, the longer
  // text loses its end first. INVALID_ARGUMENT for text that is not UTF-8 (see
  // FieldOf: "text" or "text_pair"), INTERNAL where the tokenizer fails.
  virtual absl::StatusOr<TokenRow> Encode(const TextRow& row,
                                          int64_t max_tokens) const = 0;

  // The same, uncut, with details.
  virtual absl::StatusOr<DetailedTokenRow> EncodeWithDetails(
      const TextRow& row) const = 0;
};

}  // namespace transformerd
