#include "client/commands/text_table.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace transformerd {
namespace {

constexpr size_t kGap = 2;           // Between columns.
constexpr size_t kLeastShrunk = 16;  // Less would say nothing.
constexpr absl::string_view kCutMark = "...";

bool StartsCharacter(unsigned char byte) { return (byte & 0xC0) != 0x80; }

// Characters rather than bytes, so that names in UTF-8 stay aligned.
size_t Width(absl::string_view text) {
  return std::count_if(text.begin(), text.end(), StartsCharacter);
}

// `text` cut to `width` characters, its mark included.
std::string Shortened(absl::string_view text, size_t width) {
  if (Width(text) <= width) return std::string(text);
  size_t left = width - kCutMark.size();
  size_t end = 0;
  while (left > 0 || !StartsCharacter(text[end])) {
    if (StartsCharacter(text[end])) --left;
    ++end;
  }
  return absl::StrCat(text.substr(0, end), kCutMark);
}

}  // namespace

void TextTable::AddRow(std::vector<std::string> cells) {
  for (std::string& cell : cells) {
    cell = absl::StrReplaceAll(WithoutControls(cell), {{"\n", " "}});
  }
  rows_.push_back(std::move(cells));
}

std::string TextTable::ToString() const { return ToString(Widths()); }

std::string TextTable::ToString(size_t shrinking, int line_width) const {
  std::vector<size_t> widths = Widths();
  if (shrinking < widths.size()) {
    const size_t all =
        std::accumulate(widths.begin(), widths.end(), size_t{0}) +
        kGap * (widths.size() - 1);
    const size_t wanted = static_cast<size_t>(std::max(line_width, 0));
    const size_t surplus = all > wanted ? all - wanted : 0;
    size_t& width = widths[shrinking];
    const size_t least = std::min(width, kLeastShrunk);
    width = width > surplus + least ? width - surplus : least;
  }
  return ToString(widths);
}

std::vector<size_t> TextTable::Widths() const {
  std::vector<size_t> widths;
  for (const auto& row : rows_) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) {
      widths[i] = std::max(widths[i], Width(row[i]));
    }
  }
  return widths;
}

std::string TextTable::ToString(const std::vector<size_t>& widths) const {
  std::string text;
  for (const auto& row : rows_) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      const std::string cell = Shortened(row[i], widths[i]);
      const size_t padding = widths[i] - Width(cell) + kGap;
      absl::StrAppend(&line, cell, std::string(padding, ' '));
    }
    absl::StripTrailingAsciiWhitespace(&line);
    absl::StrAppend(&text, line, "\n");
  }
  return text;
}

std::string WithoutControls(absl::string_view text) {
  std::string printable(text);
  for (char& c : printable) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c)) && c != '\n') {
      c = ' ';
    }
  }
  return printable;
}

}  // namespace transformerd
