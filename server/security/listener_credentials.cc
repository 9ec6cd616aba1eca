#include "server/security/listener_credentials.h"

#include <grpc/grpc_security.h>
#include <grpc/slice.h>

#include <string>
#include <utility>
#include <vector>

#include "glog/logging.h"

namespace transformerd {
namespace {

// Belongs to gRPC's credentials, which live until the last connection is gone.
struct State {
  std::shared_ptr<const CertificateStore> certificates;  // null: plaintext
  std::shared_ptr<const CallGate> gate;
  // That gRPC has. Read and written by FetchCertificates alone, which gRPC
  // calls under a lock.
  std::shared_ptr<const Certificates> in_use;
};

absl::string_view ViewOf(const grpc_slice& slice) {
  return {reinterpret_cast<const char*>(GRPC_SLICE_START_PTR(slice)),
          GRPC_SLICE_LENGTH(slice)};
}

// Called by gRPC before each handshake.
grpc_ssl_certificate_config_reload_status FetchCertificates(
    void* user_data, grpc_ssl_server_certificate_config** config) {
  State& state = *static_cast<State*>(user_data);
  std::shared_ptr<const Certificates> present = state.certificates->Get();
  if (present == state.in_use) {
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  }
  state.in_use = std::move(present);
  const Certificates& use = *state.in_use;
  const grpc_ssl_pem_key_cert_pair pair = {use.key_pem.c_str(),
                                           use.certificate_pem.c_str()};
  // gRPC wants roots even where it asks clients for nothing.
  const std::string& roots =
      use.client_ca_pem.empty() ? use.certificate_pem : use.client_ca_pem;
  *config = grpc_ssl_server_certificate_config_create(roots.c_str(), &pair, 1);
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

// Called by gRPC for each call, before its service is.
void CheckCall(void* user_data, grpc_auth_context*,
               const grpc_metadata* metadata, size_t count,
               grpc_process_auth_metadata_done_cb done, void* done_data) {
  const CallGate& gate = *static_cast<State*>(user_data)->gate;
  absl::string_view path;
  std::vector<absl::string_view> authorization;
  for (size_t i = 0; i < count; ++i) {
    const absl::string_view key = ViewOf(metadata[i].key);
    if (key == ":path") path = ViewOf(metadata[i].value);
    if (key == "authorization") {
      authorization.push_back(ViewOf(metadata[i].value));
    }
  }
  const absl::Status status = gate.Check(path, authorization);
  done(done_data, nullptr, 0, nullptr, 0,
       static_cast<grpc_status_code>(status.code()),
       status.ok() ? nullptr : std::string(status.message()).c_str());
}

void DeleteState(void* state) { delete static_cast<State*>(state); }

grpc_server_credentials* MakeTransport(State& state) {
  if (state.certificates == nullptr) {
    return grpc_insecure_server_credentials_create();
  }
  const bool asks_clients = !state.certificates->Get()->client_ca_pem.empty();
  // Of TLS 1.2 at least, which is gRPC's own minimum.
  return grpc_ssl_server_credentials_create_with_options(
      grpc_ssl_server_credentials_create_options_using_config_fetcher(
          asks_clients
              ? GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY
              : GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE,
          &FetchCertificates, &state));
}

class ListenerCredentials final : public grpc::ServerCredentials {
 public:
  ListenerCredentials(std::shared_ptr<const CertificateStore> certificates,
                      std::shared_ptr<const CallGate> gate) {
    auto* const state =
        new State{std::move(certificates), std::move(gate), nullptr};
    credentials_ = MakeTransport(*state);
    grpc_server_credentials_set_auth_metadata_processor(
        credentials_, {&CheckCall, &DeleteState, state});
  }
  ~ListenerCredentials() override {
    grpc_server_credentials_release(credentials_);
  }

  void SetAuthMetadataProcessor(
      const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {
    LOG(FATAL) << "calls are checked by the gate";
  }

 private:
  int AddPortToServer(const std::string& address,
                      grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  grpc_server_credentials* credentials_;
};

}  // namespace

std::shared_ptr<grpc::ServerCredentials> MakeListenerCredentials(
    std::shared_ptr<const CertificateStore> certificates,
    std::shared_ptr<const CallGate> gate) {
  return std::make_shared<ListenerCredentials>(std::move(certificates),
                                               std::move(gate));
}

}  // namespace transformerd
