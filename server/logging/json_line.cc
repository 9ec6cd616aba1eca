#include "server/logging/json_line.h"

#include "absl/strings/strip.h"
#include "nlohmann/json.hpp"

namespace transformerd {

std::string ToJsonLine(const LogLine& line, const LogFields* fields) {
  absl::string_view message = line.message;
  if (fields != nullptr) absl::ConsumeSuffix(&message, fields->Text());
  nlohmann::ordered_json json;
  json["time"] = absl::FormatTime("%Y-%m-%d%ET%H:%M:%E6SZ", line.time,
                                  absl::UTCTimeZone());
  json["severity"] = std::string(line.severity);
  json["message"] = std::string(message);
  if (fields != nullptr) {
    for (const auto& [name, value] : fields->pairs()) json[name] = value;
  }
  json["file"] = std::string(line.file);
  json["line"] = line.line;
  json["thread"] = line.thread;
  return json.dump(-1, ' ', false,
                   nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace transformerd
