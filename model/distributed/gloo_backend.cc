// The only file that sees Gloo's headers. They are the distribution's, while
// the library is inside of LibTorch's and newer: tests/model/distributed guards
// what is used here, and --define=gloo=off builds without it.
#include "model/distributed/gloo_backend.h"

#include <c10/util/intrusive_ptr.h>

#include <torch/csrc/distributed/c10d/HashStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include "absl/status/status.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

constexpr char kLoopback[] = "127.0.0.1";

absl::StatusOr<C10dBackend> MakeBackend(int world_size,
                                        absl::Duration timeout) {
  const auto store = c10::make_intrusive<c10d::HashStore>();
  const auto options = c10d::ProcessGroupGloo::Options::create(
      absl::ToChronoMilliseconds(timeout));
  options->devices = {
      c10d::ProcessGroupGloo::createDeviceForHostname(kLoopback)};
  C10dBackend backend;
  backend.name = "gloo";
  backend.devices.assign(world_size, c10::Device(c10::kCPU));
  backend.connect = [=](int rank) -> c10::intrusive_ptr<c10d::Backend> {
    return c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, world_size,
                                                       options);
  };
  return backend;
}

}  // namespace

absl::StatusOr<C10dBackend> MakeGlooBackend(int world_size,
                                            absl::Duration timeout) {
  RETURN_IF_ERROR(CheckC10dIsPrepared());
  absl::StatusOr<C10dBackend> backend =
      CatchTorch([&] { return MakeBackend(world_size, timeout); });
  if (!backend.ok()) return Annotate(backend.status(), "gloo");
  return backend;
}

}  // namespace transformerd
