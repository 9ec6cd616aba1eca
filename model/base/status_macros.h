// Early return on errors, for functions that return absl::Status or
// absl::StatusOr.
//
//   RETURN_IF_ERROR(reader.Open());
//   ASSIGN_OR_RETURN(Architecture architecture, Parse(config));
//
// Both expand to several statements: brace the body of an `if` around them.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define TRANSFORMERD_CONCAT_IMPL(a, b) a##b
#define TRANSFORMERD_CONCAT(a, b) TRANSFORMERD_CONCAT_IMPL(a, b)

#define RETURN_IF_ERROR(expression)                                  \
  do {                                                               \
    absl::Status return_if_error_status = (expression);              \
    if (!return_if_error_status.ok()) return return_if_error_status; \
  } while (false)

#define ASSIGN_OR_RETURN(declaration, expression)                  \
  ASSIGN_OR_RETURN_IMPL(TRANSFORMERD_CONCAT(status_or_, __LINE__), \
                        declaration, expression)

#define ASSIGN_OR_RETURN_IMPL(status_or, declaration, expression) \
  auto status_or = (expression);                                  \
  if (!status_or.ok()) return std::move(status_or).status();      \
  declaration = *std::move(status_or)
