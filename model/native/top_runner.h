// What stands on a stack: poolers, sentence vectors and heads.
#pragma once

#include <cstdint>
#include <vector>

#include "model/config/architecture.h"
#include "model/config/pooling.h"
#include "model/kernels/kernels.h"
#include "model/native/buffer.h"
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
            const SentencePooling& pooling, const NativeContext& context);

  // From the last hidden states of the range's tokens.
  void Run(const PackedRows& rows, const SequenceRange& range,
           const RowBuffer& hidden, const TopOutputs& outputs, int num_threads,
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
  void Pick(HeadPooling pooling, RowBuffer& picked) const;
  void Apply(const NativeLinear& linear, const Step& step);
  void Multiply(const NativeLinear& linear, const Step& step,
                int64_t first_block, int64_t end_block, Buffer& packed) const;

  const Architecture& architecture_;
  const NativeWeights& weights_;
  const SentencePooling pooling_;
  const NativeContext& context_;

  // Of the current call.
  const PackedRows* rows_ = nullptr;
  SequenceRange range_;
  const RowBuffer* hidden_ = nullptr;
  const ParallelFor* parallel_for_ = nullptr;
  int64_t width_ = 0;  // of the hidden states

  RowBuffer picked_, pooled_;
  RowBuffer dense_, scores_;
  PanelBuffer input_;
  std::vector<Buffer> packed_;  // one a thread: outputs of a plain weight
};

}  // namespace transformerd
