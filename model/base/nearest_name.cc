#include "model/base/nearest_name.h"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace transformerd {
namespace {

constexpr size_t kMaxLength = 200;
constexpr size_t kMaxCandidates = 4000;

// How many characters are replaced, added, removed or swapped with their
// neighbour between `a` and `b` (the optimal string alignment distance), or
// limit + 1 where it is more than `limit`. Only the cells near the diagonal
// that can hold a value up to `limit` are computed.
int EditDistance(absl::string_view a, absl::string_view b, int limit) {
  const int rows = static_cast<int>(a.size());
  const int columns = static_cast<int>(b.size());
  if (std::abs(rows - columns) > limit) return limit + 1;
  const int too_far = limit + 1;
  std::vector<int> above(columns + 1), row(columns + 1, too_far);
  std::vector<int> two_above(columns + 1, too_far);
  for (int j = 0; j <= columns; ++j) above[j] = j;
  for (int i = 1; i <= rows; ++i) {
    const int first = std::max(1, i - limit);
    const int last = std::min(columns, i + limit);
    row[first - 1] = first == 1 ? i : too_far;
    int best = row[first - 1];
    for (int j = first; j <= last; ++j) {
      const int replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      const int removed = j == i + limit ? too_far : above[j] + 1;
      row[j] = std::min({replaced, removed, row[j - 1] + 1});
      const bool is_swap =
          i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (is_swap) row[j] = std::min(row[j], two_above[j - 2] + 1);
      best = std::min(best, row[j]);
    }
    if (best > limit) return too_far;
    std::swap(two_above, above);
    std::swap(above, row);
  }
  return std::min(above[columns], too_far);
}

}  // namespace

absl::string_view NearestName(absl::string_view name,
                              absl::Span<const absl::string_view> candidates) {
  if (name.size() > kMaxLength) return "";
  absl::string_view nearest;
  int limit = static_cast<int>(name.size() / 3);
  for (const absl::string_view candidate :
       candidates.subspan(0, kMaxCandidates)) {
    if (limit < 0) break;
    if (candidate.size() > kMaxLength) continue;
    const int distance = EditDistance(name, candidate, limit);
    if (distance > limit) continue;
    nearest = candidate;
    limit = distance - 1;  // only a better one replaces it
  }
  return nearest;
}

}  // namespace transformerd
