#include "server/flag_definitions.h"

#include "absl/flags/flag.h"
#include "absl/flags/reflection.h"
#include "glog/logging.h"

// clang-format off
ABSL_FLAG(std::string, model_repository, "", "folder whose subfolders are models; required");
ABSL_FLAG(std::string, model_control_mode, "none", "none: load all models at start; explicit: those of --load_model, and by calls");
ABSL_FLAG(std::string, load_model, "", "comma-separated models to load at start in mode explicit; * is all");
ABSL_FLAG(std::string, grpc_address, "127.0.0.1", "address of the gRPC port");
ABSL_FLAG(int, grpc_port, 8001, "port for inference, repository, health and reflection; 0 picks a free one");
ABSL_FLAG(std::string, metrics_address, "127.0.0.1", "address of the HTTP port");
ABSL_FLAG(int, metrics_port, 8002, "HTTP port for /metrics, /livez, /readyz and /; 0 picks a free one");
ABSL_FLAG(int, health_port, 0, "a plaintext gRPC port with health alone; 0 is off");
ABSL_FLAG(std::string, port_file, "", "file that gets the ports once they are bound");
ABSL_FLAG(std::string, devices, "auto", "workers, one per entry, such as cpu,cpu or cuda:0,cuda:1; cuda is all GPUs; auto, too, or one on the CPU where there is none");
ABSL_FLAG(int, threads_per_worker, 0, "threads of a worker's computation; 0: the cores, shared out evenly");
ABSL_FLAG(std::string, engine, "auto", "what computes models: native, hand-written kernels; reference, LibTorch; auto is native where it runs a model");
ABSL_FLAG(std::string, dtype, "auto", "of the weights: auto, float32, bfloat16, float16, int8");
ABSL_FLAG(std::string, loading_strategy, "memory_efficient", "memory_efficient: one worker reads for all; free_for_all: each for itself");
ABSL_FLAG(std::string, transport, "auto", "how replicas get the weights: in_process, gloo between CPUs, nccl between GPUs; auto is nccl for several GPUs, else in_process");
ABSL_FLAG(std::string, cpu_replicas, "auto", "shared: workers look at one copy of the weights; private: each has its own; auto is shared, but private for gloo and free_for_all");
ABSL_FLAG(int64_t, load_bandwidth_limit, 0, "bytes per second that loading may read; 0: no limit");
ABSL_FLAG(bool, deterministic, false, "bit-equal answers whatever else is in the batch");
ABSL_FLAG(bool, cuda_graphs, true, "small batches on GPUs are launched as CUDA graphs");
ABSL_FLAG(int64_t, max_batch_tokens, 16384, "most tokens of one forward pass");
ABSL_FLAG(int64_t, max_batch_requests, 256, "most rows of one forward pass");
ABSL_FLAG(absl::Duration, max_queue_delay, absl::ZeroDuration(), "longest wait of an idle worker for batch mates");
ABSL_FLAG(int64_t, max_queue_requests, 4096, "most requests that wait for one model");
ABSL_FLAG(int64_t, max_queue_tokens, 1048576, "most tokens that wait for one model");
ABSL_FLAG(absl::Duration, default_request_timeout, absl::Seconds(60), "deadline of calls that carry none");
ABSL_FLAG(int64_t, max_request_bytes, int64_t{1} << 30, "largest request");
ABSL_FLAG(int64_t, host_memory_limit, 0, "most bytes of weights in host memory; 0: what is there");
ABSL_FLAG(int64_t, device_memory_limit, 0, "most bytes of weights on a GPU, all models together; 0: what is there");
ABSL_FLAG(absl::Duration, drain_delay, absl::Seconds(5), "after SIGTERM, time of not being ready and still serving");
ABSL_FLAG(absl::Duration, drain_timeout, absl::Seconds(30), "then, longest time to finish what is queued");
ABSL_FLAG(std::string, tls_cert_file, "", "PEM certificate of the gRPC port, its chain behind it; read again when it changes, as the next three");
ABSL_FLAG(std::string, tls_key_file, "", "its PEM key, without a password");
ABSL_FLAG(std::string, tls_client_ca_file, "", "PEM authorities; clients must show a certificate of one");
ABSL_FLAG(std::string, auth_token_file, "", "lines 'TOKEN infer' and 'TOKEN admin'; health needs none");
ABSL_FLAG(std::string, readiness, "all", "ready when all models asked for at start are, or any");
ABSL_FLAG(bool, enable_reflection, true, "gRPC server reflection");
ABSL_FLAG(bool, enable_shared_memory, false, "tensors in system shared memory");
ABSL_FLAG(absl::Duration, max_connection_age, absl::ZeroDuration(), "close connections gracefully after this; 0 is off");
ABSL_FLAG(std::string, metrics_compat, "", "triton also publishes the nv_inference_* names");
ABSL_FLAG(absl::Duration, watchdog_timeout, absl::Seconds(60), "a worker stuck longer ends liveness, a load that waits longer for a worker fails");
ABSL_FLAG(std::string, log_format, "text", "of the log on standard error: text, or json, an object a line");
// clang-format on

namespace transformerd {
namespace {

constexpr absl::string_view kNames[] = {
    "model_repository",
    "model_control_mode",
    "load_model",
    "grpc_address",
    "grpc_port",
    "metrics_address",
    "metrics_port",
    "health_port",
    "port_file",
    "devices",
    "threads_per_worker",
    "engine",
    "dtype",
    "loading_strategy",
    "transport",
    "cpu_replicas",
    "load_bandwidth_limit",
    "deterministic",
    "cuda_graphs",
    "max_batch_tokens",
    "max_batch_requests",
    "max_queue_delay",
    "max_queue_requests",
    "max_queue_tokens",
    "default_request_timeout",
    "max_request_bytes",
    "host_memory_limit",
    "device_memory_limit",
    "drain_delay",
    "drain_timeout",
    "tls_cert_file",
    "tls_key_file",
    "tls_client_ca_file",
    "auth_token_file",
    "readiness",
    "enable_reflection",
    "enable_shared_memory",
    "max_connection_age",
    "metrics_compat",
    "watchdog_timeout",
    "log_format",
};

constexpr absl::string_view kUnsupported[] = {
    "enable_shared_memory",
};

}  // namespace

absl::Span<const absl::string_view> FlagNames() { return kNames; }

absl::Span<const absl::string_view> UnsupportedFlagNames() {
  return kUnsupported;
}

bool IsBoolFlag(absl::string_view name) {
  const absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(name);
  CHECK(flag != nullptr) << name;
  return flag->IsOfType<bool>();
}

absl::string_view ExpectedValue(absl::string_view name) {
  const absl::CommandLineFlag* const flag = absl::FindCommandLineFlag(name);
  CHECK(flag != nullptr) << name;
  if (flag->IsOfType<bool>()) return "true or false";
  if (flag->IsOfType<absl::Duration>()) return "a duration such as 500ms";
  if (flag->IsOfType<std::string>()) return "a text";
  return "an integer";
}

}  // namespace transformerd
