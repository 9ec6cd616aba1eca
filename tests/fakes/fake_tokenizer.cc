#include "tests/fakes/fake_tokenizer.h"

#include <algorithm>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr int64_t kBegin = 1;
constexpr int64_t kEnd = 2;

void Append(int64_t id, int64_t type, absl::string_view token, int64_t begin,
            int64_t end, DetailedTokenRow& row) {
  row.row.ids.push_back(id);
  row.row.type_ids.push_back(type);
  row.tokens.emplace_back(token);
  row.offsets.push_back({begin, end});
}

absl::Status AppendText(absl::string_view text, const char* field, int64_t type,
                        DetailedTokenRow& row) {
  const auto is_ascii = [](char byte) { return (byte & 0x80) == 0; };
  if (!std::all_of(text.begin(), text.end(), is_ascii)) {
    return WithField(absl::InvalidArgumentError("not UTF-8: a byte over 0x7f"),
                     field);
  }
  for (absl::string_view word : absl::StrSplit(text, ' ', absl::SkipEmpty())) {
    if (word == "panic") {
      return absl::InternalError("the tokenizer failed: panic");
    }
    int64_t id = 0;
    if (!absl::SimpleAtoi(word, &id)) id = static_cast<int64_t>(word.size());
    const int64_t begin = word.data() - text.data();
    Append(id, type, word, begin, begin + static_cast<int64_t>(word.size()),
           row);
  }
  Append(kEnd, type, "[end]", 0, 0, row);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DetailedTokenRow> FakeTokenizer::EncodeWithDetails(
    const TextRow& row) const {
  on_row_();
  DetailedTokenRow tokens;
  Append(kBegin, 0, "[begin]", 0, 0, tokens);
  RETURN_IF_ERROR(AppendText(row.text, "text", 0, tokens));
  if (row.pair.has_value()) {
    RETURN_IF_ERROR(AppendText(*row.pair, "text_pair", 1, tokens));
  }
  tokens.row.untruncated_length = static_cast<int64_t>(tokens.row.ids.size());
  return tokens;
}

absl::StatusOr<TokenRow> FakeTokenizer::Encode(const TextRow& row,
                                               int64_t max_tokens) const {
  ASSIGN_OR_RETURN(const DetailedTokenRow tokens, EncodeWithDetails(row));
  TokenRow cut = tokens.row;
  while (static_cast<int64_t>(cut.ids.size()) > max_tokens) {
    cut.ids.erase(cut.ids.end() - 2);
    cut.type_ids.erase(cut.type_ids.end() - 2);
  }
  return cut;
}

}  // namespace transformerd
