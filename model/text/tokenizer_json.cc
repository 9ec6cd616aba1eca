#include "model/text/tokenizer_json.h"

#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/regular_file.h"
#include "model/base/status_macros.h"
#include "model/text/tokenizer_ffi/tokenizer_ffi.h"

namespace transformerd {
namespace {

constexpr char kFileName[] = "tokenizer.json";
// Several times that of the largest vocabularies on the hub.
constexpr int64_t kMaxFileBytes = 256 << 20;

TransformerdText ToFfi(absl::string_view text) {
  return {text.data(), text.size()};
}

std::string TakeMessage(char* error) {
  if (error == nullptr) return "no reason given";
  std::string message = error;
  transformerd_tokenizer_free_error(error);
  return message;
}

struct TokensDeleter {
  void operator()(TransformerdTokens* tokens) const {
    transformerd_tokens_free(tokens);
  }
};
using Tokens = std::unique_ptr<TransformerdTokens, TokensDeleter>;

absl::Status EncodeError(TransformerdTokenizerOutcome outcome,
                         const std::string& message) {
  switch (outcome) {
    case kTokenizerTextNotUtf8:
    case kTokenizerPairNotUtf8:
      return WithField(
          absl::InvalidArgumentError(absl::StrCat("not UTF-8: ", message)),
          outcome == kTokenizerTextNotUtf8 ? "text" : "text_pair");
    default:
      return absl::InternalError(
          absl::StrCat("the tokenizer failed: ", message));
  }
}

TokenRow ToRow(const TransformerdTokensView& view) {
  TokenRow row;
  row.ids.assign(view.ids, view.ids + view.length);
  row.type_ids.assign(view.type_ids, view.type_ids + view.length);
  row.untruncated_length = static_cast<int64_t>(view.untruncated_length);
  return row;
}

class FfiTokenizer : public Tokenizer {
 public:
  // Takes ownership.
  explicit FfiTokenizer(TransformerdTokenizer* tokenizer)
      : tokenizer_(tokenizer),
        takes_pairs_(transformerd_tokenizer_takes_pairs(tokenizer)) {}
  ~FfiTokenizer() override { transformerd_tokenizer_free(tokenizer_); }
  FfiTokenizer(const FfiTokenizer&) = delete;
  FfiTokenizer& operator=(const FfiTokenizer&) = delete;

  bool takes_pairs() const override { return takes_pairs_; }

  absl::StatusOr<TokenRow> Encode(const TextRow& row,
                                  int64_t max_tokens) const override {
    ASSIGN_OR_RETURN(const Tokens tokens,
                     Call(row, static_cast<size_t>(max_tokens), false));
    return ToRow(transformerd_tokens_view(tokens.get()));
  }

  absl::StatusOr<DetailedTokenRow> EncodeWithDetails(
      const TextRow& row) const override {
    ASSIGN_OR_RETURN(const Tokens tokens,
                     Call(row, std::numeric_limits<size_t>::max(), true));
    const TransformerdTokensView view = transformerd_tokens_view(tokens.get());
    DetailedTokenRow detailed;
    detailed.row = ToRow(view);
    for (size_t i = 0; i < view.length; ++i) {
      const TransformerdText token = transformerd_tokens_text(tokens.get(), i);
      detailed.tokens.emplace_back(token.begin, token.length);
      detailed.offsets.push_back({static_cast<int64_t>(view.offsets[i][0]),
                                  static_cast<int64_t>(view.offsets[i][1])});
    }
    return detailed;
  }

 private:
  absl::StatusOr<Tokens> Call(const TextRow& row, size_t max_tokens,
                              bool with_details) const {
    const TransformerdText pair = ToFfi(row.pair.value_or(""));
    TransformerdTokens* tokens = nullptr;
    char* error = nullptr;
    const TransformerdTokenizerOutcome outcome = transformerd_tokenizer_encode(
        tokenizer_, ToFfi(row.text), row.pair.has_value() ? &pair : nullptr,
        max_tokens, with_details, &tokens, &error);
    if (outcome != kTokenizerOk) {
      return EncodeError(outcome, TakeMessage(error));
    }
    return Tokens(tokens);
  }

  TransformerdTokenizer* const tokenizer_;
  const bool takes_pairs_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Tokenizer>> ParseTokenizer(
    absl::string_view json, const TokenizerOptions& options) {
  TransformerdTokenizer* tokenizer = nullptr;
  char* error = nullptr;
  if (transformerd_tokenizer_create(ToFfi(json), options.lower_case, &tokenizer,
                                    &error) != kTokenizerOk) {
    return LoadError(Reason::kConfigInvalid, TakeMessage(error));
  }
  return std::make_unique<FfiTokenizer>(tokenizer);
}

absl::StatusOr<std::unique_ptr<Tokenizer>> ReadTokenizer(
    const std::string& model_directory, const TokenizerOptions& options) {
  const absl::StatusOr<std::string> json = ReadRegularFile(
      absl::StrCat(model_directory, "/", kFileName), kMaxFileBytes);
  if (absl::IsNotFound(json.status())) return std::unique_ptr<Tokenizer>();
  if (!json.ok()) {
    return LoadError(Reason::kConfigInvalid,
                     absl::StrCat(kFileName, ": ", json.status().message()));
  }
  absl::StatusOr<std::unique_ptr<Tokenizer>> tokenizer =
      ParseTokenizer(*json, options);
  if (!tokenizer.ok()) return Annotate(tokenizer.status(), kFileName);
  return tokenizer;
}

}  // namespace transformerd
