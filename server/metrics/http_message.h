// The little of HTTP/1.1 that a scraper, a probe and a browser need. Pure.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace transformerd {

struct HttpRequest {
  std::string method;
  std::string path;  // without the query
};

struct HttpResponse {
  int code = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Longest head of a request, in bytes.
inline constexpr size_t kMaxRequestHead = 8192;

// Reads the head of a request from what has been received so far; nothing where
// it is incomplete. INVALID_ARGUMENT for what is not HTTP/1, RESOURCE_EXHAUSTED
// for a head that is too long.
absl::StatusOr<std::optional<HttpRequest>> ParseHttpRequest(
    absl::string_view received);

// The bytes to send; a HEAD request gets them without the body.
std::string Serialize(const HttpResponse& response, bool with_body);

}  // namespace transformerd
