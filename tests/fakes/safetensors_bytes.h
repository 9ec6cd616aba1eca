// Safetensors files made by hand, right ones and wrong ones.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "model/base/host_tensor.h"

namespace transformerd {

// The length of `header`, the header itself and `payload`: whatever they hold.
std::string SafetensorsBytes(absl::string_view header,
                             absl::string_view payload);

// A valid file of these tensors, in this order.
std::string SafetensorsBytes(
    const std::vector<std::pair<std::string, HostTensor>>& tensors);

}  // namespace transformerd
