#include "model/loading/transport_kind.h"

#include "glog/logging.h"

namespace transformerd {

absl::string_view NameOf(TransportKind kind) {
  switch (kind) {
    case TransportKind::kInProcess:
      return "in_process";
    case TransportKind::kGloo:
      return "gloo";
    case TransportKind::kNccl:
      return "nccl";
  }
  LOG(FATAL) << "no transport " << static_cast<int>(kind);
  return "";
}

std::optional<TransportKind> TransportKindFromName(absl::string_view name) {
  for (const TransportKind kind :
       {TransportKind::kInProcess, TransportKind::kGloo,
        TransportKind::kNccl}) {
    if (name == NameOf(kind)) return kind;
  }
  return std::nullopt;
}

}  // namespace transformerd
