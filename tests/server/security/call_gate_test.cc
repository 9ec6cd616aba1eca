#include "server/security/call_gate.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;

constexpr char kInfer[] = "/inference.GRPCInferenceService/ModelInfer";
constexpr char kHealth[] = "/grpc.health.v1.Health/Check";

TEST(CallGateTest, LetsEverybodyThroughWithoutAnAuthenticator) {
  const CallGate gate;
  EXPECT_THAT(gate.Check(kInfer, {}), IsOk());
  EXPECT_THAT(gate.Check("/any/thing", {"any"}), IsOk());
}

TEST(CallGateTest, TellsOfCallsThatAreRefused) {
  std::vector<std::string> refused;
  const CallGate gate(
      std::make_shared<Authenticator>(*AuthTokens::Parse("alice infer")),
      [&](absl::string_view path, const absl::Status& status) {
        EXPECT_THAT(status, StatusIs(absl::StatusCode::kUnauthenticated));
        refused.emplace_back(path);
      });
  EXPECT_THAT(gate.Check(kInfer, {"Bearer alice"}), IsOk());
  EXPECT_THAT(gate.Check(kInfer, {"Bearer bob"}),
              StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(refused, ElementsAre(kInfer));
}

TEST(CallGateTest, IsUnavailableToAllOnceItIsClosed) {
  CallGate gate;
  gate.Close();
  EXPECT_THAT(gate.Check(kInfer, {}), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(gate.Check(kHealth, {}),
              StatusIs(absl::StatusCode::kUnavailable));
}

}  // namespace
}  // namespace transformerd
