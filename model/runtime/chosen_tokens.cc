#include "model/runtime/chosen_tokens.h"

#include <algorithm>

#include "glog/logging.h"

namespace transformerd {
namespace {

template <typename Predicate>
std::vector<int64_t> LastOf(const PackedRows& rows, const Predicate& counts) {
  std::vector<int64_t> last;
  for (int64_t s = 0; s < rows.num_sequences(); ++s) {
    const int64_t first = rows.sequence_offsets[s];
    int64_t token = rows.sequence_offsets[s + 1] - 1;
    while (token >= first && !counts(token)) --token;
    last.push_back(std::max(token, first));
  }
  return last;
}

}  // namespace

std::vector<int64_t> FirstTokens(const PackedRows& rows) {
  return std::vector<int64_t>(rows.sequence_offsets.begin(),
                              rows.sequence_offsets.end() - 1);
}

std::vector<int64_t> LastTokens(const PackedRows& rows,
                                std::optional<int64_t> pad_token_id) {
  return LastOf(rows, [&](int64_t token) {
    return rows.input_ids[token] != pad_token_id;
  });
}

std::vector<int64_t> LastVisibleTokens(const PackedRows& rows) {
  return LastOf(rows,
                [&](int64_t token) { return rows.attention_mask[token] != 0; });
}

std::vector<int64_t> EndsOfText(const PackedRows& rows,
                                std::optional<int64_t> end_of_text) {
  std::vector<int64_t> ends;
  for (int64_t s = 0; s < rows.num_sequences(); ++s) {
    const auto begin = rows.input_ids.begin() + rows.sequence_offsets[s];
    const auto end = begin + rows.length(s);
    auto found = end_of_text ? std::find(begin, end, *end_of_text)
                             : std::max_element(begin, end);
    if (found == end) found = begin;
    ends.push_back(found - rows.input_ids.begin());
  }
  return ends;
}

std::vector<int64_t> TokensAtLast(const PackedRows& rows, int64_t id,
                                  const PackedRows& tokens) {
  std::vector<int64_t> places =
      LastOf(rows, [&](int64_t token) { return rows.input_ids[token] == id; });
  for (int64_t s = 0; s < rows.num_sequences(); ++s) {
    const int64_t place = places[s] - rows.sequence_offsets[s];
    CHECK_EQ(rows.input_ids[places[s]], id);
    CHECK_LT(place, tokens.length(s));
    places[s] = tokens.sequence_offsets[s] + place;
  }
  return places;
}

}  // namespace transformerd
