#include "server/metrics/http_message.h"

#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace transformerd {
namespace {

absl::string_view ReasonPhrase(int code) {
  switch (code) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return "Error";
  }
}

}  // namespace

absl::StatusOr<std::optional<HttpRequest>> ParseHttpRequest(
    absl::string_view received) {
  const size_t end = received.find("\r\n\r\n");
  if (end == absl::string_view::npos) {
    if (received.size() <= kMaxRequestHead) return std::nullopt;
    return absl::ResourceExhaustedError(absl::StrCat(
        "the head of the request is over ", kMaxRequestHead, " bytes"));
  }
  const absl::string_view line = received.substr(0, received.find("\r\n"));
  const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
  if (words.size() != 3 || words[0].empty() ||
      !absl::StartsWith(words[1], "/") ||
      !absl::StartsWith(words[2], "HTTP/1.")) {
    return absl::InvalidArgumentError("this is not an HTTP/1.1 request");
  }
  HttpRequest request;
  request.method = std::string(words[0]);
  request.path = std::string(words[1].substr(0, words[1].find('?')));
  return request;
}

std::string Serialize(const HttpResponse& response, bool with_body) {
  std::string message = absl::StrCat(
      "HTTP/1.1 ", response.code, " ", ReasonPhrase(response.code),
      "\r\nContent-Type: ", response.content_type,
      "\r\nContent-Length: ", response.body.size(),
      "\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store");
  if (response.code == 405) absl::StrAppend(&message, "\r\nAllow: GET, HEAD");
  absl::StrAppend(&message, "\r\nConnection: close\r\n\r\n");
  if (with_body) absl::StrAppend(&message, response.body);
  return message;
}

}  // namespace transformerd
