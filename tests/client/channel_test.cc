#include "client/channel.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ChannelTest, TakesAddressesWithAPortOrAScheme) {
  for (const char* address : {"127.0.0.1:8001", "localhost:1", "[::1]:65535",
                              "host.example:443", "unix:/run/transformerd.sock",
                              "dns:///host:8001", "ipv4:10.0.0.1:8001"}) {
    EXPECT_THAT(CheckAddress(address), IsOk()) << address;
  }
}

TEST(ChannelTest, RefusesAddressesWithoutAValidPort) {
  for (const char* address :
       {"", "host", "host:", ":8001", "host:0", "host:65536", "host:-1",
        "host:http", "http://host"}) {
    EXPECT_THAT(CheckAddress(address),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("'" + std::string(address) + "'")))
        << address;
  }
}

TEST(ChannelTest, KnowsWhatStaysOnThisMachine) {
  for (const char* address :
       {"127.0.0.1:8001", "127.1.2.3:1", "localhost:8001", "[::1]:8001",
        "unix:/socket", "dns:///localhost:8001", "ipv4:127.0.0.1:8001"}) {
    EXPECT_TRUE(IsLoopback(address)) << address;
  }
  for (const char* address : {"10.0.0.1:8001", "localhost.example:1",
                              "dns:///host:8001", "128.0.0.1:1"}) {
    EXPECT_FALSE(IsLoopback(address)) << address;
  }
}

TEST(ChannelTest, RetriesOnlyCallsWithoutEffect) {
  const auto config = nlohmann::json::parse(RetryServiceConfig());

  std::vector<std::string> methods;
  for (const auto& name : config["methodConfig"][0]["name"]) {
    methods.push_back(name["service"].get<std::string>() + "/" +
                      name["method"].get<std::string>());
  }
  EXPECT_THAT(methods, Contains("inference.GRPCInferenceService/ModelInfer"));
  EXPECT_THAT(methods, Contains("transformerd.v1.TextService/Embed"));
  EXPECT_THAT(methods, Contains("transformerd.v1.TextService/Tokenize"));
  EXPECT_THAT(methods, Contains("transformerd.v1.ModelService/PlanLoad"));
  EXPECT_THAT(methods, Not(Contains(HasSubstr("LoadModel"))));
  EXPECT_THAT(methods, Not(Contains(HasSubstr("UnloadModel"))));
  EXPECT_THAT(methods, Not(Contains(HasSubstr("RepositoryModelLoad"))));
  EXPECT_THAT(methods, Not(Contains(HasSubstr("RepositoryModelUnload"))));
}

}  // namespace
}  // namespace transformerd
