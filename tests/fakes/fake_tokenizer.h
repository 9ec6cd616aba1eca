// A tokenizer whose tokens a test can work out by hand.
#pragma once

#include <functional>
#include <utility>

#include "model/text/tokenizer.h"

namespace transformerd {

// Every word, as separated by single spaces, is one token: a number is its own
// id, any other word has its length as id. 1 stands before a text and 2 behind
// it: "7 abc" is 1 7 3 2; the pair ("7", "8") is 1 7 2 8 2 with types 0 0 0
// 1 1. Cuts take the last tokens before the final 2. Bytes over 0x7f are not
// UTF-8 here, and the word "panic" makes it fail.
class FakeTokenizer : public Tokenizer {
 public:
  // Calls `on_row` before each row.
  explicit FakeTokenizer(std::function<void()> on_row = [] {})
      : on_row_(std::move(on_row)) {}

  bool takes_pairs() const override { return true; }
  absl::StatusOr<TokenRow> Encode(const TextRow& row,
                                  int64_t max_tokens) const override;
  absl::StatusOr<DetailedTokenRow> EncodeWithDetails(
      const TextRow& row) const override;

 private:
  const std::function<void()> on_row_;
};

}  // namespace transformerd
