#include "server/metrics/http_server.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "civetweb.h"
#include "glog/logging.h"

namespace transformerd {
namespace {

struct Response {
  int code = 200;
  std::string reason = "OK";
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

Response ProbeResponse(const absl::Status& status) {
  Response response;
  response.body = "ok\n";
  if (!status.ok()) {
    response.code = 503;
    response.reason = "Service Unavailable";
    response.body = absl::StrCat(status.message(), "\n");
  }
  return response;
}

Response Answer(const HttpEndpoints& endpoints, absl::string_view path) {
  Response response;
  if (path == "/metrics") {
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = endpoints.metrics();
  } else if (path == "/livez") {
    response = ProbeResponse(endpoints.liveness());
  } else if (path == "/readyz") {
    response = ProbeResponse(endpoints.readiness());
  } else if (path == "/") {
    response.content_type = "text/html; charset=utf-8";
    response.body = endpoints.status_page();
  } else {
    response.code = 404;
    response.reason = "Not Found";
    response.body = "there are /metrics, /livez, /readyz and /\n";
  }
  return response;
}

Response MethodNotAllowed() {
  Response response;
  response.code = 405;
  response.reason = "Method Not Allowed";
  response.body = "only GET and HEAD are served\n";
  return response;
}

void Send(mg_connection* connection, const Response& response, bool with_body) {
  std::string message = absl::StrCat(
      "HTTP/1.1 ", response.code, " ", response.reason,
      "\r\nContent-Type: ", response.content_type,
      "\r\nContent-Length: ", response.body.size(),
      "\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store");
  if (response.code == 405) absl::StrAppend(&message, "\r\nAllow: GET, HEAD");
  absl::StrAppend(&message, "\r\nConnection: close\r\n\r\n");
  if (with_body) absl::StrAppend(&message, response.body);
  mg_write(connection, message.data(), message.size());
}

int Handle(mg_connection* connection, void* endpoints) {
  const mg_request_info* request = mg_get_request_info(connection);
  const absl::string_view method = request->request_method;
  const bool is_head = method == "HEAD";
  const Response response =
      is_head || method == "GET"
          ? Answer(*static_cast<const HttpEndpoints*>(endpoints),
                   request->local_uri)
          : MethodNotAllowed();
  Send(connection, response, /*with_body=*/!is_head);
  return response.code;
}

// Where the thread that starts a server collects what civetweb says: the reason
// of a failure is only logged.
thread_local std::string* start_log = nullptr;

int OnLogMessage(const mg_connection*, const char* message) {
  if (start_log == nullptr) {
    LOG(WARNING) << "http server: " << message;
  } else if (start_log->empty()) {
    *start_log = message;
  }
  return 1;  // civetweb itself writes nothing
}

std::string Endpoint(const std::string& address, int port) {
  return absl::StrContains(address, ':')
             ? absl::StrCat("[", address, "]:", port)
             : absl::StrCat(address, ":", port);
}

// The context, or null and the reason in `log`.
mg_context* StartCivetweb(const std::string& listening_ports,
                          std::string& log) {
  // Few threads and short time-outs: this is for a scraper, probes and a
  // person, and must not be a way to tie the daemon up.
  const char* options[] = {"listening_ports",
                           listening_ports.c_str(),
                           "num_threads",
                           "4",
                           "connection_queue",
                           "16",
                           "max_request_size",
                           "8192",
                           "request_timeout_ms",
                           "5000",
                           "enable_keep_alive",
                           "no",
                           nullptr};
  mg_callbacks callbacks = {};
  callbacks.log_message = OnLogMessage;
  mg_init_data init = {&callbacks, /*user_data=*/nullptr, options};
  char text[256] = "";
  unsigned code = 0;
  mg_error_data error = {&code, text, sizeof(text)};
  start_log = &log;
  mg_context* context = mg_start2(&init, &error);
  start_log = nullptr;
  if (context == nullptr && log.empty()) log = text;
  return context;
}

absl::Status StartError(const std::string& endpoint, const std::string& log) {
  const std::string message =
      absl::StrCat("cannot serve HTTP on ", endpoint, ": ", log);
  if (absl::StrContains(log, "invalid port spec")) {
    return absl::InvalidArgumentError(message);
  }
  return absl::UnavailableError(message);
}

}  // namespace

HttpServer::HttpServer(HttpEndpoints endpoints)
    : endpoints_(std::move(endpoints)) {
  mg_init_library(MG_FEATURES_DEFAULT);
}

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    const std::string& address, int port, HttpEndpoints endpoints) {
  const std::string endpoint = Endpoint(address, port);
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(endpoints)));
  std::string log;
  server->context_ = StartCivetweb(endpoint, log);
  if (server->context_ == nullptr) return StartError(endpoint, log);
  mg_server_port bound = {};
  CHECK_EQ(mg_get_server_ports(server->context_, 1, &bound), 1);
  server->port_ = bound.port;
  // A handler of "/" gets every path.
  mg_set_request_handler(server->context_, "/", Handle,
                         const_cast<HttpEndpoints*>(&server->endpoints_));
  return server;
}

HttpServer::~HttpServer() {
  if (context_ != nullptr) mg_stop(context_);
  mg_exit_library();
}

}  // namespace transformerd
