// Forward passes of small batches, launched at once.
//
// A GPU computes a small batch in less time than the host takes to launch its
// kernels one by one. So the passes of a class of sizes are launched once, as a
// graph, and from then on the graph is: with the inputs of a batch in the
// memory that it reads, filled up to the size of the class.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "model/reference/device_graph.h"
#include "model/reference/forward_pass.h"
#include "model/reference/pass_classes.h"
#include "model/reference/pass_inputs.h"
#include "model/runtime/packing.h"
#include "model/runtime/signature.h"

namespace transformerd {

// The graphs of one model on one GPU. Not thread-safe: one batch at a time, all
// on one stream. Refers to what it is made from.
class CapturedPasses {
 public:
  CapturedPasses(const ForwardPass& pass, const Signature& signature,
                 std::unique_ptr<DeviceGraphs> graphs);

  // The answers; `inputs` are the batch's, on the host. Nothing where the batch
  // has to be launched kernel by kernel: it or what it gives is large, it is
  // the first of its class, its kernels depend on more than its size, or the
  // GPU failed at the graph.
  std::optional<PackedOutputs> Run(const PackedBatch& batch,
                                   const PassInputs& inputs);

 private:
  // A class of sizes, and the outputs that are wanted.
  using Kind = std::pair<PassSize, std::vector<int>>;

  struct Captured {
    Kind kind;
    PassInputMemory inputs;
    std::vector<at::Tensor> outputs;
    std::unique_ptr<DeviceGraph> graph;
  };

  bool IsSmall(const Kind& kind) const;
  // False for the first of its kind, and for a while after a failure or once
  // others took its place.
  bool IsDue(const Kind& kind);
  // The first one then; null where the kind has no graph.
  Captured* Find(const Kind& kind);
  // Of the batch's inputs, which are in the graph's memory then.
  void Capture(const PackedBatch& batch, PassInputs inputs, const Kind& kind);
  // Of what is in the graph's memory.
  PackedOutputs Replay(const PackedBatch& batch,
                       const Captured& captured) const;
  // Of an output in a pass of this size.
  int64_t RowsOf(int output, const PassSize& size) const;

  const ForwardPass& pass_;
  const Signature& signature_;
  const std::unique_ptr<DeviceGraphs> graphs_;
  std::list<Captured> captured_;  // the last used first
  // Kinds that came before, and how many more batches are to come before there
  // is a graph.
  std::map<Kind, int> waits_;
};

}  // namespace transformerd
