#include "tests/benchmarks/inference/linear_rate.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <random>
#include <vector>

#include "absl/time/clock.h"
#include "glog/logging.h"
#include "model/kernels/instruction_set.h"
#include "model/kernels/kernels.h"
#include "model/kernels/layout.h"
#include "tests/benchmarks/inference/cpu_time.h"
#include "tests/benchmarks/inference/huge_memory.h"

namespace transformerd {
namespace {

// Of a measurement: some milliseconds of one core.
constexpr double kLeastFlop = 1e9;

// Numbers of both signs between 0.5 and 2: zeros would let the clock run faster
// than any model does. As bfloat16, of which two are a float32 of that range.
void FillWithNumbers(std::byte* data, int64_t size_bytes) {
  std::minstd_rand random;
  for (int64_t i = 0; i < size_bytes; i += sizeof(uint16_t)) {
    const auto bits = static_cast<uint16_t>(random() >> 8);
    const uint16_t number = 0x3f00 | (bits & 0x80ff);
    std::memcpy(data + i, &number, sizeof(number));
  }
}

}  // namespace

std::vector<double> MeasureLinear(const LinearShape& shape,
                                  absl::Duration time) {
  CHECK(shape.weights > 0) << shape.weights;
  const std::optional<kernels::InstructionSet> instructions =
      kernels::BestInstructionSet(kernels::DetectCpuFeatures());
  CHECK(instructions.has_value()) << "no kernels for this processor";
  const kernels::Kernels& table =
      kernels::KernelsFor(*instructions, shape.dtype);

  const int64_t panels = kernels::NumPanels(shape.inputs, shape.dtype);
  const int64_t stride = shape.rows * kernels::kPanelBytes;
  const HugeMemory input(stride * panels +
                         kernels::kRowSlack * kernels::kPanelBytes);
  FillWithNumbers(input.data(), stride * panels);
  const int64_t weight_bytes =
      kernels::PackedBytes(shape.outputs, shape.inputs, shape.dtype);
  const HugeMemory weights(weight_bytes * shape.weights);
  FillWithNumbers(weights.data(), weight_bytes);
  for (int64_t i = 1; i < shape.weights; ++i) {
    std::memcpy(weights.data() + i * weight_bytes, weights.data(),
                weight_bytes);
  }

  const int64_t width = kernels::RoundUp(shape.outputs, kernels::kLanes);
  const std::vector<float> bias(width, 0.5f);
  std::vector<float> output(shape.rows * width);
  kernels::LinearCall call;
  call.input = {input.data(), stride};
  call.rows = shape.rows;
  call.panels = panels;
  call.out = shape.outputs;
  call.end_block = kernels::NumBlocks(shape.outputs);
  call.rows_out = output.data();
  call.stride = width;

  const double flop = 2.0 * shape.rows * shape.inputs * shape.outputs;
  // Enough for the clock.
  const auto products = std::max(
      shape.weights, static_cast<int64_t>(std::ceil(kLeastFlop / flop)));
  std::vector<double> rates;
  const absl::Time end = absl::Now() + time;
  do {
    const double start = ThreadCpuSeconds();
    for (int64_t i = 0; i < products; ++i) {
      call.linear = {weights.data() + i % shape.weights * weight_bytes,
                     bias.data()};
      table.linear(call);
    }
    rates.push_back(static_cast<double>(products) * flop /
                    (ThreadCpuSeconds() - start));
  } while (absl::Now() < end);
  return rates;
}

}  // namespace transformerd
