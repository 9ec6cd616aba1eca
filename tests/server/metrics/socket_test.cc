#include "server/metrics/socket.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(SocketTest, PortZeroPicksAFreePort) {
  ASSERT_OK_AND_ASSIGN(Socket first, Listen("127.0.0.1", 0));
  ASSERT_OK_AND_ASSIGN(Socket second, Listen("127.0.0.1", 0));

  EXPECT_GT(PortOf(first), 0);
  EXPECT_NE(PortOf(first), PortOf(second));
}

TEST(SocketTest, NamesTheEndpointThatIsTaken) {
  ASSERT_OK_AND_ASSIGN(Socket first, Listen("127.0.0.1", 0));
  const int port = PortOf(first);

  EXPECT_THAT(Listen("127.0.0.1", port),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr(absl::StrCat("127.0.0.1:", port, ": ")),
                             HasSubstr("Address already in use"))));
}

TEST(SocketTest, FreesThePortWhenItGoes) {
  ASSERT_OK_AND_ASSIGN(Socket first, Listen("127.0.0.1", 0));
  const int port = PortOf(first);
  { Socket gone = std::move(first); }

  EXPECT_THAT(Listen("127.0.0.1", port), IsOk());
}

TEST(SocketTest, RefusesWhatIsNoEndpoint) {
  for (int port : {-1, 65536}) {
    EXPECT_THAT(Listen("127.0.0.1", port),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("ports are from 0 to 65535")));
  }
  EXPECT_THAT(Listen("not an address", 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("not an address:0")));
}

TEST(SocketTest, PutsIpV6AddressesInBrackets) {
  EXPECT_THAT(Listen("::1", 65536), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("[::1]:65536")));
}

}  // namespace
}  // namespace transformerd
