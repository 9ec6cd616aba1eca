// What a gRPC port asks of its clients, as gRPC takes it.
#pragma once

#include <memory>

#include "grpcpp/security/server_credentials.h"
#include "server/security/call_gate.h"
#include "server/security/certificate_store.h"

namespace transformerd {

// Every handshake uses the store's present certificates; a null store means
// plaintext, and one with a client CA that clients must show a certificate of
// it. Every call is checked by the gate, plaintext or not. For one port.
//
// gRPC's C++ interface checks metadata behind TLS only, and its reloading
// provider (FileWatcherCertificateProvider, experimental) gives up the working
// certificate when it meets a pair of files that do not fit. So these are the
// stable functions of its C interface.
std::shared_ptr<grpc::ServerCredentials> MakeListenerCredentials(
    std::shared_ptr<const CertificateStore> certificates,
    std::shared_ptr<const CallGate> gate);

}  // namespace transformerd
