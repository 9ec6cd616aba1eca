#include "server/nearest_name.h"

#include <algorithm>
#include <vector>

namespace transformerd {
namespace {

// Names from requests may be long; none that is known is.
constexpr size_t kMaxLength = 64;

// Levenshtein's distance, one row of the table at a time.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string NearestName(absl::string_view name,
                        absl::Span<const absl::string_view> candidates) {
  if (name.size() > kMaxLength) return "";
  absl::string_view nearest;
  size_t best = kMaxLength;
  for (const absl::string_view candidate : candidates) {
    const size_t edits = EditDistance(name, candidate);
    if (edits < best && edits * 3 < candidate.size()) {
      best = edits;
      nearest = candidate;
    }
  }
  return std::string(nearest);
}

}  // namespace transformerd
