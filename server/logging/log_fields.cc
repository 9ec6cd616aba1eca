#include "server/logging/log_fields.h"

#include "absl/strings/str_cat.h"
#include "model/base/printable.h"

namespace transformerd {
namespace {

constexpr size_t kMaxValueBytes = 256;

thread_local const LogFields* current = nullptr;

bool NeedsQuotes(absl::string_view value) {
  return value.find_first_of(" =\\\"") != absl::string_view::npos;
}

}  // namespace

LogFields::LogFields() : outer_(current) { current = this; }

LogFields::~LogFields() { current = outer_; }

const LogFields* LogFields::Current() { return current; }

void LogFields::Add(absl::string_view name, absl::string_view value) {
  if (value.empty()) return;
  pairs_.emplace_back(std::string(name), Escaped(value, kMaxValueBytes));
}

std::string LogFields::Text() const {
  std::string text;
  for (const auto& [name, value] : pairs_) {
    const char* const quote = NeedsQuotes(value) ? "\"" : "";
    absl::StrAppend(&text, " ", name, "=", quote, value, quote);
  }
  return text;
}

std::ostream& operator<<(std::ostream& stream, const LogFields& fields) {
  return stream << fields.Text();
}

}  // namespace transformerd
