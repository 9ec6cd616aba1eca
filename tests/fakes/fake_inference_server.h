// A server that speaks the protocol and TextService, and has one model, "echo".
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "grpcpp/server.h"
#include "proto/inference.grpc.pb.h"
#include "tests/fakes/fake_text_service.h"

namespace transformerd {

// Serves on a free port of the loopback from construction to destruction.
//
// It links package inference as a program of others might, so each test that
// uses it also shows that the client library carries no copy of its own.
// Thread-safe.
class FakeInferenceServer {
 public:
  // Serves these as well, which must outlive it.
  explicit FakeInferenceServer(const std::vector<grpc::Service*>& more = {});
  ~FakeInferenceServer();

  // "127.0.0.1:PORT".
  const std::string& address() const { return address_; }

  // Each of the next `times` calls of any method fails so.
  void FailNext(absl::Status status, int times = 1);
  // Each call of `method` from now on fails so.
  void FailMethod(const std::string& method, absl::Status status);
  // What RepositoryIndex says of model "echo".
  void SetState(std::string state, std::string reason);
  // Makes ModelInfer answer so, instead of giving its inputs back.
  void SetAnswer(inference::ModelInferResponse answer);
  // Makes ModelInfer and the calls of the text service wait until they are
  // cancelled or their time is over.
  void HoldInference();

  // All requests so far, by method, failed ones included.
  int num_calls(const std::string& method) const;
  inference::ModelInferRequest last_infer() const;
  inference::RepositoryModelLoadRequest last_load() const;
  // Of the last load or unload.
  bool had_deadline() const;
  // Returns once a held call waits.
  void AwaitHeldInference();

 private:
  class Service;

  const std::unique_ptr<Service> service_;
  const std::unique_ptr<FakeTextService> text_service_;
  std::string address_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace transformerd
