#include "model/base/json_text.h"

#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace transformerd {
namespace {

using nlohmann::json;

constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Accepts everything that is not too deep, so that a tree of it may be built.
class DepthCheck : public nlohmann::json_sax<json> {
 public:
  const absl::Status& status() const { return status_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool key(string_t&) override { return true; }
  bool start_object(std::size_t) override { return Descend(); }
  bool start_array(std::size_t) override { return Descend(); }
  bool end_object() override { return Ascend(); }
  bool end_array() override { return Ascend(); }

  bool parse_error(std::size_t position, const std::string&,
                   const json::exception&) override {
    status_ = absl::InvalidArgumentError(
        absl::StrCat("not valid JSON at byte ", position));
    return false;
  }

 private:
  bool Descend() {
    if (++depth_ <= kMaxJsonDepth) return true;
    status_ = absl::InvalidArgumentError(absl::StrCat(
        "JSON is nested more than ", kMaxJsonDepth, " levels deep"));
    return false;
  }
  bool Ascend() {
    --depth_;
    return true;
  }

  int depth_ = 0;
  absl::Status status_;
};

}  // namespace

bool ParseJsonEvents(absl::string_view text,
                     nlohmann::json_sax<json>& handler) {
  size_t bad = text.find('\0');
  if (absl::StartsWith(text, kByteOrderMark)) bad = 0;
  if (bad != absl::string_view::npos) {
    return handler.parse_error(bad + 1, "",
                               json::other_error::create(0, "", nullptr));
  }
  return json::sax_parse(text.begin(), text.end(), &handler);
}

absl::StatusOr<json> ParseJson(absl::string_view text) {
  DepthCheck check;
  if (!ParseJsonEvents(text, check)) return check.status();
  return json::parse(text.begin(), text.end(), /*cb=*/nullptr,
                     /*allow_exceptions=*/false);
}

}  // namespace transformerd
