// The fake GPU's attention over rows of any lengths: what LibTorch's operators
// refuse on a real one is refused here too, what they read out of step of their
// vectors as well, and the rest is computed row by row on the CPU.
#include <ATen/core/Tensor.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <c10/core/TensorOptions.h>
#include <c10/util/Exception.h>
#include <torch/library.h>

#include <cmath>
#include <limits>
#include <optional>
#include <tuple>
#include <vector>

#include "tests/fakes/fake_gpu_graphs.h"
#include "tests/fakes/fake_gpu_streams.h"

namespace transformerd {
namespace {

using OptionalTensor = std::optional<at::Tensor>;

// What a query sees around the place that stands across from it; -1: all.
struct Window {
  int64_t before = -1, after = -1;
};

void CheckHeads(const at::Tensor& x_THK, const at::Tensor& query_THK) {
  TORCH_CHECK(x_THK.dim() == 3 && x_THK.size(2) == query_THK.size(2),
              "expected [tokens, heads, ", query_THK.size(2), "], got ",
              x_THK.sizes());
  TORCH_CHECK(x_THK.device() == query_THK.device(), "tensors of ",
              x_THK.device(), " and of ", query_THK.device());
  TORCH_CHECK(x_THK.scalar_type() == query_THK.scalar_type(), "tensors of ",
              x_THK.dtype(), " and of ", query_THK.dtype());
  const int64_t vector = 16 / static_cast<int64_t>(x_THK.element_size());
  TORCH_CHECK(
      x_THK.stride(2) == 1 && x_THK.stride(1) % vector == 0 &&
          x_THK.stride(0) % vector == 0 && x_THK.storage_offset() % vector == 0,
      "rows of heads that do not begin at multiples of 16 bytes: ", "strides ",
      x_THK.strides(), " from ", x_THK.storage_offset());
}

// The borders of `tokens` tokens' rows, in host memory.
std::vector<int32_t> BordersOf(const OptionalTensor& borders, int64_t longest,
                               const at::Tensor& x_THK) {
  TORCH_CHECK(borders && borders->dim() == 1 && borders->is_contiguous() &&
                  borders->scalar_type() == at::kInt,
              "cumulative lengths must be int32, dense and of one dimension");
  TORCH_CHECK(borders->device() == x_THK.device(), "cumulative lengths on ",
              borders->device());
  const at::Tensor host = borders->to(at::kCPU);
  const auto* const data = host.const_data_ptr<int32_t>();
  std::vector<int32_t> values(data, data + host.numel());
  TORCH_CHECK(values.size() >= 2 && values.front() == 0 &&
                  values.back() <= x_THK.size(0),
              "cumulative lengths must lead from 0 to at most ", x_THK.size(0));
  for (size_t row = 1; row < values.size(); ++row) {
    const int32_t length = values[row] - values[row - 1];
    TORCH_CHECK(0 <= length && length <= longest, "a row of ", length,
                " tokens, and the longest has ", longest);
  }
  return values;
}

// [H, q, K], [H, k, K], [H, k, K] -> [H, q, K].
at::Tensor AttendRow(const at::Tensor& query_HqK, const at::Tensor& key_HkK,
                     const at::Tensor& value_HkK, const Window& window,
                     double scale) {
  at::Tensor scores_Hqk =
      at::matmul(query_HqK, key_HkK.transpose(-2, -1)).mul(scale);
  const at::Tensor distance_qk =
      at::arange(key_HkK.size(1))
          .unsqueeze(0)
          .sub(at::arange(query_HqK.size(1)).unsqueeze(1));
  const double hidden = -std::numeric_limits<double>::infinity();
  if (window.before >= 0) {
    scores_Hqk = scores_Hqk.masked_fill(distance_qk.lt(-window.before), hidden);
  }
  if (window.after >= 0) {
    scores_Hqk = scores_Hqk.masked_fill(distance_qk.gt(window.after), hidden);
  }
  return at::matmul(at::softmax(scores_Hqk, -1), value_HkK);
}

struct Rows {
  at::Tensor query_THK, key_TGK, value_TGK;
  OptionalTensor query_borders, key_borders;
  int64_t longest_query, longest_key;
  Window window;
  double scale;
};

at::Tensor Compute(const Rows& rows) {
  const FakeKernel kernel;
  const auto& [query_THK, key_TGK, value_TGK, query_borders, key_borders,
               longest_query, longest_key, window, scale] = rows;
  for (const at::Tensor& x : {query_THK, key_TGK, value_TGK}) {
    CheckHeads(x, query_THK);
  }
  TORCH_CHECK(key_TGK.sizes() == value_TGK.sizes(), "keys and values differ");
  const auto queries = BordersOf(query_borders, longest_query, query_THK);
  const auto keys = BordersOf(key_borders, longest_key, key_TGK);
  TORCH_CHECK(queries.size() == keys.size(), "not as many rows of keys");
  const int64_t times = query_THK.size(1) / key_TGK.size(1);
  const auto on_host = [](const at::Tensor& x, int64_t repeats) {
    return x.to(at::kCPU)
        .to(at::kDouble)
        .repeat_interleave(repeats, 1)
        .transpose(0, 1);
  };
  const at::Tensor query_HTK = on_host(query_THK, 1);
  const at::Tensor key_HTK = on_host(key_TGK, times);
  const at::Tensor value_HTK = on_host(value_TGK, times);
  // Tokens of no row are left as the memory was.
  const at::Tensor output_HTK = at::full(
      query_HTK.sizes(), std::numeric_limits<double>::quiet_NaN(), at::kDouble);
  for (size_t row = 0; row + 1 < queries.size(); ++row) {
    const auto slice = [row](const at::Tensor& x_HTK,
                             const std::vector<int32_t>& borders) {
      return x_HTK.narrow(1, borders[row], borders[row + 1] - borders[row]);
    };
    slice(output_HTK, queries)
        .copy_(AttendRow(slice(query_HTK, queries), slice(key_HTK, keys),
                         slice(value_HTK, keys), window, scale));
  }
  return output_HTK.transpose(0, 1)
      .contiguous()
      .to(query_THK.scalar_type())
      .to(query_THK.device());
}

at::Tensor AttendRows(const Rows& rows) {
  const at::Tensor output = Compute(rows);
  if (FakeRecording* const recording = FakeRecording::Current()) {
    Rows again = rows;
    for (at::Tensor* x : {&again.query_THK, &again.key_TGK, &again.value_TGK,
                          &*again.query_borders, &*again.key_borders}) {
      *x = Borrowed(*x);
    }
    recording->Add({output},
                   [again] { return std::vector<at::Tensor>{Compute(again)}; });
  }
  return output;
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, at::Tensor> Flash(
    const at::Tensor& query, const at::Tensor& key, const at::Tensor& value,
    const OptionalTensor& query_borders, const OptionalTensor& key_borders,
    int64_t longest_query, int64_t longest_key, double dropout, bool is_causal,
    bool return_mask, std::optional<double> scale,
    std::optional<int64_t> window_left, std::optional<int64_t> window_right,
    const OptionalTensor& used_keys, const OptionalTensor& slopes) {
  const at::ScalarType dtype = query.scalar_type();
  TORCH_CHECK(dtype == at::kHalf || dtype == at::kBFloat16,
              "FlashAttention only supports fp16 and bf16, got ", dtype);
  TORCH_CHECK(query.size(-1) <= 256 && query.size(-1) % 8 == 0,
              "FlashAttention has no heads of ", query.size(-1));
  TORCH_CHECK(query.size(1) % key.size(1) == 0, key.size(1),
              " key heads do not divide ", query.size(1));
  TORCH_CHECK(dropout == 0 && !return_mask && scale && !used_keys && !slopes,
              "the fake has no more of flash attention");
  const Window window = {window_left.value_or(-1),
                         is_causal ? 0 : window_right.value_or(-1)};
  const at::Tensor output =
      AttendRows({query, key, value, query_borders, key_borders, longest_query,
                  longest_key, window, *scale});
  return {output, {}, {}, {}, {}};
}

std::tuple<at::Tensor, at::Tensor, at::Tensor, at::Tensor, c10::SymInt,
           c10::SymInt>
MemoryEfficient(const at::Tensor& query, const at::Tensor& key,
                const at::Tensor& value, const OptionalTensor& bias,
                const OptionalTensor& query_borders,
                const OptionalTensor& key_borders,
                std::optional<int64_t> longest_query,
                std::optional<int64_t> longest_key, double dropout,
                int64_t mask_type, bool return_sums,
                std::optional<double> scale, const OptionalTensor& key_lengths,
                std::optional<int64_t> window_size) {
  constexpr int64_t kNoMask = 0, kCausal = 1;
  TORCH_CHECK(query.dim() == 4 && query.size(0) == 1,
              "rows of any lengths are a batch of one");
  TORCH_CHECK(query.size(2) == key.size(2), query.size(2), " query heads and ",
              key.size(2), " key heads");
  TORCH_CHECK(longest_query && longest_key, "the longest rows are missing");
  TORCH_CHECK(mask_type == kNoMask || mask_type == kCausal, "mask ", mask_type);
  TORCH_CHECK(!window_size || (*window_size > 0 && mask_type == kCausal),
              "a window takes a causal mask");
  TORCH_CHECK(dropout == 0 && !bias && !return_sums && scale && !key_lengths,
              "the fake has no more of memory-efficient attention");
  const Window window = {window_size ? *window_size - 1 : -1,
                         mask_type == kCausal ? 0 : -1};
  const at::Tensor output = AttendRows(
      {query.squeeze(0), key.squeeze(0), value.squeeze(0), query_borders,
       key_borders, *longest_query, *longest_key, window, *scale});
  return {output.unsqueeze(0), {}, {}, {}, *longest_query, *longest_key};
}

}  // namespace

TORCH_LIBRARY_IMPL(aten, CUDA, library) {
  library.impl("_flash_attention_forward", &Flash);
  library.impl("_efficient_attention_forward", &MemoryEfficient);
}

}  // namespace transformerd
