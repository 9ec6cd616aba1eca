#include "server/lifecycle/repository_errors.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "model/base/error_details.h"
#include "server/lifecycle/model_name.h"

namespace transformerd {
namespace {

// After which a caller may look again whether a load or an unload is over.
constexpr absl::Duration kRetryDelay = absl::Seconds(1);

}  // namespace

absl::Status ModelBusy(absl::string_view name, absl::string_view what) {
  return WithRetryDelay(absl::UnavailableError(absl::StrCat(
                            "model ", QuotedName(name), " ", what)),
                        kRetryDelay);
}

absl::Status ShuttingDown() {
  return WithRetryDelay(absl::UnavailableError("the daemon is shutting down"),
                        kRetryDelay);
}

absl::Status UnknownModel(absl::string_view name) {
  return absl::NotFoundError(
      absl::StrCat("model ", QuotedName(name), " is not in the repository"));
}

absl::Status UnknownVersion(absl::string_view name, absl::string_view version) {
  return absl::NotFoundError(absl::StrCat(
      "model ", QuotedName(name), " has no version ", QuotedName(version)));
}

}  // namespace transformerd
