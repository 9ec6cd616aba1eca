// What the calls of TextService have in common.
#pragma once

#include <iterator>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"
#include "model/base/status_macros.h"
#include "server/lifecycle/model_handle.h"

namespace transformerd {

// FAILED_PRECONDITION where the model has no tokenizer.
inline absl::Status CheckHasTokenizer(const ModelHandle& handle) {
  if (handle.model().tokenizer() != nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "model '", handle.name(),
      "' takes no text: there is no tokenizer.json in its folder"));
}

// The same where it cannot answer to text alone.
inline absl::Status CheckTakesText(const ModelHandle& handle) {
  RETURN_IF_ERROR(CheckHasTokenizer(handle));
  if (handle.model().signature().FindInput("text") != nullptr) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat("model '", handle.name(), "' takes no text: it is a ",
                   handle.model().architecture().class_name,
                   ", which needs more than the tokens of a text"));
}

// Takes strings out of a message.
inline std::vector<std::string> TakeStrings(
    google::protobuf::RepeatedPtrField<std::string>* field) {
  return {std::make_move_iterator(field->begin()),
          std::make_move_iterator(field->end())};
}

}  // namespace transformerd
