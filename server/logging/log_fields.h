// Named values at the end of a log line.
#pragma once

#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace transformerd {

//   LogFields fields;
//   fields.Add("model", "minilm");
//   LOG(INFO) << "slow request" << fields;
//
// prints `slow request model=minilm` as text, and as JSON a member of its own
// for each field. For the thread that makes it, and until it is destroyed; of
// nested ones the innermost counts.
class LogFields {
 public:
  LogFields();
  ~LogFields();
  LogFields(const LogFields&) = delete;
  LogFields& operator=(const LogFields&) = delete;

  // An empty value says nothing and is left out. Values may come from clients:
  // they are made printable, and what is longer than any honest one is cut.
  void Add(absl::string_view name, absl::string_view value);

  // The line comes whatever LogLevels there are: an audit's, which a call could
  // switch off to hide, or a last one.
  void Insist() { is_insistent_ = true; }
  bool is_insistent() const { return is_insistent_; }

  // Those of this thread; null where there are none.
  static const LogFields* Current();

  const std::vector<std::pair<std::string, std::string>>& pairs() const {
    return pairs_;
  }
  // " model=minilm", with quotes around values that need them.
  std::string Text() const;

 private:
  const LogFields* const outer_;
  bool is_insistent_ = false;
  std::vector<std::pair<std::string, std::string>> pairs_;
};

std::ostream& operator<<(std::ostream& stream, const LogFields& fields);

}  // namespace transformerd
