#include "client/commands/message_json.h"

#include <string>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/duration.pb.h"

namespace transformerd {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using nlohmann::json;

// Reads a field, or element `index` of a repeated one, by its C++ type.
class FieldReader {
 public:
  FieldReader(const Message& message, const FieldDescriptor& field)
      : message_(message),
        reflection_(*message.GetReflection()),
        field_(field) {}

  json Read() const {
    switch (field_.cpp_type()) {
      case FieldDescriptor::CPPTYPE_BOOL:
        return reflection_.GetBool(message_, &field_);
      case FieldDescriptor::CPPTYPE_INT32:
        return reflection_.GetInt32(message_, &field_);
      case FieldDescriptor::CPPTYPE_INT64:
        return reflection_.GetInt64(message_, &field_);
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return reflection_.GetDouble(message_, &field_);
      case FieldDescriptor::CPPTYPE_ENUM:
        return reflection_.GetEnum(message_, &field_)->name();
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return AsJson(reflection_.GetMessage(message_, &field_));
      default:
        return reflection_.GetString(message_, &field_);
    }
  }

  // Repeated fields are of messages or texts, maps from text to text.
  json ReadAll() const {
    const int size = reflection_.FieldSize(message_, &field_);
    json all = field_.is_map() ? json::object() : json::array();
    for (int i = 0; i < size; ++i) {
      if (field_.is_map()) {
        const json entry =
            AsJson(reflection_.GetRepeatedMessage(message_, &field_, i));
        all[entry["key"].get<std::string>()] = entry["value"];
      } else if (field_.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        all.push_back(
            AsJson(reflection_.GetRepeatedMessage(message_, &field_, i)));
      } else {
        all.push_back(reflection_.GetRepeatedString(message_, &field_, i));
      }
    }
    return all;
  }

 private:
  const Message& message_;
  const Reflection& reflection_;
  const FieldDescriptor& field_;
};

}  // namespace

nlohmann::json AsJson(const Message& message) {
  if (const auto* const duration =
          dynamic_cast<const google::protobuf::Duration*>(&message)) {
    return static_cast<double>(duration->seconds()) + 1e-9 * duration->nanos();
  }
  const google::protobuf::Descriptor& descriptor = *message.GetDescriptor();
  json object = json::object();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    const FieldReader reader(message, field);
    if (field.is_repeated()) {
      object[field.name()] = reader.ReadAll();
    } else if (!field.has_presence() ||
               message.GetReflection()->HasField(message, &field)) {
      object[field.name()] = reader.Read();
    }
  }
  return object;
}

}  // namespace transformerd
