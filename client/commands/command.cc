#include "client/commands/command.h"

#include "absl/strings/cord.h"
#include "absl/types/optional.h"

namespace transformerd {
namespace {

constexpr absl::string_view kUsagePayload = "transformerctl/usage";
constexpr absl::string_view kHintPayload = "transformerctl/hint";

}  // namespace

const std::vector<std::string>& CommandLine::Values(
    const std::string& flag) const {
  static const auto* const kNone = new std::vector<std::string>();
  const auto found = flags.find(flag);
  return found == flags.end() ? *kNone : found->second;
}

CallOptions CommandLine::LongCall() const {
  if (!Values("timeout").empty()) return {connection.default_timeout};
  return {absl::InfiniteDuration()};
}

absl::Status UsageError(absl::string_view message) {
  absl::Status status = absl::InvalidArgumentError(message);
  status.SetPayload(kUsagePayload, absl::Cord());
  return status;
}

bool IsUsageError(const absl::Status& status) {
  return status.GetPayload(kUsagePayload).has_value();
}

absl::Status WithHint(absl::Status status, absl::string_view hint) {
  status.SetPayload(kHintPayload, absl::Cord(hint));
  return status;
}

std::string HintOf(const absl::Status& status) {
  const absl::optional<absl::Cord> hint = status.GetPayload(kHintPayload);
  return hint.has_value() ? std::string(*hint) : "";
}

}  // namespace transformerd
