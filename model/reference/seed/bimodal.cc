#include "model/reference/seed/bimodal.h"

#include <ATen/ops/matmul.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/types/span.h"
#include "model/reference/ops.h"
#include "model/reference/seed/seed_attention.h"
#include "model/reference/seed/seed_layer.h"

namespace transformerd {
namespace {

// What is added to the scores of each stream; undefined: nothing.
struct Biases {
  at::Tensor stream1, stream2;
  at::Tensor co;  // of stream 1's queries over stream 2's keys
};

Biases BiasesOf(const BiModalInput& input) {
  const at::ScalarType dtype = input.states1.scalar_type();
  return {AdditiveMask(input.mask1, dtype), AdditiveMask(input.mask2, dtype),
          AdditiveMask(input.co_mask, dtype)};
}

// One direction: `query` asks, and keys and values of the other stream answer.
// Masks are added one after the other: what both forbid becomes -infinity.
at::Tensor Attend(const at::Tensor& query, const at::Tensor& key,
                  const at::Tensor& value, int64_t heads,
                  const at::Tensor& bias, const at::Tensor& co_bias) {
  const at::Tensor query_BHQD = SplitHeads(query, heads);
  const at::Tensor scores =
      at::matmul(query_BHQD, SplitHeads(key, heads).transpose(-1, -2))
          .div(std::sqrt(static_cast<double>(query_BHQD.size(-1))));
  const at::Tensor probabilities =
      at::softmax(AddIfAny(AddIfAny(scores, bias), co_bias), -1);
  return JoinHeads(at::matmul(probabilities, SplitHeads(value, heads)));
}

// What each stream answers to the other.
struct Contexts {
  at::Tensor of_stream1, of_stream2;
};

Contexts Apply(const BiModalAttentionModule& module, const at::Tensor& states1,
               const at::Tensor& states2, const Biases& biases) {
  const int64_t heads = module.recipe.num_attention_heads;
  const at::Tensor co_bias1 =
      biases.co.defined() ? biases.co.transpose(-1, -2) : at::Tensor();
  Contexts contexts;
  contexts.of_stream1 =
      Attend(Apply(module.query2, states2), Apply(module.key1, states1),
             Apply(module.value1, states1), heads, biases.stream1, co_bias1);
  contexts.of_stream2 =
      Attend(Apply(module.query1, states1), Apply(module.key2, states2),
             Apply(module.value2, states2), heads, biases.stream2, biases.co);
  return contexts;
}

// Runs the layers of both streams, and what is between them.
class Encoder {
 public:
  Encoder(const BiModalEncoderModule& module, const BiModalInput& input)
      : module_(module),
        states1_(input.states1),
        states2_(input.states2),
        biases_(BiasesOf(input)) {}

  BiModalResult Run() {
    const BiModalEncoderRecipe& recipe = module_.recipe;
    const size_t connections =
        std::min(recipe.biattention_id1.size(), recipe.biattention_id2.size());
    std::vector<at::Tensor> encoded1, encoded2;
    int64_t start1 = 0, start2 = 0;
    for (size_t i = 0; i < connections; ++i) {
      RunLayers(start1, recipe.biattention_id1[i], start2,
                recipe.biattention_id2[i]);
      if (i == 0) JoinBatches();
      if (recipe.with_coattention) Connect(module_.connections[i]);
      start1 = recipe.biattention_id1[i];
      start2 = recipe.biattention_id2[i];
      encoded1.push_back(states1_);
      encoded2.push_back(states2_);
    }
    RunLayers(start1, static_cast<int64_t>(module_.layers1.size()), start2,
              static_cast<int64_t>(module_.layers2.size()));
    return {states1_, states2_, at::stack(encoded1, -1),
            at::stack(encoded2, -1)};
  }

 private:
  void RunLayers(int64_t start1, int64_t end1, int64_t start2, int64_t end2) {
    states1_ =
        Apply(absl::MakeSpan(module_.layers1).subspan(start1, end1 - start1),
              states1_, biases_.stream1);
    states2_ =
        Apply(absl::MakeSpan(module_.layers2).subspan(start2, end2 - start2),
              states2_, biases_.stream2);
  }

  // Before the first connection: every row of stream 1 with every one of stream
  // 2, or the one row of stream 1 with all of them.
  void JoinBatches() {
    const int64_t batch = states2_.size(0);
    if (module_.recipe.in_batch_pairs) {
      const auto repeat_each = [batch](at::Tensor& tensor) {
        if (tensor.defined()) tensor = tensor.repeat_interleave(batch, 0);
      };
      const auto repeat_all = [batch](at::Tensor& tensor) {
        if (!tensor.defined()) return;
        std::vector<int64_t> times(tensor.dim(), 1);
        times[0] = batch;
        tensor = tensor.repeat(times);
      };
      repeat_each(states1_);
      repeat_each(biases_.stream1);
      repeat_each(biases_.co);
      repeat_all(states2_);
      repeat_all(biases_.stream2);
    } else if (module_.recipe.fast_mode) {
      // Masks of one row are broadcast as they are.
      states1_ = states1_.expand({batch, -1, -1});
    }
  }

  void Connect(const BiModalConnection& layer) {
    const Contexts contexts =
        Apply(layer.attention, states1_, states2_, biases_);
    const at::Tensor attended1 =
        Apply(layer.bert_output1, contexts.of_stream2, states1_);
    const at::Tensor attended2 =
        Apply(layer.bert_output2, contexts.of_stream1, states2_);
    const auto inner = [&layer](const Linear& linear,
                                const at::Tensor& attended) {
      return Apply(layer.activation, Apply(linear, attended));
    };
    states1_ =
        Apply(layer.output1, inner(layer.intermediate1, attended1), attended1);
    states2_ =
        Apply(layer.output2, inner(layer.intermediate2, attended2), attended2);
  }

  const BiModalEncoderModule& module_;
  at::Tensor states1_, states2_;
  Biases biases_;
};

BiModalInput ReadInput(const SeedCall& call) {
  return {call.Get("hidden_states1"), call.Get("hidden_states2"),
          call.Get("attention_mask1"), call.Get("attention_mask2"),
          call.Get("co_attention_mask")};
}

}  // namespace

BiModalResult Encode(const BiModalEncoderModule& module,
                     const BiModalInput& input) {
  return Encoder(module, input).Run();
}

void Run(const BiModalAttentionModule& module, SeedCall& call) {
  const BiModalInput input = ReadInput(call);
  const Contexts contexts =
      Apply(module, input.states1, input.states2, BiasesOf(input));
  call.Give("context1", contexts.of_stream1);
  call.Give("context2", contexts.of_stream2);
}

void Run(const BiModalEncoderModule& module, SeedCall& call) {
  const BiModalResult result = Encode(module, ReadInput(call));
  call.Give("encoded_layers1", result.encoded1);
  call.Give("encoded_layers2", result.encoded2);
  call.Give("final_hidden_states1", result.states1);
  call.Give("final_hidden_states2", result.states2);
}

}  // namespace transformerd
