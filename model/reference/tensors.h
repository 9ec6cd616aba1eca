// Slots and host tensors as ATen tensors, and errors of LibTorch as statuses.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/util/Exception.h>

#include <exception>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "model/base/device.h"
#include "model/base/error_details.h"
#include "model/modules/parameter_slot.h"

namespace transformerd {

// The ATen name of a dtype that parameters can have (CHECK).
at::ScalarType ScalarTypeOf(DType dtype);

// The ATen name of a device.
at::Device AtDeviceOf(const Device& device);

// The lowest finite value of a dtype that parameters can have; of float16,
// whose range a score may leave together with it, half of that.
double LowestOf(at::ScalarType dtype);

// A view of a filled slot; valid as long as the slot's storage.
at::Tensor TensorOf(const ParameterSlot& slot);

// A view of int64 values in host memory; valid as long as they are.
at::Tensor TensorOf(absl::Span<const int64_t> values);

// The same values in a tensor of their own.
at::Tensor CopyOf(absl::Span<const int64_t> values);

// A view of float32 vectors of `width` numbers each in host memory; valid as
// long as they are.
at::Tensor TensorOf(absl::Span<const float> values, int64_t width);

// Tensors of host memory where `device` computes with them: on the CPU the
// tensors themselves, else copies that went there together, out of one block of
// pinned memory, and for which neither the host nor the device is waited.
std::vector<at::Tensor> ToDevice(const std::vector<at::Tensor>& host,
                                 at::Device device);
at::Tensor ToDevice(const at::Tensor& host, at::Device device);

// Calls `function`, which uses LibTorch, and turns what it throws into a
// Status. The one place where exceptions of LibTorch end.
template <typename Function>
auto CatchTorch(Function&& function) -> decltype(function()) {
  try {
    return std::forward<Function>(function)();
  } catch (const std::bad_alloc&) {
    return WithReason(
        absl::ResourceExhaustedError("out of memory while computing"),
        Reason::kResourceLimit);
  } catch (const c10::OutOfMemoryError& error) {
    return WithReason(
        absl::ResourceExhaustedError(error.what_without_backtrace()),
        Reason::kResourceLimit);
  } catch (const c10::Error& error) {
    return absl::InternalError(
        absl::StrCat("LibTorch: ", error.what_without_backtrace()));
  } catch (const std::exception& error) {
    return absl::InternalError(absl::StrCat("LibTorch: ", error.what()));
  }
}

}  // namespace transformerd
