#include "server/lifecycle/parameter_values.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace transformerd {
namespace parameter_values {
namespace {

constexpr int64_t kMaxInt64 = std::numeric_limits<int64_t>::max();

// For messages: the value as JSON, cut and free of control characters.
std::string Shown(const Json& value) {
  constexpr size_t kShown = 80;
  std::string text = value.dump(-1, ' ', /*ensure_ascii=*/true,
                                Json::error_handler_t::replace);
  if (text.size() > kShown) text = text.substr(0, kShown) + "...";
  return text;
}

}  // namespace

absl::Status Expected(const Json& value, absl::string_view what) {
  return absl::InvalidArgumentError(
      absl::StrCat("is ", Shown(value), ", expected ", what));
}

Json ParseJson(absl::string_view text) {
  constexpr int kMaxDepth = 32;
  std::map<int, std::set<std::string>> keys;  // of the open object of a depth
  bool valid = true;
  const auto watch = [&](int depth, Json::parse_event_t event,
                         const Json& value) {
    if (depth > kMaxDepth) return valid = false;
    if (event == Json::parse_event_t::object_start) keys[depth + 1].clear();
    if (event == Json::parse_event_t::key &&
        !keys[depth].insert(value.get<std::string>()).second) {
      valid = false;
    }
    return true;
  };
  Json value = Json::parse(text.begin(), text.end(), watch,
                           /*allow_exceptions=*/false);
  return valid ? value : Json(Json::value_t::discarded);
}

absl::StatusOr<std::string> Text(const Json& value) {
  if (!value.is_string()) return Expected(value, "a string");
  return value.get<std::string>();
}

absl::StatusOr<bool> Bool(const Json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value == "true") return true;
  if (value == "false") return false;
  return Expected(value, "true or false");
}

absl::StatusOr<int64_t> Integer(const Json& value, int64_t min, int64_t max) {
  int64_t number = -1;
  const bool is_number =
      value.is_number_unsigned()
          ? value.get<uint64_t>() <= static_cast<uint64_t>(kMaxInt64)
          : value.is_number_integer();
  const bool valid =
      is_number ||
      (value.is_string() &&
       absl::SimpleAtoi(value.get_ref<const std::string&>(), &number));
  if (is_number) number = value.get<int64_t>();
  if (!valid || number < min || number > max) {
    return Expected(value, absl::StrCat("an integer from ", min, " to ", max));
  }
  return number;
}

Json Spelled(const Json& value) {
  return value.is_string() ? ParseJson(value.get_ref<const std::string&>())
                           : value;
}

absl::StatusOr<std::vector<std::string>> Strings(const Json& value) {
  const Json list = Spelled(value);
  const auto is_string = [](const Json& item) { return item.is_string(); };
  if (!list.is_array() || !std::all_of(list.begin(), list.end(), is_string)) {
    return Expected(value, "a JSON list of strings");
  }
  return list.get<std::vector<std::string>>();
}

absl::StatusOr<std::string> Object(const Json& value) {
  const Json object = Spelled(value);
  if (!object.is_object()) return Expected(value, "a JSON object");
  return object.dump(-1, ' ', /*ensure_ascii=*/false,
                     Json::error_handler_t::replace);
}

absl::StatusOr<std::vector<std::string>> NameOrNames(const Json& value) {
  if (value.is_string() &&
      !absl::StartsWith(value.get_ref<const std::string&>(), "[")) {
    return std::vector<std::string>{value.get<std::string>()};
  }
  const absl::StatusOr<std::vector<std::string>> names = Strings(value);
  if (!names.ok()) {
    return Expected(value, "a string or a JSON list of strings");
  }
  return names;
}

absl::StatusOr<std::vector<Renaming>> Renamings(const Json& value) {
  // Each is compared with each key of a checkpoint.
  constexpr size_t kMaxRenamings = 1024;
  const Json object = Spelled(value);
  if (!object.is_object() || object.size() > kMaxRenamings) {
    return Expected(value, absl::StrCat("a JSON object of at most ",
                                        kMaxRenamings, " names"));
  }
  std::vector<Renaming> renamings;
  for (const auto& [from, to] : object.items()) {
    if (from.empty() || !to.is_string() || to == "") {
      return Expected(value, "names to names, none of them empty");
    }
    renamings.push_back({from, to.get<std::string>()});
  }
  return renamings;
}

absl::StatusOr<absl::Duration> Delay(const Json& value) {
  absl::Duration delay;
  if (!value.is_string() ||
      !absl::ParseDuration(value.get_ref<const std::string&>(), &delay) ||
      delay < absl::ZeroDuration() || delay == absl::InfiniteDuration()) {
    return Expected(value, "a duration such as \"5ms\"");
  }
  return delay;
}

}  // namespace parameter_values
}  // namespace transformerd
