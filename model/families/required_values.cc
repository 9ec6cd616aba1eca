#include "model/families/required_values.h"

#include <algorithm>
#include <limits>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

absl::Status Unsupported(const ConfigReader& config, absl::string_view key,
                         absl::string_view found, absl::string_view expected) {
  return LoadError(Reason::kUnsupported,
                   absl::StrCat(config.source_name(), ": ", key, "=", found,
                                ", expected ", expected));
}

absl::string_view NameOf(bool value) { return value ? "true" : "false"; }

}  // namespace

absl::Status RequireBool(const ConfigReader& config, absl::string_view key,
                         bool expected) {
  ASSIGN_OR_RETURN(const bool found, config.Bool(key, expected));
  if (found == expected) return absl::OkStatus();
  return Unsupported(config, key, NameOf(found), NameOf(expected));
}

absl::Status RequireString(const ConfigReader& config, absl::string_view key,
                           absl::string_view expected) {
  return ReadChoice(config, key, {expected}).status();
}

absl::StatusOr<int> ReadChoice(
    const ConfigReader& config, absl::string_view key,
    std::initializer_list<absl::string_view> choices) {
  ASSIGN_OR_RETURN(const std::string found,
                   config.String(key, *choices.begin()));
  const auto match = std::find(choices.begin(), choices.end(), found);
  if (match != choices.end()) return static_cast<int>(match - choices.begin());
  return Unsupported(
      config, key, Quoted(found),
      absl::StrJoin(choices, " or ",
                    [](std::string* out, absl::string_view choice) {
                      absl::StrAppend(out, Quoted(choice));
                    }));
}

absl::Status RequireAbsent(const ConfigReader& config, absl::string_view key) {
  if (!config.Has(key)) return absl::OkStatus();
  return LoadError(
      Reason::kUnsupported,
      absl::StrCat(config.source_name(), ": ", key, " is set, expected null"));
}

absl::Status RequireInt(const ConfigReader& config, absl::string_view key,
                        int64_t expected) {
  using Limits = std::numeric_limits<int64_t>;
  ASSIGN_OR_RETURN(const int64_t found,
                   config.Int(key, expected, Limits::min(), Limits::max()));
  if (found == expected) return absl::OkStatus();
  return Unsupported(config, key, absl::StrCat(found), absl::StrCat(expected));
}

absl::Status RequireDouble(const ConfigReader& config, absl::string_view key,
                           double expected) {
  constexpr double kMax = std::numeric_limits<double>::max();
  ASSIGN_OR_RETURN(const double found,
                   config.Double(key, expected, -kMax, kMax));
  if (found == expected) return absl::OkStatus();
  return Unsupported(config, key, absl::StrCat(found), absl::StrCat(expected));
}

}  // namespace transformerd
