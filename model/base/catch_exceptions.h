// Where exceptions of libraries end: a thread's body must let none out.
#pragma once

#include <exception>
#include <new>
#include <utility>

#include "absl/status/status.h"
#include "model/base/error_details.h"

namespace transformerd {

// Calls `function`, which returns a Status or a StatusOr, and turns what it
// throws into one: RESOURCE_EXHAUSTED with reason RESOURCE_LIMIT where memory
// ran out, else INTERNAL with the exception's text.
template <typename Function>
auto CatchExceptions(Function&& function) -> decltype(function()) {
  try {
    return std::forward<Function>(function)();
  } catch (const std::bad_alloc&) {
    return WithReason(absl::ResourceExhaustedError("out of memory"),
                      Reason::kResourceLimit);
  } catch (const std::exception& error) {
    return absl::InternalError(error.what());
  }
}

}  // namespace transformerd
