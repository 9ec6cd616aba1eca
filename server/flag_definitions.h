// The daemon's flags, by the names of the public interface.
#pragma once

#include <cstdint>
#include <string>

#include "absl/flags/declare.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

ABSL_DECLARE_FLAG(std::string, model_repository);
ABSL_DECLARE_FLAG(std::string, model_control_mode);
ABSL_DECLARE_FLAG(std::string, load_model);
ABSL_DECLARE_FLAG(std::string, grpc_address);
ABSL_DECLARE_FLAG(int, grpc_port);
ABSL_DECLARE_FLAG(std::string, metrics_address);
ABSL_DECLARE_FLAG(int, metrics_port);
ABSL_DECLARE_FLAG(int, health_port);
ABSL_DECLARE_FLAG(std::string, port_file);
ABSL_DECLARE_FLAG(std::string, devices);
ABSL_DECLARE_FLAG(int, threads_per_worker);
ABSL_DECLARE_FLAG(std::string, engine);
ABSL_DECLARE_FLAG(std::string, dtype);
ABSL_DECLARE_FLAG(std::string, loading_strategy);
ABSL_DECLARE_FLAG(std::string, transport);
ABSL_DECLARE_FLAG(std::string, cpu_replicas);
ABSL_DECLARE_FLAG(int64_t, load_bandwidth_limit);
ABSL_DECLARE_FLAG(bool, deterministic);
ABSL_DECLARE_FLAG(bool, cuda_graphs);
ABSL_DECLARE_FLAG(int64_t, max_batch_tokens);
ABSL_DECLARE_FLAG(int64_t, max_batch_requests);
ABSL_DECLARE_FLAG(absl::Duration, max_queue_delay);
ABSL_DECLARE_FLAG(int64_t, max_queue_requests);
ABSL_DECLARE_FLAG(int64_t, max_queue_tokens);
ABSL_DECLARE_FLAG(absl::Duration, default_request_timeout);
ABSL_DECLARE_FLAG(int64_t, max_request_bytes);
ABSL_DECLARE_FLAG(int64_t, host_memory_limit);
ABSL_DECLARE_FLAG(int64_t, device_memory_limit);
ABSL_DECLARE_FLAG(absl::Duration, drain_delay);
ABSL_DECLARE_FLAG(absl::Duration, drain_timeout);
ABSL_DECLARE_FLAG(std::string, tls_cert_file);
ABSL_DECLARE_FLAG(std::string, tls_key_file);
ABSL_DECLARE_FLAG(std::string, tls_client_ca_file);
ABSL_DECLARE_FLAG(std::string, auth_token_file);
ABSL_DECLARE_FLAG(std::string, readiness);
ABSL_DECLARE_FLAG(std::string, metrics_compat);
ABSL_DECLARE_FLAG(bool, enable_reflection);
ABSL_DECLARE_FLAG(absl::Duration, max_connection_age);
ABSL_DECLARE_FLAG(absl::Duration, watchdog_timeout);
ABSL_DECLARE_FLAG(std::string, log_format);

namespace transformerd {

// All flags, in the order of the help text.
absl::Span<const absl::string_view> FlagNames();

// Those that this version takes at their defaults only.
absl::Span<const absl::string_view> UnsupportedFlagNames();

// `name` is one of FlagNames().
bool IsBoolFlag(absl::string_view name);

// What a flag's value has to look like, for messages: "an integer".
absl::string_view ExpectedValue(absl::string_view name);

}  // namespace transformerd
