// Columns for people.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace transformerd {

// Cells aligned to the left, columns two spaces apart. Cells come from servers
// as well: control characters, which could steer a terminal, become spaces.
class TextTable {
 public:
  // A row may have fewer cells than others.
  void AddRow(std::vector<std::string> cells);

  // A line for each row, without spaces at its end.
  std::string ToString() const;
  // The same with the cells of column `shrinking` cut so that lines fit into
  // `line_width` characters, as far as that leaves 16 of a cell.
  std::string ToString(size_t shrinking, int line_width) const;

 private:
  // Of each column, in characters.
  std::vector<size_t> Widths() const;
  std::string ToString(const std::vector<size_t>& widths) const;

  std::vector<std::vector<std::string>> rows_;
};

// `text` without control characters, but with its newlines.
std::string WithoutControls(absl::string_view text);

}  // namespace transformerd
