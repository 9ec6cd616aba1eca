#include "model/config/config_reader.h"

#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "model/base/error_details.h"
#include "model/base/json_text.h"
#include "model/base/quoted.h"
#include "model/base/regular_file.h"
#include "model/base/status_macros.h"
#include "nlohmann/json.hpp"

namespace transformerd {
namespace {

using nlohmann::json;

constexpr int64_t kMaxFileBytes = 16 << 20;

absl::Status Invalid(absl::string_view source, absl::string_view message) {
  return LoadError(Reason::kConfigInvalid, absl::StrCat(source, ": ", message));
}

// What errors show of a value: scalars as they stand, the rest by its kind.
std::string Describe(const json& value) {
  if (value.is_string()) return Quoted(value.get_ref<const std::string&>());
  if (value.is_object()) return "{...}";
  if (value.is_array()) return "[...]";
  return value.dump();
}

std::optional<int64_t> AsInt(const json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  if (value.is_number_unsigned() &&
      value.get<uint64_t>() > std::numeric_limits<int64_t>::max()) {
    return std::nullopt;
  }
  return value.get<int64_t>();
}

absl::StatusOr<json> ParseObject(absl::string_view text,
                                 absl::string_view source) {
  if (text.empty()) return Invalid(source, "is empty, expected a JSON object");
  absl::StatusOr<json> root = ParseJson(text);
  if (!root.ok()) return Invalid(source, root.status().message());
  if (!root->is_object()) {
    return Invalid(source, absl::StrCat("holds ", Describe(*root),
                                        ", expected a JSON object"));
  }
  return root;
}

std::string IntegerIn(int64_t min, int64_t max) {
  return absl::StrCat("an integer in [", min, ", ", max, "]");
}

}  // namespace

ConfigReader::ConfigReader(std::shared_ptr<const json> root,
                           std::string source_name)
    : root_(std::move(root)), source_name_(std::move(source_name)) {}

absl::StatusOr<ConfigReader> ConfigReader::Parse(absl::string_view text,
                                                 std::string source_name) {
  ASSIGN_OR_RETURN(json root, ParseObject(text, source_name));
  return ConfigReader(std::make_shared<const json>(std::move(root)),
                      std::move(source_name));
}

absl::StatusOr<ConfigReader> ConfigReader::FromFile(const std::string& path,
                                                    std::string source_name) {
  if (source_name.empty()) source_name = path.substr(path.rfind('/') + 1);
  absl::StatusOr<std::string> text = ReadRegularFile(path, kMaxFileBytes);
  if (absl::IsNotFound(text.status())) {
    return LoadError(Reason::kConfigNotFound,
                     absl::StrCat(source_name, ": no such file"));
  }
  if (!text.ok()) return Invalid(source_name, text.status().message());
  return Parse(*text, std::move(source_name));
}

absl::StatusOr<ConfigReader> ConfigReader::Merged(
    absl::string_view override_json) const {
  ASSIGN_OR_RETURN(const json patch,
                   ParseObject(override_json, "config override"));
  json merged = *root_;
  merged.merge_patch(patch);
  return ConfigReader(std::make_shared<const json>(std::move(merged)),
                      source_name_);
}

bool ConfigReader::Has(absl::string_view key) const {
  return Find(key) != nullptr;
}

bool ConfigReader::IsNull(absl::string_view key) const {
  const auto found = root_->find(std::string(key));
  return found != root_->end() && found->is_null();
}

absl::string_view ConfigReader::FirstOf(
    std::initializer_list<absl::string_view> alternatives) const {
  for (absl::string_view key : alternatives) {
    if (Has(key)) return key;
  }
  return *alternatives.begin();
}

absl::StatusOr<int64_t> ConfigReader::Int(absl::string_view key,
                                          int64_t default_value, int64_t min,
                                          int64_t max) const {
  return Has(key) ? RequiredInt(key, min, max) : default_value;
}

absl::StatusOr<int64_t> ConfigReader::RequiredInt(absl::string_view key,
                                                  int64_t min,
                                                  int64_t max) const {
  const json* found = Find(key);
  if (found == nullptr) return Absent(key, IntegerIn(min, max));
  const std::optional<int64_t> value = AsInt(*found);
  if (!value.has_value() || *value < min || *value > max) {
    return Mismatch(key, *found, IntegerIn(min, max));
  }
  return *value;
}

absl::StatusOr<std::vector<int64_t>> ConfigReader::Ints(
    absl::string_view key, std::vector<int64_t> default_value, int64_t min,
    int64_t max) const {
  const json* found = Find(key);
  if (found == nullptr) return default_value;
  if (!found->is_array()) {
    ASSIGN_OR_RETURN(const int64_t value, RequiredInt(key, min, max));
    return std::vector<int64_t>{value};
  }
  std::vector<int64_t> values;
  for (const json& element : *found) {
    const std::optional<int64_t> value = AsInt(element);
    if (!value.has_value() || *value < min || *value > max) {
      return Mismatch(absl::StrCat(key, "[", values.size(), "]"), element,
                      IntegerIn(min, max));
    }
    values.push_back(*value);
  }
  return values;
}

absl::StatusOr<double> ConfigReader::Double(absl::string_view key,
                                            double default_value, double min,
                                            double max) const {
  const json* found = Find(key);
  if (found == nullptr) return default_value;
  if (!found->is_number() || found->get<double>() < min ||
      found->get<double>() > max) {
    return Mismatch(key, *found,
                    absl::StrCat("a number in [", min, ", ", max, "]"));
  }
  return found->get<double>();
}

absl::StatusOr<bool> ConfigReader::Bool(absl::string_view key,
                                        bool default_value) const {
  const json* found = Find(key);
  if (found == nullptr) return default_value;
  if (!found->is_boolean()) return Mismatch(key, *found, "true or false");
  return found->get<bool>();
}

absl::StatusOr<std::string> ConfigReader::String(
    absl::string_view key, absl::string_view default_value) const {
  return Has(key) ? RequiredString(key) : std::string(default_value);
}

absl::StatusOr<std::string> ConfigReader::RequiredString(
    absl::string_view key) const {
  const json* found = Find(key);
  if (found == nullptr) return Absent(key, "a string");
  if (!found->is_string()) return Mismatch(key, *found, "a string");
  return found->get<std::string>();
}

absl::StatusOr<std::vector<std::string>> ConfigReader::Strings(
    absl::string_view key) const {
  std::vector<std::string> strings;
  const json* found = Find(key);
  if (found == nullptr) return strings;
  if (!found->is_array()) return Mismatch(key, *found, "a list of strings");
  for (const json& element : *found) {
    if (!element.is_string()) {
      return Mismatch(absl::StrCat(key, "[", strings.size(), "]"), element,
                      "a string");
    }
    strings.push_back(element.get<std::string>());
  }
  return strings;
}

absl::StatusOr<std::vector<double>> ConfigReader::Doubles(
    absl::string_view key) const {
  std::vector<double> numbers;
  const json* found = Find(key);
  if (found == nullptr) return numbers;
  if (!found->is_array()) return Mismatch(key, *found, "a list of numbers");
  for (const json& element : *found) {
    if (!element.is_number()) {
      return Mismatch(absl::StrCat(key, "[", numbers.size(), "]"), element,
                      "a number");
    }
    numbers.push_back(element.get<double>());
  }
  return numbers;
}

absl::StatusOr<std::vector<std::string>> ConfigReader::Words(
    absl::string_view key) const {
  const json* found = Find(key);
  if (found == nullptr || found->is_array()) return Strings(key);
  if (!found->is_string()) {
    return Mismatch(key, *found, "a list of strings, or one string");
  }
  std::vector<std::string> words;
  for (absl::string_view word :
       absl::StrSplit(found->get_ref<const std::string&>(), '|')) {
    words.emplace_back(absl::StripAsciiWhitespace(word));
  }
  return words;
}

absl::StatusOr<ConfigReader> ConfigReader::Object(absl::string_view key) const {
  const json* found = Find(key);
  if (found != nullptr && !found->is_object()) {
    return Mismatch(key, *found, "an object");
  }
  return ConfigReader(
      std::make_shared<const json>(found == nullptr ? json::object() : *found),
      absl::StrCat(source_name_, ": ", key));
}

absl::StatusOr<std::vector<std::string>> ConfigReader::IndexedStrings(
    absl::string_view key) const {
  std::vector<std::string> strings;
  const json* found = Find(key);
  if (found == nullptr) return strings;
  if (!found->is_object()) {
    return Mismatch(key, *found, "an object of strings");
  }
  for (size_t i = 0; i < found->size(); ++i) {
    const auto element = found->find(absl::StrCat(i));
    if (element == found->end()) {
      return Invalid(source_name_, absl::StrCat(key, " has no key \"", i,
                                                "\", expected \"0\" to \"",
                                                found->size() - 1, "\""));
    }
    if (!element->is_string()) {
      return Mismatch(absl::StrCat(key, "[\"", i, "\"]"), *element, "a string");
    }
    strings.push_back(element->get<std::string>());
  }
  return strings;
}

const json* ConfigReader::Find(absl::string_view key) const {
  const auto found = root_->find(std::string(key));
  return found == root_->end() || found->is_null() ? nullptr : &*found;
}

absl::Status ConfigReader::Mismatch(absl::string_view key, const json& found,
                                    absl::string_view expected) const {
  return Invalid(source_name_, absl::StrCat(key, "=", Describe(found),
                                            ", expected ", expected));
}

absl::Status ConfigReader::Absent(absl::string_view key,
                                  absl::string_view expected) const {
  return Invalid(source_name_,
                 absl::StrCat(key, " is absent, expected ", expected));
}

}  // namespace transformerd
