// How JSON is printed.
#pragma once

#include <string>

#include "nlohmann/json.hpp"

namespace transformerd {

// One line with its newline. Bytes that are no UTF-8 are replaced, never an
// error: they come from servers.
inline std::string JsonText(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}

}  // namespace transformerd
