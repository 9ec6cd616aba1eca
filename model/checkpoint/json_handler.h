// A receiver of JSON events that refuses whatever it does not expect.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "nlohmann/json.hpp"

namespace transformerd {

// Derived classes override the events that their format knows. Refusing at once
// keeps the work bounded: nothing is built, and nesting cannot go deeper than
// the format does.
class JsonHandler : public nlohmann::json_sax<nlohmann::json> {
 public:
  // `invalid` is the reason of a text that is not JSON, or not this format.
  explicit JsonHandler(Reason invalid) : invalid_(invalid) {}

  // Why the parse ended early; OK where it did not.
  const absl::Status& status() const { return status_; }

  bool null() override;
  bool boolean(bool value) override;
  bool number_integer(number_integer_t value) override;  // negative ones
  bool number_unsigned(number_unsigned_t value) override;
  bool number_float(number_float_t value, const string_t& text) override;
  bool string(string_t& value) override;
  bool binary(binary_t& value) override;
  bool start_object(std::size_t size) override;
  bool key(string_t& name) override;
  bool end_object() override;
  bool start_array(std::size_t size) override;
  bool end_array() override;
  bool parse_error(std::size_t position, const std::string& token,
                   const nlohmann::json::exception& exception) override;

 protected:
  // Keeps the error and returns false, which ends the parse.
  bool Refuse(absl::Status error);

  // Refuses `found` ("a list") with what stands here instead, as told by
  // Expected().
  bool Unexpected(absl::string_view found);

  // What the format wants at this point, with the place: "a string for
  // \"dtype\" of tensor \"a\"".
  virtual std::string Expected() const = 0;

 private:
  Reason invalid_;
  absl::Status status_;
};

}  // namespace transformerd
