// Calls servers that speak the Open Inference Protocol: transformerd, and
// others as far as they implement the call.
//
//   ASSIGN_OR_RETURN(std::unique_ptr<Client> client,
//                    Client::Create({"127.0.0.1:8001"}));
//   InferRequest request;
//   request.model = "minilm";
//   request.inputs.push_back({"input_ids", MakeTensor({1, 4}, ids)});
//   ASSIGN_OR_RETURN(InferResult result, client->Infer(std::move(request)));
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/call_options.h"
#include "client/security.h"
#include "client/types.h"

namespace transformerd {

struct ClientOptions {
  // "HOST:PORT", or a gRPC target such as "dns:///HOST:PORT" or "unix:PATH".
  std::string address;
  // For calls that give none. absl::InfiniteDuration() waits for ever.
  absl::Duration default_timeout = absl::Seconds(60);
  ClientSecurity security;
};

// A connection to one server, made with the first call and remade after it was
// lost.
//
// Errors carry the server's code and message; ReasonOf, RetryDelayOf and
// FieldOf of model/base/error_details.h tell what else it sent. Calls that
// change nothing are repeated a few times within their timeout while the server
// is UNAVAILABLE; loads and unloads are not.
//
// Thread-safe.
class Client {
 public:
  using InferDone = absl::AnyInvocable<void(absl::StatusOr<InferResult>)>;
  using EmbedDone = absl::AnyInvocable<void(absl::StatusOr<EmbedResult>)>;
  using TokenizeDone = absl::AnyInvocable<void(absl::StatusOr<TokenizeResult>)>;

  // Connects to nothing yet. INVALID_ARGUMENT for a wrong option.
  static absl::StatusOr<std::unique_ptr<Client>> Create(ClientOptions options);

  // Cancels the calls with a callback that are under way and waits for their
  // callbacks, so it must not run in one of them.
  ~Client();

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  absl::StatusOr<bool> ServerLive(const CallOptions& options = {});
  absl::StatusOr<bool> ServerReady(const CallOptions& options = {});
  absl::StatusOr<ServerDescription> ServerMetadata(
      const CallOptions& options = {});

  // False for a model that is not loaded, whether or not the server knows it.
  // An empty version is the newest one, here and below.
  absl::StatusOr<bool> ModelReady(absl::string_view model,
                                  absl::string_view version = "",
                                  const CallOptions& options = {});
  absl::StatusOr<ModelDescription> ModelMetadata(
      absl::string_view model, absl::string_view version = "",
      const CallOptions& options = {});
  absl::StatusOr<ModelConfiguration> ModelConfig(
      absl::string_view model, absl::string_view version = "",
      const CallOptions& options = {});

  // All models of the server's repository.
  absl::StatusOr<std::vector<ModelListing>> RepositoryIndex(
      const CallOptions& options = {});
  // Returns once the model is ready, or failed to become it. A cancelled or
  // timed out call cancels the load where no other call waits for it.
  absl::Status Load(absl::string_view model, const Parameters& parameters = {},
                    const CallOptions& options = {});
  // Returns once the model's memory is free.
  absl::Status Unload(absl::string_view model, const CallOptions& options = {});

  // INVALID_ARGUMENT, before anything is sent, for a tensor whose size does not
  // fit its shape or whose element type the protocol lacks.
  absl::StatusOr<InferResult> Infer(InferRequest request,
                                    const CallOptions& options = {});
  // The same without blocking. `done` is called exactly once, from any thread,
  // and from this one when the request cannot be sent at all.
  void InferAsync(InferRequest request, const CallOptions& options,
                  InferDone done);

  // The vectors of texts. INVALID_ARGUMENT, before anything is sent, for a text
  // that is not UTF-8. This and what follows only transformerd answers.
  absl::StatusOr<EmbedResult> Embed(EmbedRequest request,
                                    const CallOptions& options = {});
  void EmbedAsync(EmbedRequest request, const CallOptions& options,
                  EmbedDone done);

  // The tokens of texts, whatever their length. INVALID_ARGUMENT as for Embed,
  // and where the pairs are not one for each text.
  absl::StatusOr<TokenizeResult> Tokenize(TokenizeRequest request,
                                          const CallOptions& options = {});
  void TokenizeAsync(TokenizeRequest request, const CallOptions& options,
                     TokenizeDone done);

 private:
  class Calls;

  explicit Client(std::unique_ptr<Calls> calls);

  const std::unique_ptr<Calls> calls_;
};

}  // namespace transformerd
