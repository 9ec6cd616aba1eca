// What stands on a stack: poolers, sentence vectors and heads.
#pragma once

#include <cstdint>
#include <vector>

#include "model/config/architecture.h"
#include "model/config/pooling.h"
#include "model/kernels/kernels.h"
#include "model/native/buffer.h"
#include "model/native/row_ops.h"
#include "model/native/row_range.h"
#include "model/native/stack_runner.h"
#include "model/native/weights.h"
#include "model/runtime/packing.h"

namespace transformerd {

// Where the results of all rows of a batch go; null: nowhere.
struct TopOutputs {
  float* last_hidden_state = nullptr;
  float* pooler_output = nullptr;
  float* sentence_embedding = nullptr;
  float* pair_logits = nullptr;
  // Of the head, whatever they are called.
  float* logits = nullptr;
  float* start_logits = nullptr;
  float* end_logits = nullptr;
};

struct SentencePooling {
  PoolingKind kind = PoolingKind::kNone;
  bool normalize = false;
};

// Not thread-safe: one range at a time. What it is made from must outlive it.
class TopRunner {
 public:
  TopRunner(const Architecture& architecture, const NativeWeights& weights,
            const SentencePooling& pooling, const RowOps& ops);

  // From the last hidden states of the range's tokens, which are the decoder's
  // where there is one. `input` are the rows that the model was given first.
  void Run(const RowRange& range, const PackedRows& input,
           const RowBuffer& hidden, const TopOutputs& outputs,
           const ParallelFor& parallel_for);

 private:
  // Rows that a linear reads, and what it makes of them.
  struct Step {
    const RowBuffer* input = nullptr;
    int64_t rows = 0;
    float scale = 1;
    Activation activation = Activation::kIdentity;
    float softcap = 0;
    float* out = nullptr;
    int64_t stride = 0;
  };

  void RunPooler();
  void RunHead(const TopOutputs& outputs);
  void PoolSentences(float* out);
  // Of each sequence of the range, what stands for it.
  void Pick(HeadPooling pooling, RowBuffer& picked) const;
  std::vector<int64_t> TokensOf(HeadPooling pooling) const;
  void Apply(const NativeLinear& linear, const Step& step);
  void Multiply(const NativeLinear& linear, const Step& step,
                int64_t first_block, int64_t end_block, Buffer& packed) const;

  const Architecture& architecture_;
  const NativeWeights& weights_;
  const SentencePooling pooling_;
  const RowOps& ops_;

  // Of the current call.
  const RowRange* range_ = nullptr;
  const PackedRows* input_rows_ = nullptr;
  const RowBuffer* hidden_ = nullptr;
  const ParallelFor* parallel_for_ = nullptr;
  int64_t width_ = 0;  // of the hidden states

  RowBuffer picked_, pooled_;
  RowBuffer dense_, scores_;
  PanelBuffer input_;
  std::vector<Buffer> packed_;  // one a thread: outputs of a plain weight
};

}  // namespace transformerd
