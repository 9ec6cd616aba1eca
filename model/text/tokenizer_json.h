// Tokenizers from Hugging Face's tokenizer.json.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/text/tokenizer.h"

namespace transformerd {

struct TokenizerOptions {
  // Texts are lower-cased before the tokenizer sees them; offsets then count in
  // what comes out.
  bool lower_case = false;
};

// From the text of a tokenizer.json, whose truncation and padding are ignored:
// how long a row may be is the model's matter. Errors are of reason
// CONFIG_INVALID and name no file.
absl::StatusOr<std::unique_ptr<Tokenizer>> ParseTokenizer(
    absl::string_view json, const TokenizerOptions& options);

// From tokenizer.json in a model's folder; null where there is no such file.
absl::StatusOr<std::unique_ptr<Tokenizer>> ReadTokenizer(
    const std::string& model_directory, const TokenizerOptions& options);

}  // namespace transformerd
