#include "model/families/config_fields.h"

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr int64_t kMaxLabels = int64_t{1} << 20;

}  // namespace

absl::Status ReadDimension(const ConfigReader& config, const ConfigKey& key,
                           int64_t min, int64_t max, int64_t& value) {
  ASSIGN_OR_RETURN(value, config.Int(key.key, key.default_value, min, max));
  return absl::OkStatus();
}

absl::Status ReadLabels(const ConfigReader& config, Architecture& out) {
  ASSIGN_OR_RETURN(out.labels, config.IndexedStrings("id2label"));
  // As in transformers, where both are given the names count.
  const int64_t named = static_cast<int64_t>(out.labels.size());
  ASSIGN_OR_RETURN(out.num_labels, config.Int("num_labels", 2, 1, kMaxLabels));
  if (named > 0) out.num_labels = named;
  return absl::OkStatus();
}

absl::Status CheckDivides(absl::string_view divisor_key, int64_t divisor,
                          absl::string_view dividend_key, int64_t dividend) {
  if (dividend % divisor == 0) return absl::OkStatus();
  return LoadError(
      Reason::kConfigInvalid,
      absl::StrCat("config.json: ", divisor_key, "=", divisor,
                   " does not divide ", dividend_key, "=", dividend));
}

}  // namespace transformerd
