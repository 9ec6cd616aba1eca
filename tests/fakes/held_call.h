// A call without an answer.
#pragma once

#include "grpcpp/support/server_callback.h"

namespace transformerd {

// Answers nothing until the client gives up. Deletes itself.
class HeldCall : public grpc::ServerUnaryReactor {
 public:
  void OnCancel() override { Finish(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }
};

}  // namespace transformerd
