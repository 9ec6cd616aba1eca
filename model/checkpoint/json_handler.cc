#include "model/checkpoint/json_handler.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace transformerd {

bool JsonHandler::null() { return Unexpected("null"); }
bool JsonHandler::boolean(bool) { return Unexpected("a bool"); }
bool JsonHandler::number_integer(number_integer_t value) {
  return Unexpected(absl::StrCat(value));
}
bool JsonHandler::number_unsigned(number_unsigned_t value) {
  return Unexpected(absl::StrCat(value));
}
bool JsonHandler::number_float(number_float_t value, const string_t&) {
  return Unexpected(absl::StrCat(value));
}
bool JsonHandler::string(string_t&) { return Unexpected("a string"); }
bool JsonHandler::binary(binary_t&) { return Unexpected("bytes"); }
bool JsonHandler::start_object(std::size_t) { return Unexpected("an object"); }
bool JsonHandler::key(string_t&) { return Unexpected("a key"); }
bool JsonHandler::end_object() { return Unexpected("the end of an object"); }
bool JsonHandler::start_array(std::size_t) { return Unexpected("a list"); }
bool JsonHandler::end_array() { return Unexpected("the end of a list"); }

bool JsonHandler::parse_error(std::size_t position, const std::string&,
                              const nlohmann::json::exception&) {
  return Refuse(
      LoadError(invalid_, absl::StrCat("not valid JSON at byte ", position)));
}

bool JsonHandler::Refuse(absl::Status error) {
  status_ = std::move(error);
  return false;
}

bool JsonHandler::Unexpected(absl::string_view found) {
  return Refuse(LoadError(
      invalid_, absl::StrCat("found ", found, ", expected ", Expected())));
}

}  // namespace transformerd
