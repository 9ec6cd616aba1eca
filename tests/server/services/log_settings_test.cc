#include "server/services/log_settings.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "server/logging/log_levels.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using inference::LogSettingsRequest;
using inference::LogSettingsResponse;
using ::testing::HasSubstr;

class LogSettingsTest : public ::testing::Test {
 protected:
  ~LogSettingsTest() override { SetLogLevels(LogLevels()); }

  LogSettingsRequest::SettingValue& Setting(const std::string& name) {
    return (*request_.mutable_settings())[name];
  }

  absl::Status Apply() {
    response_.Clear();
    return ApplyLogSettings(request_, response_);
  }

  LogSettingsRequest request_;
  LogSettingsResponse response_;
};

TEST_F(LogSettingsTest, AnswersWithAllThereAre) {
  ASSERT_THAT(Apply(), IsOk());

  EXPECT_EQ(response_.settings().size(), 6u);
  for (const char* const level : {"log_info", "log_warning", "log_error"}) {
    EXPECT_TRUE(response_.settings().at(level).bool_param()) << level;
  }
  EXPECT_EQ(response_.settings().at("log_verbose_level").uint32_param(), 0u);
  EXPECT_EQ(response_.settings().at("log_format").string_param(), "default");
  EXPECT_EQ(response_.settings().at("log_file").string_param(), "");
}

TEST_F(LogSettingsTest, SeveritiesAreSwitchedByThemselves) {
  Setting("log_info").set_bool_param(false);
  Setting("log_error").set_bool_param(false);
  ASSERT_THAT(Apply(), IsOk());

  EXPECT_FALSE(GetLogLevels().info);
  EXPECT_TRUE(GetLogLevels().warning);
  EXPECT_FALSE(GetLogLevels().error);
  EXPECT_FALSE(response_.settings().at("log_info").bool_param());

  request_.Clear();
  Setting("log_info").set_bool_param(true);
  ASSERT_THAT(Apply(), IsOk());
  EXPECT_TRUE(GetLogLevels().info);
  EXPECT_FALSE(GetLogLevels().error) << "what is not named stays";
}

TEST_F(LogSettingsTest, WhatIsAlreadySoMayBeAskedFor) {
  Setting("log_file").set_string_param("");
  Setting("log_verbose_level").set_uint32_param(0);
  Setting("log_format").set_string_param("default");
  EXPECT_THAT(Apply(), IsOk());
}

TEST_F(LogSettingsTest, OneBadSettingChangesNothing) {
  Setting("log_info").set_bool_param(false);
  Setting("log_colour").set_bool_param(true);
  EXPECT_THAT(Apply(), StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("\"log_colour\" is unknown")));
  EXPECT_TRUE(GetLogLevels().info);
}

TEST_F(LogSettingsTest, BadValuesAreNamedWithWhatIsExpected) {
  const auto refusal = [this](const std::string& name, const auto& set) {
    request_.Clear();
    set(Setting(name));
    return Apply();
  };
  using Value = LogSettingsRequest::SettingValue;
  EXPECT_THAT(refusal("log_info", [](Value& v) { v.set_uint32_param(1); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("\"log_info\" is 1, expected true or false")));
  EXPECT_THAT(refusal("log_file", [](Value& v) { v.set_string_param("/x"); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("\"log_file\" is \"/x\", expected an empty "
                                 "text")));
  EXPECT_THAT(
      refusal("log_verbose_level", [](Value& v) { v.set_uint32_param(3); }),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("is 3, expected 0")));
  EXPECT_THAT(
      refusal("log_format", [](Value& v) { v.set_string_param("ISO8601"); }),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("is \"ISO8601\", expected \"default\"")));
  EXPECT_THAT(refusal("log_error", [](Value&) {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("\"log_error\" has no value")));
}

}  // namespace
}  // namespace transformerd
