#include "server/security/method_rights.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/match.h"

namespace transformerd {
namespace {

// Beside grpc.health.v1: these tell nothing that it does not.
constexpr absl::string_view kFree[] = {
    "/inference.GRPCInferenceService/ServerLive",
    "/inference.GRPCInferenceService/ServerReady",
    "/inference.GRPCInferenceService/ModelReady",
};

constexpr absl::string_view kInfer[] = {
    "/inference.GRPCInferenceService/ServerMetadata",
    "/inference.GRPCInferenceService/ModelMetadata",
    "/inference.GRPCInferenceService/ModelConfig",
    "/inference.GRPCInferenceService/ModelInfer",
    "/inference.GRPCInferenceService/ModelStreamInfer",
    "/inference.GRPCInferenceService/ModelStatistics",
    "/inference.GRPCInferenceService/RepositoryIndex",
    "/inference.GRPCInferenceService/SystemSharedMemoryStatus",
    "/inference.GRPCInferenceService/SystemSharedMemoryRegister",
    "/inference.GRPCInferenceService/SystemSharedMemoryUnregister",
    "/inference.GRPCInferenceService/CudaSharedMemoryStatus",
    "/inference.GRPCInferenceService/CudaSharedMemoryRegister",
    "/inference.GRPCInferenceService/CudaSharedMemoryUnregister",
    "/transformerd.v1.ModelService/ListModels",
    "/transformerd.v1.ModelService/WatchModel",
};

// All methods of these. Tools try several versions of reflection.
constexpr absl::string_view kInferPrefixes[] = {
    "/transformerd.v1.TextService/",
    "/grpc.reflection.",
};

template <size_t N>
bool IsAmong(absl::string_view path, const absl::string_view (&paths)[N]) {
  return std::find(std::begin(paths), std::end(paths), path) != std::end(paths);
}

}  // namespace

std::optional<Right> RightFor(absl::string_view path) {
  if (absl::StartsWith(path, "/grpc.health.v1.Health/") ||
      IsAmong(path, kFree)) {
    return std::nullopt;
  }
  if (IsAmong(path, kInfer)) return Right::kInfer;
  for (const absl::string_view prefix : kInferPrefixes) {
    if (absl::StartsWith(path, prefix)) return Right::kInfer;
  }
  return Right::kAdmin;
}

}  // namespace transformerd
