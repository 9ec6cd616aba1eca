#include "model/reference/pass_inputs.h"

#include <cstdint>
#include <vector>

#include "glog/logging.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

// What a tensor has one of, along its first dimension.
enum class InputExtent {
  kFixed,    // the same for all batches of a model
  kTokens,   // each token
  kRows,     // each row
  kBorders,  // each row, and its end: the place of a token
};

struct Input {
  at::Tensor* tensor;
  InputExtent extent;
};

void Add(StackInputs& stack, std::vector<Input>& inputs) {
  TableRows& rows = stack.table_rows;
  inputs.push_back({&rows.token, InputExtent::kTokens});
  inputs.push_back({&rows.token_type, InputExtent::kTokens});
  inputs.push_back({&rows.position, InputExtent::kTokens});
  inputs.push_back({&rows.without_id, InputExtent::kFixed});
  inputs.push_back({&rows.vectors, InputExtent::kFixed});
  inputs.push_back({&stack.attention.borders.offsets, InputExtent::kBorders});
  for (RotationInputs& rotation : stack.attention.rotations) {
    const bool by_row = rotation.row_of_token.defined();
    inputs.push_back({&rotation.positions, InputExtent::kTokens});
    inputs.push_back({&rotation.frequencies,
                      by_row ? InputExtent::kRows : InputExtent::kFixed});
    inputs.push_back({&rotation.row_of_token, InputExtent::kTokens});
  }
}

void Add(PooledTokens& pooled, std::vector<Input>& inputs) {
  const bool is_mean = pooled.borders.defined();
  inputs.push_back(
      {&pooled.tokens, is_mean ? InputExtent::kTokens : InputExtent::kRows});
  inputs.push_back({&pooled.borders, InputExtent::kBorders});
}

// Those that are there.
std::vector<Input> InputsOf(PassInputs& pass) {
  std::vector<Input> all;
  Add(pass.encoder, all);
  Add(pass.decoder, all);
  Add(pass.sentence_tokens, all);
  Add(pass.pooler_tokens, all);
  Add(pass.head_tokens, all);
  std::vector<Input> defined;
  for (const Input& input : all) {
    if (input.tensor->defined()) defined.push_back(input);
  }
  return defined;
}

int64_t LengthFor(const Input& input, const PassSize& size) {
  switch (input.extent) {
    case InputExtent::kFixed:
      return input.tensor->size(0);
    case InputExtent::kTokens:
      return size.tokens;
    case InputExtent::kRows:
      return size.rows;
    case InputExtent::kBorders:
      return size.rows + 1;
  }
  LOG(FATAL) << "no extent " << static_cast<int>(input.extent);
}

std::vector<TensorBlock::Spec> SpecsFor(PassInputs& like,
                                        const PassSize& size) {
  std::vector<TensorBlock::Spec> specs;
  for (const Input& input : InputsOf(like)) {
    std::vector<int64_t> sizes = input.tensor->sizes().vec();
    sizes[0] = LengthFor(input, size);
    specs.push_back({input.tensor->scalar_type(), sizes});
  }
  return specs;
}

}  // namespace

void Send(PassInputs& inputs, at::Device device) {
  std::vector<at::Tensor> host;
  for (const Input& input : InputsOf(inputs)) host.push_back(*input.tensor);
  const std::vector<at::Tensor> sent = ToDevice(host, device);
  size_t next = 0;
  for (const Input& input : InputsOf(inputs)) *input.tensor = sent[next++];
}

PassInputMemory::PassInputMemory(PassInputs like, const PassSize& size,
                                 at::Device device)
    : block_(SpecsFor(like, size), device), longest_(size.tokens) {}

void PassInputMemory::Fill(PassInputs& inputs) {
  const std::vector<Input> tensors = InputsOf(inputs);
  CHECK_EQ(tensors.size(), block_.host().size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    const at::Tensor& from = *tensors[i].tensor;
    const at::Tensor& to = block_.host()[i];
    const int64_t given = from.size(0), rest = to.size(0) - given;
    CHECK_GE(rest, 0);
    to.narrow(0, 0, given).copy_(from);
    if (tensors[i].extent == InputExtent::kBorders) {
      to.narrow(0, given, rest).copy_(from.narrow(0, given - 1, 1));
    } else {
      to.narrow(0, given, rest).zero_();
    }
    *tensors[i].tensor = block_.there()[i];
  }
  inputs.encoder.attention.borders.longest = longest_;
  block_.Send();
}

}  // namespace transformerd
