#include "server/metrics/http_message.h"

#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(HttpMessageTest, ReadsMethodAndPathWithoutTheQuery) {
  ASSERT_OK_AND_ASSIGN(
      std::optional<HttpRequest> request,
      ParseHttpRequest("GET /a/b?c=d HTTP/1.0\r\nX: y\r\n\r\n"));

  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->method, "GET");
  EXPECT_EQ(request->path, "/a/b");
}

TEST(HttpMessageTest, WaitsForTheEndOfTheHead) {
  const std::string whole = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  for (size_t size = 0; size < whole.size(); ++size) {
    ASSERT_OK_AND_ASSIGN(std::optional<HttpRequest> request,
                         ParseHttpRequest(whole.substr(0, size)));
    EXPECT_FALSE(request.has_value()) << size;
  }
}

TEST(HttpMessageTest, RefusesWhatIsNotHttp) {
  for (const char* line :
       {"", "GET", "GET /", "GET / HTTP/2", "GET x HTTP/1.1", " / HTTP/1.1",
        "GET / / HTTP/1.1", "GET http://x/ HTTP/1.1"}) {
    EXPECT_THAT(ParseHttpRequest(absl::StrCat(line, "\r\n\r\n")),
                StatusIs(absl::StatusCode::kInvalidArgument))
        << line;
  }
}

TEST(HttpMessageTest, RefusesAHeadThatIsTooLong) {
  EXPECT_THAT(ParseHttpRequest(std::string(kMaxRequestHead, 'x')), IsOk());
  EXPECT_THAT(
      ParseHttpRequest(std::string(kMaxRequestHead + 1, 'x')),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("8192 bytes")));
}

TEST(HttpMessageTest, SerializesWithAndWithoutTheBody) {
  HttpResponse response;
  response.code = 503;
  response.body = "loading\n";

  EXPECT_THAT(Serialize(response, /*with_body=*/true),
              StartsWith("HTTP/1.1 503 Service Unavailable\r\n"));
  EXPECT_THAT(Serialize(response, /*with_body=*/true),
              EndsWith("\r\n\r\nloading\n"));
  EXPECT_THAT(Serialize(response, /*with_body=*/false),
              HasSubstr("\r\nContent-Length: 8\r\n"));
  EXPECT_THAT(Serialize(response, /*with_body=*/false), EndsWith("\r\n\r\n"));
}

}  // namespace
}  // namespace transformerd
