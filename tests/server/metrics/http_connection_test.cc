#include "server/metrics/http_connection.h"

#include <sys/socket.h>

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::EndsWith;
using ::testing::StartsWith;

// A connection and the client's end of it, neither of which blocks.
class HttpConnectionTest : public testing::Test {
 protected:
  HttpConnectionTest() {
    int pair[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    client_ = Socket(pair[0]);
    connection_ = HttpConnection(Socket(pair[1]), absl::InfiniteFuture());
  }

  void ClientSends(const std::string& text) {
    send(client_.fd(), text.data(), text.size(), MSG_NOSIGNAL);
  }

  std::string ClientReceives() {
    char buffer[4096];
    const ssize_t count = recv(client_.fd(), buffer, sizeof(buffer), 0);
    return std::string(buffer, count > 0 ? static_cast<size_t>(count) : 0);
  }

  bool Advance() {
    return connection_.Advance([this](const HttpRequest& request) {
      ++requests_;
      HttpResponse response;
      response.body = "you want " + request.path;
      return response;
    });
  }

  Socket client_;
  HttpConnection connection_{Socket(), absl::InfiniteFuture()};
  int requests_ = 0;
};

TEST_F(HttpConnectionTest, WaitsWhileNothingComes) {
  EXPECT_TRUE(Advance());
  ClientSends("GET / HTTP/1.1\r\n");
  EXPECT_TRUE(Advance());

  EXPECT_EQ(requests_, 0);
  EXPECT_FALSE(connection_.wants_to_send());
}

TEST_F(HttpConnectionTest, AnswersOnceAndEndsWhenTheClientCloses) {
  ClientSends("GET /x HTTP/1.1\r\n\r\nGET /y HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(Advance());
  ClientSends("GET /z HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(Advance());

  EXPECT_THAT(ClientReceives(), EndsWith("you want /x"));
  EXPECT_EQ(requests_, 1);
  shutdown(client_.fd(), SHUT_WR);
  EXPECT_FALSE(Advance());
}

TEST_F(HttpConnectionTest, AnswersWhatIsNotHttpItself) {
  ClientSends("?\r\n\r\n");
  EXPECT_TRUE(Advance());

  EXPECT_THAT(ClientReceives(), StartsWith("HTTP/1.1 400 "));
  EXPECT_EQ(requests_, 0);
}

TEST_F(HttpConnectionTest, EndsWhenTheClientIsGone) {
  { const Socket gone = std::move(client_); }

  EXPECT_FALSE(Advance());
}

}  // namespace
}  // namespace transformerd
