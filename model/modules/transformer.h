// The modules of a transformer as a tree of parameter slots.
//
// Modules here are declarations: they say which parameters exist, how large
// they are and what they belong to, and hold no memory. An executor computes
// with them once their slots are filled.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/config/architecture.h"
#include "model/modules/parameter_slot.h"

namespace transformerd {

// y = x weight^T + bias; weight is [out, in].
struct Linear {
  ParameterSlot* weight = nullptr;
  ParameterSlot* bias = nullptr;  // null: none
};

struct LayerNorm {
  ParameterSlot* weight = nullptr;
  ParameterSlot* bias = nullptr;
  double eps = 0;
};

// Sum of token, position and token type vectors, then a norm.
struct Embeddings {
  ParameterSlot* token = nullptr;       // null: the input is embedded already
  ParameterSlot* position = nullptr;    // null: none
  ParameterSlot* token_type = nullptr;  // null: none
  std::optional<LayerNorm> norm;
};

// Multi-head self-attention (Vaswani et al., 2017).
struct Attention {
  Linear query, key, value, output;
};

struct Mlp {
  Linear up, down;
};

struct Block {
  Attention attention;
  LayerNorm attention_norm;
  Mlp mlp;
  LayerNorm mlp_norm;
};

// Whatever stands on the encoder; which members are there follows from
// Architecture::head.
struct Head {
  std::optional<Linear> dense;
  std::optional<LayerNorm> norm;
  std::optional<Linear> decoder;       // to the vocabulary
  std::optional<Linear> classifier;    // to labels, or to (start, end)
  std::optional<Linear> relationship;  // next-sentence prediction
};

// Built from an architecture alone, in time proportional to the number of
// modules: no memory for weights is touched. The slots' order is the same
// wherever the architecture is the same, so every rank agrees on it.
//
// Owns its slots, not their storage. Immutable once the slots are filled, and
// then safe to share between threads.
class Transformer {
 public:
  // All parameters are of dtype `dtype`.
  Transformer(const Architecture& architecture, DType dtype);

  Transformer(const Transformer&) = delete;
  Transformer& operator=(const Transformer&) = delete;

  const std::vector<std::unique_ptr<ParameterSlot>>& slots() const {
    return slots_;
  }
  DType dtype() const { return dtype_; }

  const Embeddings& embeddings() const { return embeddings_; }
  const std::vector<Block>& blocks() const { return blocks_; }
  // The dense layer of the pooler; nothing where the class has none.
  const std::optional<Linear>& pooler() const { return pooler_; }
  const Head& head() const { return head_; }

 private:
  ParameterSlot* AddSlot(const std::string& name, Shape shape,
                         Initializer initializer);
  Linear AddLinear(const std::string& name, int64_t in, int64_t out,
                   bool bias = true);
  LayerNorm AddLayerNorm(const std::string& name, int64_t size, double eps);
  void AddEmbeddings(const Architecture& architecture);
  void AddBlock(const Architecture& architecture, int64_t layer);
  void AddHead(const Architecture& architecture);
  void AddMaskedLmHead(const Architecture& architecture);

  DType dtype_;
  std::vector<std::unique_ptr<ParameterSlot>> slots_;
  Embeddings embeddings_;
  std::vector<Block> blocks_;
  std::optional<Linear> pooler_;
  Head head_;
};

}  // namespace transformerd
