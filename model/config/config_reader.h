// A typed, strict view of one config.json.
//
//   ASSIGN_OR_RETURN(ConfigReader config, ConfigReader::FromFile(path));
//   ASSIGN_OR_RETURN(int64_t heads, config.Int("num_attention_heads", 12, 1,
//                                              kMaxHeads));
//
// A value of another type, or out of range, is an error that names the file,
// the key, the value found and what was expected. A null counts as absent, as
// Hugging Face writes it. Every error is a LoadError with CONFIG_INVALID, or
// CONFIG_NOT_FOUND where there is no file.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json_fwd.hpp"

namespace transformerd {

// Immutable, cheap to copy, thread-safe.
class ConfigReader {
 public:
  // `source_name` is what errors call the text, such as "config.json".
  static absl::StatusOr<ConfigReader> Parse(absl::string_view json,
                                            std::string source_name);
  // Without a source name, errors call the file by its name without folders.
  static absl::StatusOr<ConfigReader> FromFile(const std::string& path,
                                               std::string source_name = "");

  // This config with a JSON object merged over it (RFC 7396: objects merge,
  // null removes, anything else replaces).
  absl::StatusOr<ConfigReader> Merged(absl::string_view override_json) const;

  // True where the key is there and not null.
  bool Has(absl::string_view key) const;
  // True where the key is there and null: for keys whose null means "none" and
  // whose absence means a default.
  bool IsNull(absl::string_view key) const;
  // The first of the keys that Has() knows, else the first of all: for values
  // that families and versions call differently.
  absl::string_view FirstOf(
      std::initializer_list<absl::string_view> alternatives) const;

  // Scalars; absent ones take the default. Limits are inclusive and do not
  // bind the default. Int takes JSON integers only: 32.0 is an error.
  absl::StatusOr<int64_t> Int(absl::string_view key, int64_t default_value,
                              int64_t min, int64_t max) const;
  absl::StatusOr<double> Double(absl::string_view key, double default_value,
                                double min, double max) const;
  absl::StatusOr<bool> Bool(absl::string_view key, bool default_value) const;
  absl::StatusOr<std::string> String(absl::string_view key,
                                     absl::string_view default_value) const;

  // The same, where absence is an error.
  absl::StatusOr<int64_t> RequiredInt(absl::string_view key, int64_t min,
                                      int64_t max) const;
  absl::StatusOr<std::string> RequiredString(absl::string_view key) const;

  // A list of integers, or one integer as a list of one; limits bind each.
  absl::StatusOr<std::vector<int64_t>> Ints(absl::string_view key,
                                            std::vector<int64_t> default_value,
                                            int64_t min, int64_t max) const;

  // Lists; empty if absent.
  absl::StatusOr<std::vector<std::string>> Strings(absl::string_view key) const;
  absl::StatusOr<std::vector<double>> Doubles(absl::string_view key) const;

  // The same, or one string with '|' between its words, as older releases wrote
  // such lists. Spaces around words are cut off.
  absl::StatusOr<std::vector<std::string>> Words(absl::string_view key) const;

  // An object within this one, named in errors by its key; empty if absent.
  absl::StatusOr<ConfigReader> Object(absl::string_view key) const;

  // The values of an object whose keys are "0" to "n-1", in that order, such
  // as id2label; empty if absent.
  absl::StatusOr<std::vector<std::string>> IndexedStrings(
      absl::string_view key) const;

  const std::string& source_name() const { return source_name_; }

 private:
  ConfigReader(std::shared_ptr<const nlohmann::json> root,
               std::string source_name);

  // Null where Has() is false.
  const nlohmann::json* Find(absl::string_view key) const;
  absl::Status Mismatch(absl::string_view key, const nlohmann::json& found,
                        absl::string_view expected) const;
  absl::Status Absent(absl::string_view key, absl::string_view expected) const;

  std::shared_ptr<const nlohmann::json> root_;  // an object
  std::string source_name_;
};

}  // namespace transformerd
