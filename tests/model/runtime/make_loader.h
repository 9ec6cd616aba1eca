// A model loader of one thread a worker, for tests.
#pragma once

#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "glog/logging.h"
#include "model/runtime/model_loader.h"

namespace transformerd {

// `options` must be right (CHECK).
inline std::unique_ptr<ModelLoader> MakeLoader(
    ModelLoaderOptions options = {}) {
  options.threads_per_worker = 1;
  absl::StatusOr<std::unique_ptr<ModelLoader>> loader =
      MakeModelLoader(options);
  CHECK(loader.ok()) << loader.status();
  return *std::move(loader);
}

}  // namespace transformerd
