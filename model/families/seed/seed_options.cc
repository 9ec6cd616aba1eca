#include "model/families/seed/seed_options.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"

namespace transformerd {

absl::Status RefuseOtherScores(const ConfigReader& config,
                               std::initializer_list<absl::string_view> keys) {
  constexpr char kServed[] = "scaled_dot_product";
  for (const absl::string_view key : keys) {
    ASSIGN_OR_RETURN(const std::string name, config.String(key, kServed));
    if (name == kServed) continue;
    return LoadError(Reason::kUnsupported,
                     absl::StrCat("config.json: ", key, "=", Quoted(name),
                                  ", expected ", Quoted(kServed)));
  }
  return absl::OkStatus();
}

absl::Status RefuseSet(const ConfigReader& config, absl::string_view key,
                       absl::string_view why) {
  ASSIGN_OR_RETURN(const bool is_set, config.Bool(key, false));
  if (!is_set) return absl::OkStatus();
  return LoadError(
      Reason::kUnsupported,
      absl::StrCat("config.json: ", key, "=true, expected false: ", why));
}

}  // namespace transformerd
