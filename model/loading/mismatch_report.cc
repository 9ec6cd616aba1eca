#include "model/loading/mismatch_report.h"

#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/base/error_details.h"
#include "model/base/nearest_name.h"

namespace transformerd {
namespace {

// A gRPC client with default settings drops statuses whose metadata is over
// 8 KB, some proxies over 4 KB. The message travels twice, the second time in
// the details and in base64, and callers put their own words before it.
constexpr size_t kMaxMessageBytes = 1400;
constexpr size_t kMaxKeysOfAKind = 10;
constexpr size_t kMaxKeyBytes = 160;  // escaped; longer ones are cut
// Of the full report: a hostile file may hold millions of keys.
constexpr size_t kMaxReportBytes = size_t{1} << 20;

// One kind of mismatch, in words.
struct Section {
  absl::string_view kind;
  Reason reason;
  std::vector<std::string> lines;  // a key and what is wrong with it
  std::vector<std::string> hints;  // one a line, for the first lines only
};

// What comes from a file: no control characters, no endless names.
std::string Printable(absl::string_view text) {
  std::string out = absl::CEscape(text.substr(0, kMaxKeyBytes + 1));
  if (out.size() > kMaxKeyBytes) {
    out.resize(kMaxKeyBytes);
    out += "...";
  }
  return out;
}

Section MakeSection(absl::string_view kind, Reason reason,
                    const std::vector<std::string>& keys,
                    absl::Span<const std::string> candidates) {
  Section section = {kind, reason};
  const std::vector<absl::string_view> names(candidates.begin(),
                                             candidates.end());
  for (const std::string& key : keys) {
    section.lines.push_back(Printable(key));
    if (section.hints.size() < kMaxKeysOfAKind) {
      section.hints.push_back(Printable(NearestName(key, names)));
    }
  }
  return section;
}

Section MakeSection(absl::string_view kind, Reason reason,
                    const std::vector<Misfit>& misfits) {
  Section section = {kind, reason};
  for (const Misfit& misfit : misfits) {
    section.lines.push_back(absl::StrCat(Printable(misfit.key), ": file ",
                                         Printable(misfit.file), ", model ",
                                         misfit.model));
  }
  return section;
}

std::vector<Section> SectionsOf(const MismatchReport& report) {
  std::vector<Section> sections;
  if (!report.missing.empty()) {
    sections.push_back(MakeSection("missing", Reason::kMissingKey,
                                   report.missing, report.unclaimed_keys));
  }
  if (!report.unexpected.empty()) {
    sections.push_back(MakeSection("unexpected", Reason::kUnexpectedKey,
                                   report.unexpected, report.model_keys));
  }
  if (!report.shapes.empty()) {
    sections.push_back(
        MakeSection("shape", Reason::kShapeMismatch, report.shapes));
  }
  if (!report.dtypes.empty()) {
    sections.push_back(
        MakeSection("dtype", Reason::kDtypeMismatch, report.dtypes));
  }
  return sections;
}

// "3 missing (a, b [nearest: c], ...)", in at most about `budget` bytes; the
// first key is always there.
std::string Summarize(const Section& section, size_t budget) {
  std::string out = absl::StrCat(section.lines.size(), " ", section.kind, " (");
  size_t shown = 0;
  for (; shown < section.lines.size() && shown < kMaxKeysOfAKind; ++shown) {
    std::string entry = section.lines[shown];
    if (shown < section.hints.size() && !section.hints[shown].empty()) {
      absl::StrAppend(&entry, " [nearest: ", section.hints[shown], "]");
    }
    if (shown > 0 && out.size() + entry.size() > budget) break;
    absl::StrAppend(&out, shown > 0 ? ", " : "", entry);
  }
  absl::StrAppend(&out, shown < section.lines.size() ? ", ...)" : ")");
  return out;
}

std::string FullReport(absl::string_view headline,
                       const std::vector<Section>& sections) {
  std::string out(headline);
  for (const Section& section : sections) {
    for (size_t i = 0; i < section.lines.size(); ++i) {
      if (out.size() > kMaxReportBytes) {
        absl::StrAppend(&out, "\n", section.lines.size() - i, " more ",
                        section.kind);
        break;
      }
      absl::StrAppend(&out, "\n", section.kind, ": ", section.lines[i]);
    }
  }
  return out;
}

}  // namespace

absl::Status ToStatus(const MismatchReport& report) {
  const std::vector<Section> sections = SectionsOf(report);
  if (sections.empty()) return absl::OkStatus();
  const std::string headline = absl::StrCat(
      "checkpoint does not fit the architecture ", report.architecture, ": ");
  const size_t budget = (kMaxMessageBytes - headline.size()) / sections.size();
  std::string message = headline;
  for (const Section& section : sections) {
    absl::StrAppend(&message, message.size() > headline.size() ? ", " : "",
                    Summarize(section, budget));
  }
  return WithFullReport(LoadError(sections.front().reason, message),
                        FullReport(message, sections));
}

}  // namespace transformerd
