#include "client/commands/text_hint.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/commands/command.h"
#include "model/base/error_details.h"

namespace transformerd {

absl::Status WithTextHint(absl::Status status) {
  // Servers say when to try again, and why a load was refused.
  if (RetryDelayOf(status).has_value() || ReasonOf(status).has_value()) {
    return status;
  }
  switch (status.code()) {
    case absl::StatusCode::kFailedPrecondition:
      return WithHint(
          std::move(status),
          "texts need the tokenizer.json that came with the checkpoint in the "
          "model's folder; `transformerctl infer` takes ids");
    case absl::StatusCode::kUnimplemented:
      return WithHint(std::move(status),
                      "this server does not speak transformerd.v1.TextService; "
                      "`transformerctl infer` sends texts to models with a "
                      "BYTES input");
    case absl::StatusCode::kResourceExhausted:
      return WithHint(std::move(status), "send fewer or shorter texts at once");
    default:
      return status;
  }
}

absl::Status WithTruncateHint(absl::Status status, absl::string_view flag) {
  // The length of a text is the one thing that is counted in tokens.
  if (!absl::IsInvalidArgument(status) ||
      !absl::StrContains(status.message(), "tokens")) {
    return status;
  }
  return WithHint(std::move(status),
                  absl::StrCat(flag,
                               " cuts texts that are longer than the model "
                               "takes"));
}

}  // namespace transformerd
