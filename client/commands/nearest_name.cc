#include "client/commands/nearest_name.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace transformerd {
namespace {

// Letters to insert, delete or replace (Levenshtein), one row at a time.
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

absl::string_view NearestName(absl::string_view given,
                              const std::vector<absl::string_view>& names) {
  absl::string_view nearest;
  size_t fewest = given.size();
  for (absl::string_view name : names) {
    const size_t distance = EditDistance(given, name);
    // One letter in three, but two swapped letters even in a short name.
    const size_t limit = std::max<size_t>(2, name.size() / 3);
    if (distance <= limit && distance < fewest) {
      nearest = name;
      fewest = distance;
    }
  }
  return nearest;
}

}  // namespace transformerd
