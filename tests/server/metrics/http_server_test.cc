#include "server/metrics/http_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/metrics/socket.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Socket Connect(int port) {
  Socket client(socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(client.fd(), reinterpret_cast<sockaddr*>(&address),
                    sizeof(address)),
            0)
      << "cannot connect to port " << port;
  return client;
}

void SendTo(const Socket& client, absl::string_view text) {
  send(client.fd(), text.data(), text.size(), MSG_NOSIGNAL);
}

// Everything until the server closes the connection.
std::string ReceiveAll(const Socket& client) {
  std::string answer;
  char buffer[4096];
  ssize_t count;
  while ((count = recv(client.fd(), buffer, sizeof(buffer), 0)) > 0) {
    answer.append(buffer, static_cast<size_t>(count));
  }
  return answer;
}

std::string Exchange(int port, absl::string_view request) {
  const Socket client = Connect(port);
  SendTo(client, request);
  return ReceiveAll(client);
}

class HttpServerTest : public testing::Test {
 protected:
  HttpEndpoints Endpoints() {
    HttpEndpoints endpoints;
    endpoints.metrics = [this] { return metrics_; };
    endpoints.liveness = [] { return absl::OkStatus(); };
    endpoints.readiness = [this] { return ready_; };
    endpoints.status_page = [] { return "<p>hello</p>"; };
    return endpoints;
  }

  void SetUp() override {
    ASSERT_OK_AND_ASSIGN(server_,
                         HttpServer::Start("127.0.0.1", 0, Endpoints()));
  }

  std::string Get(absl::string_view path) { return Request("GET", path); }

  std::string Request(absl::string_view method, absl::string_view path) {
    return Exchange(
        server_->port(),
        absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: x\r\n\r\n"));
  }

  std::string metrics_ = "a 1\n";
  absl::Status ready_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, ServesMetrics) {
  EXPECT_THAT(Get("/metrics"), AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                                     HasSubstr("text/plain; version=0.0.4"),
                                     EndsWith("\r\n\r\na 1\n")));
}

TEST_F(HttpServerTest, ServesTheStatusPage) {
  EXPECT_THAT(Get("/?x=1"),
              AllOf(HasSubstr("text/html"), EndsWith("\r\n\r\n<p>hello</p>")));
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  EXPECT_THAT(Request("HEAD", "/metrics"),
              AllOf(HasSubstr("Content-Length: 4\r\n"), EndsWith("\r\n\r\n")));
}

TEST_F(HttpServerTest, AnswersProbes) {
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Get("/readyz"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, SaysWhyItIsNotReady) {
  ready_ = absl::UnavailableError("model 'minilm' is loading");

  EXPECT_THAT(Get("/readyz"),
              AllOf(StartsWith("HTTP/1.1 503 "),
                    EndsWith("\r\n\r\nmodel 'minilm' is loading\n")));
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, RefusesOtherPathsAndMethods) {
  EXPECT_THAT(Get("/metrics/x"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Get("/etc/passwd"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Get("/../../etc/passwd"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(
      Request("POST", "/metrics"),
      AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD")));
  EXPECT_THAT(Request("DELETE", "/"), StartsWith("HTTP/1.1 405 "));
}

TEST_F(HttpServerTest, RefusesHugeHeaders) {
  const std::string header(100000, 'x');

  EXPECT_THAT(
      Exchange(server_->port(),
               absl::StrCat("GET / HTTP/1.1\r\nX: ", header, "\r\n\r\n")),
      StartsWith("HTTP/1.1 431 "));
}

TEST_F(HttpServerTest, RefusesWhatIsNotHttp) {
  EXPECT_THAT(Exchange(server_->port(), "hello\r\n\r\n"),
              StartsWith("HTTP/1.1 400 "));
}

TEST_F(HttpServerTest, TakesARequestInPieces) {
  const Socket client = Connect(server_->port());
  SendTo(client, "GET /livez HT");
  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200 "));
  SendTo(client, "TP/1.1\r\n\r\n");

  EXPECT_THAT(ReceiveAll(client), EndsWith("\r\n\r\nok\n"));
}

TEST_F(HttpServerTest, SendsAnswersThatDoNotFitTheSocketBuffer) {
  metrics_ = std::string(20 << 20, 'x');

  EXPECT_THAT(Get("/metrics").size(), testing::Gt(size_t{20} << 20));
}

TEST_F(HttpServerTest, AnswersProbesWhileManyClientsAreSlow) {
  std::vector<Socket> slow;
  for (int i = 0; i < 200; ++i) {
    slow.push_back(Connect(server_->port()));
    SendTo(slow.back(), "GET /metrics");
  }

  EXPECT_THAT(Get("/livez"), StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, StopsAtOnceWithAnOpenConnection) {
  const Socket client = Connect(server_->port());
  SendTo(client, "GET /metrics");

  server_.reset();

  EXPECT_EQ(ReceiveAll(client), "");
}

TEST_F(HttpServerTest, NamesAPortThatIsTaken) {
  const std::string endpoint = absl::StrCat("127.0.0.1:", server_->port());

  EXPECT_THAT(HttpServer::Start("127.0.0.1", server_->port(), Endpoints()),
              StatusIs(absl::StatusCode::kUnavailable,
                       AllOf(HasSubstr("cannot listen on " + endpoint),
                             HasSubstr("Address already in use"))));
}

TEST_F(HttpServerTest, RefusesWhatIsNoAddress) {
  EXPECT_THAT(HttpServer::Start("127.0.0.1", 65536, Endpoints()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("127.0.0.1:65536")));
}

}  // namespace
}  // namespace transformerd
