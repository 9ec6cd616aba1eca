#include "server/services/text_rows.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "proto/tensor_codec.h"

namespace transformerd {
namespace {

constexpr char kText[] = "text";
constexpr char kTextPair[] = "text_pair";

absl::Status Refuse(absl::string_view field, absl::string_view message) {
  return WithField(absl::InvalidArgumentError(message), field);
}

// "text 3" or "text_pair 3".
std::string Place(absl::string_view field, int64_t row) {
  return absl::StrCat(field, " ", row);
}

absl::Status CheckCount(absl::string_view field, int64_t count) {
  if (count <= kMaxTexts) return absl::OkStatus();
  return Refuse(field, absl::StrCat(count, " texts, expected at most ",
                                    kMaxTexts, " in a call"));
}

absl::Status CheckSizes(absl::string_view field,
                        const std::vector<std::string>& texts) {
  for (size_t i = 0; i < texts.size(); ++i) {
    if (static_cast<int64_t>(texts[i].size()) <= kMaxTextBytes) continue;
    return Refuse(field,
                  absl::StrCat(Place(field, static_cast<int64_t>(i)), " has ",
                               texts[i].size(), " bytes, expected at most ",
                               kMaxTextBytes));
  }
  return absl::OkStatus();
}

absl::Status CheckVocabulary(const TokenRow& tokens,
                             const Signature& signature) {
  const int64_t vocabulary = signature.FindInput("input_ids")->limit;
  for (const int64_t id : tokens.ids) {
    if (id < vocabulary) continue;
    return absl::FailedPreconditionError(absl::StrCat(
        "token ", id, ", but the model's vocabulary ends at ", vocabulary - 1,
        ": tokenizer.json does not fit the model"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> DecodeTexts(
    const inference::ModelInferRequest& request, int index) {
  const auto& input = request.inputs(index);
  ASSIGN_OR_RETURN(const Shape shape, DecodeShape(input));
  const bool is_column = shape.size() == 2 && shape[1] == 1;
  if ((shape.size() != 1 && !is_column) || shape[0] < 1) {
    return Refuse(
        input.name(),
        absl::StrCat("input '", input.name(), "': shape ", ToString(shape),
                     ", expected [batch] or [batch,1], batch at least 1"));
  }
  RETURN_IF_ERROR(CheckCount(input.name(), shape[0]));
  return DecodeBytesInput(request, index);
}

}  // namespace

TextRow TextRows::row(int64_t i) const {
  TextRow row;
  row.text = texts[i];
  if (!pairs.empty()) row.pair = pairs[i];
  return row;
}

absl::Status CheckTextRows(const TextRows& rows) {
  if (rows.texts.empty()) {
    return Refuse(kText, "no text, expected at least one");
  }
  RETURN_IF_ERROR(CheckCount(kText, rows.size()));
  RETURN_IF_ERROR(CheckSizes(kText, rows.texts));
  RETURN_IF_ERROR(CheckSizes(kTextPair, rows.pairs));
  if (rows.pairs.empty() || rows.pairs.size() == rows.texts.size()) {
    return absl::OkStatus();
  }
  return Refuse(kTextPair,
                absl::StrCat(rows.pairs.size(), " in text_pair, expected ",
                             rows.texts.size(), ", as in text"));
}

absl::StatusOr<TextRows> ReadTextRows(
    const inference::ModelInferRequest& request) {
  TextRows rows;
  for (int i = 0; i < request.inputs_size(); ++i) {
    const std::string& name = request.inputs(i).name();
    if (name == kText) {
      ASSIGN_OR_RETURN(rows.texts, DecodeTexts(request, i));
    } else if (name == kTextPair) {
      ASSIGN_OR_RETURN(rows.pairs, DecodeTexts(request, i));
    } else {
      return Refuse(name, absl::StrCat("input '", name,
                                       "' beside text, expected either tokens "
                                       "or text"));
    }
  }
  return rows;
}

absl::Status AnnotateRow(const absl::Status& status, int64_t i) {
  const std::string field = FieldOf(status);
  return Annotate(status, Place(field.empty() ? kText : field, i));
}

absl::StatusOr<TokenRow> EncodeRow(const TextRows& rows, int64_t i,
                                   const Tokenizer& tokenizer,
                                   const Signature& signature) {
  const int64_t limit = signature.max_text_tokens;
  absl::StatusOr<TokenRow> tokens = tokenizer.Encode(rows.row(i), limit);
  if (!tokens.ok()) return AnnotateRow(tokens.status(), i);
  const auto length = static_cast<int64_t>(tokens->ids.size());
  // Special tokens alone may be too many to be cut to the limit.
  if (length > limit ||
      (length < tokens->untruncated_length && !rows.truncate)) {
    return Refuse(
        kText,
        absl::StrCat(Place(kText, i), " has ", tokens->untruncated_length,
                     " tokens, the model takes at most ", limit,
                     "; parameter 'truncate' set to true cuts longer ones"));
  }
  if (length == 0) {
    return Refuse(kText, absl::StrCat(Place(kText, i),
                                      " has no tokens, expected at least one"));
  }
  RETURN_IF_ERROR(
      Annotate(CheckVocabulary(*tokens, signature), Place(kText, i)));
  return tokens;
}

void AppendRows(const std::vector<TokenRow>& rows, const Signature& signature,
                InferenceInput& input) {
  // A model with one type has none, whatever the tokenizer says.
  const InputSpec* types = signature.FindInput("token_type_ids");
  const bool has_types = types != nullptr && types->limit > 1;
  input.batch = static_cast<int64_t>(rows.size());
  for (const TokenRow& row : rows) {
    const auto length = static_cast<int64_t>(row.ids.size());
    input.lengths.push_back(length);
    input.width = std::max(input.width, length);
    input.input_ids.insert(input.input_ids.end(), row.ids.begin(),
                           row.ids.end());
    if (!has_types) continue;
    for (const int64_t type : row.type_ids) {
      input.token_type_ids.push_back(std::min(type, types->limit - 1));
    }
  }
}

}  // namespace transformerd
