// Messages of transformerd.v1 as JSON for scripts.
#pragma once

#include "google/protobuf/message.h"
#include "nlohmann/json.hpp"

namespace transformerd {

// By the names of the .proto file, with all fields that a reader may count on:
// numbers are numbers (protobuf's own JSON makes texts of int64), enums their
// names, durations seconds. Messages that are not set are left out.
nlohmann::json AsJson(const google::protobuf::Message& message);

}  // namespace transformerd
