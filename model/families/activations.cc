#include "model/families/activations.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

using NamedActivation = std::pair<absl::string_view, Activation>;

constexpr NamedActivation kActivations[] = {
    {"gelu", Activation::kGelu},
    {"gelu_10", Activation::kGelu10},
    {"gelu_accurate", Activation::kGeluTanh},
    {"gelu_fast", Activation::kGeluTanh},
    {"gelu_new", Activation::kGeluTanh},
    {"gelu_python", Activation::kGelu},
    {"gelu_python_tanh", Activation::kGeluTanh},
    {"gelu_pytorch_tanh", Activation::kGeluTanh},
    {"hardswish", Activation::kHardSwish},
    {"laplace", Activation::kLaplace},
    {"leaky_relu", Activation::kLeakyRelu},
    {"linear", Activation::kIdentity},
    {"mish", Activation::kMish},
    {"quick_gelu", Activation::kQuickGelu},
    {"relu", Activation::kRelu},
    {"relu2", Activation::kRelu2},
    {"relu6", Activation::kRelu6},
    {"sigmoid", Activation::kSigmoid},
    {"silu", Activation::kSilu},
    {"sqrtsoftplus", Activation::kSqrtSoftplus},
    {"swish", Activation::kSilu},
    {"tanh", Activation::kTanh},
};

}  // namespace

absl::StatusOr<Activation> ActivationFromName(absl::string_view key,
                                              absl::string_view name) {
  for (const auto& [known, activation] : kActivations) {
    if (known == name) return activation;
  }
  const auto name_of = [](std::string* out, const NamedActivation& entry) {
    absl::StrAppend(out, entry.first);
  };
  return LoadError(
      Reason::kConfigInvalid,
      absl::StrCat("config.json: ", key, "=\"", name, "\", expected one of ",
                   absl::StrJoin(kActivations, ", ", name_of)));
}

absl::StatusOr<Activation> ReadActivation(const ConfigReader& config,
                                          absl::string_view key,
                                          absl::string_view default_name) {
  ASSIGN_OR_RETURN(const std::string name, config.String(key, default_name));
  return ActivationFromName(key, name);
}

}  // namespace transformerd
