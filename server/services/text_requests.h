// What the calls of TextService have in common.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/lifecycle/model_handle.h"
#include "server/services/text_rows.h"

namespace transformerd {

inline constexpr absl::string_view kTextServiceName =
    "transformerd.v1.TextService";

// FAILED_PRECONDITION where the model has no tokenizer.
inline absl::Status CheckTakesText(const ModelHandle& handle) {
  if (handle.model().tokenizer() != nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "model '", handle.name(),
      "' takes no text: there is no tokenizer.json in its folder"));
}

// The texts of a request that has a repeated field `text`.
template <typename Request>
TextRows TextsOf(const Request& request) {
  TextRows rows;
  rows.texts.assign(request.text().begin(), request.text().end());
  return rows;
}

}  // namespace transformerd
