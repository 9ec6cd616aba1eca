#include "server/logging/json_line.h"

#include <string>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace transformerd {
namespace {

LogLine MakeLine(absl::string_view message) {
  LogLine line;
  line.time = absl::UnixEpoch() + absl::Microseconds(1500000);
  line.severity = "WARNING";
  line.file = "server.cc";
  line.line = 12;
  line.thread = 34;
  line.message = message;
  return line;
}

TEST(JsonLineTest, HoldsEverythingOfALine) {
  EXPECT_EQ(ToJsonLine(MakeLine("hello"), nullptr),
            R"({"time":"1970-01-01T00:00:01.500000Z","severity":"WARNING",)"
            R"("message":"hello","file":"server.cc","line":12,"thread":34})");
}

TEST(JsonLineTest, FieldsAreMembersAndNoPartOfTheMessage) {
  LogFields fields;
  fields.Add("model", "a b");
  const auto json = nlohmann::json::parse(
      ToJsonLine(MakeLine("slow model=\"a b\""), &fields));
  EXPECT_EQ(json["message"], "slow");
  EXPECT_EQ(json["model"], "a b");
}

TEST(JsonLineTest, IsOneLineOfValidUtf8WhateverTheMessage) {
  const std::string message = "two\nlines \xff\x01 \"quoted\"";
  const std::string line = ToJsonLine(MakeLine(message), nullptr);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_EQ(nlohmann::json::parse(line)["message"],
            "two\nlines \xef\xbf\xbd\x01 \"quoted\"");
}

}  // namespace
}  // namespace transformerd
