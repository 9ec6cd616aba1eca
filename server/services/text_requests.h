// What the calls of TextService have in common.
#pragma once

#include <iterator>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_field.h"
#include "server/lifecycle/model_handle.h"

namespace transformerd {

// FAILED_PRECONDITION where the model has no tokenizer.
inline absl::Status CheckTakesText(const ModelHandle& handle) {
  if (handle.model().tokenizer() != nullptr) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "model '", handle.name(),
      "' takes no text: there is no tokenizer.json in its folder"));
}

// Takes strings out of a message.
inline std::vector<std::string> TakeStrings(
    google::protobuf::RepeatedPtrField<std::string>* field) {
  return {std::make_move_iterator(field->begin()),
          std::make_move_iterator(field->end())};
}

}  // namespace transformerd
