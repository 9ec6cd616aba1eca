#include "client/load_parameters.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/json_util.h"
#include "model/base/error_details.h"
#include "model/base/nearest_name.h"
#include "model/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace transformerd {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::json;

absl::Status Refuse(absl::string_view name, absl::string_view problem) {
  return WithField(absl::InvalidArgumentError(
                       absl::StrCat("load parameter '", name, "' ", problem)),
                   name);
}

absl::Status Unknown(const std::string& name, const Descriptor& message) {
  std::vector<absl::string_view> names;
  for (int i = 0; i < message.field_count(); ++i) {
    names.push_back(message.field(i)->name());
  }
  const absl::string_view nearest = NearestName(name, names);
  return Refuse(
      name, nearest.empty()
                ? "is unknown"
                : absl::StrCat("is unknown; did you mean '", nearest, "'?"));
}

json Plain(const Parameter& parameter) {
  return std::visit([](const auto& value) { return json(value); }, parameter);
}

// Text of these fields is JSON, or for lists one element.
absl::StatusOr<json> ReadText(const FieldDescriptor& field,
                              const std::string& text) {
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool is_object =
      field.is_map() ||
      (field.message_type() != nullptr && !field.is_repeated() &&
       field.message_type()->name() == "Struct");
  if (is_object) {
    if (value.is_object()) return value;
    return Refuse(field.name(), "is not a JSON object");
  }
  if (value.is_array()) return value;
  if (field.message_type() != nullptr) {
    return Refuse(field.name(), "is not a JSON list");
  }
  return json::array({text});
}

absl::StatusOr<json> ValueFor(const FieldDescriptor& field,
                              const Parameter& parameter) {
  const auto* const text = std::get_if<std::string>(&parameter);
  if (field.is_repeated() || field.message_type() != nullptr) {
    if (text != nullptr) return ReadText(field, *text);
    return Refuse(field.name(), "is of the wrong type, expected JSON");
  }
  const json value = Plain(parameter);
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      if (value.is_boolean()) return value;
      return Refuse(field.name(), "is not true or false");
    case FieldDescriptor::CPPTYPE_INT64:
      if (value.is_number_integer()) return value;
      return Refuse(field.name(), "is not an integer");
    default:
      if (value.is_string()) return value;
      return json(value.dump());  // "1" is a text as well
  }
}

}  // namespace

absl::StatusOr<v1::LoadParameters> ToLoadParameters(
    const Parameters& parameters) {
  const Descriptor& descriptor = *v1::LoadParameters::descriptor();
  json object = json::object();
  for (const auto& [name, parameter] : parameters) {
    const FieldDescriptor* const field = descriptor.FindFieldByName(name);
    if (field == nullptr) return Unknown(name, descriptor);
    ASSIGN_OR_RETURN(object[name], ValueFor(*field, parameter));
  }
  v1::LoadParameters message;
  const auto parsed = google::protobuf::util::JsonStringToMessage(
      object.dump(-1, ' ', false, json::error_handler_t::replace), &message);
  if (!parsed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("load parameters: ", parsed.ToString()));
  }
  return message;
}

}  // namespace transformerd
