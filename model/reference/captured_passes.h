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

  // The answers; `inputs` are the batch's, on the host, and left in any state.
  // Nothing, and the inputs as they were, where the batch has to be launched
  // kernel by kernel: it or what it gives is large, it is the first of its
  // class, or its kernels depend on more than its size. Errors: c10::Error.
  std::optional<PackedOutputs> Run(const PackedBatch& batch,
                                   PassInputs& inputs);

 private:
  // A class of sizes with the outputs that are wanted.
  struct Entry {
    PassSize size;
    std::vector<int> wanted;
    // Of passes that can be captured, once one was.
    std::unique_ptr<PassInputMemory> inputs;
    std::vector<at::Tensor> outputs;
    std::unique_ptr<DeviceGraph> graph;
    bool cannot_be_captured = false;
  };

  // The entry, and whether it was there before.
  std::pair<Entry&, bool> FindOrAdd(const PassSize& size,
                                    const std::vector<int>& wanted);
  void Capture(const PackedBatch& batch, PassInputs& inputs, Entry& entry);
  // Of an output in a pass of this size.
  int64_t RowsOf(int output, const PassSize& size) const;
  int64_t OutputBytes(const PassSize& size,
                      const std::vector<int>& wanted) const;

  const ForwardPass& pass_;
  const Signature& signature_;
  const std::unique_ptr<DeviceGraphs> graphs_;
  std::list<Entry> entries_;  // the last used first
};

}  // namespace transformerd
