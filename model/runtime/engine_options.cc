#include "model/runtime/engine_options.h"

#include "glog/logging.h"

namespace transformerd {
namespace {

constexpr EngineKind kKinds[] = {EngineKind::kAuto, EngineKind::kReference,
                                 EngineKind::kNative};

}  // namespace

absl::string_view NameOf(EngineKind kind) {
  switch (kind) {
    case EngineKind::kAuto:
      return "auto";
    case EngineKind::kReference:
      return "reference";
    case EngineKind::kNative:
      return "native";
  }
  LOG(FATAL) << "unknown EngineKind";
}

std::optional<EngineKind> EngineKindFromName(absl::string_view name) {
  for (const EngineKind kind : kKinds) {
    if (name == NameOf(kind)) return kind;
  }
  return std::nullopt;
}

}  // namespace transformerd
