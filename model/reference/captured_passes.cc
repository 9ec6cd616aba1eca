#include "model/reference/captured_passes.h"

#include <c10/util/Exception.h>

#include <utility>

#include "glog/logging.h"
#include "model/reference/downloads.h"

namespace transformerd {
namespace {

// Clients choose outputs: these bound what their choices keep, to 256 MiB of
// outputs, and as many graphs.
constexpr size_t kMostGraphs = 128;
constexpr int64_t kMostOutputBytes = int64_t{2} << 20;
constexpr size_t kMostKinds = 4096;

// A GPU that had no memory for a graph may have it later.
constexpr int kBatchesAfterFailure = 1000;
// A capture costs as much as several passes: where there are more kinds than
// graphs, they must not take each other's place all the time.
constexpr int kBatchesAfterEviction = 100;

}  // namespace

CapturedPasses::CapturedPasses(const ForwardPass& pass,
                               const Signature& signature,
                               std::unique_ptr<DeviceGraphs> graphs)
    : pass_(pass), signature_(signature), graphs_(std::move(graphs)) {}

std::optional<PackedOutputs> CapturedPasses::Run(const PackedBatch& batch,
                                                 const PassInputs& inputs) {
  const std::optional<PassSize> size =
      ClassOf({batch.num_tokens(), batch.num_sequences()});
  if (!size || !pass_.DependsOnSizeAlone(batch, *size)) return std::nullopt;
  const Kind kind = {*size, batch.outputs};
  if (!IsSmall(kind)) return std::nullopt;
  try {
    if (Captured* const captured = Find(kind)) {
      PassInputs copy = inputs;
      captured->inputs.Fill(copy);
    } else if (IsDue(kind)) {
      Capture(batch, inputs, kind);
    } else {
      return std::nullopt;
    }
    return Replay(batch, captured_.front());
  } catch (const c10::Error& error) {
    LOG(WARNING) << "batches of up to " << size->tokens << " tokens in "
                 << size->rows << " rows are launched kernel by kernel: "
                 << error.what_without_backtrace();
    // With memory that a copy may still be reading: LibTorch keeps that until
    // the copy is done.
    if (Find(kind) != nullptr) captured_.pop_front();
    waits_[kind] = kBatchesAfterFailure;
    return std::nullopt;
  }
}

bool CapturedPasses::IsSmall(const Kind& kind) const {
  const auto& [size, wanted] = kind;
  int64_t bytes = 0;
  for (const int output : wanted) {
    int64_t numbers = RowsOf(output, size);
    for (const int64_t extent : signature_.outputs[output].row_shape) {
      numbers *= extent;
    }
    bytes += numbers * static_cast<int64_t>(sizeof(float));
  }
  return bytes <= kMostOutputBytes;
}

bool CapturedPasses::IsDue(const Kind& kind) {
  if (waits_.size() >= kMostKinds) waits_.clear();
  int& wait = waits_.emplace(kind, 1).first->second;
  if (wait == 0) return true;
  --wait;
  return false;
}

CapturedPasses::Captured* CapturedPasses::Find(const Kind& kind) {
  for (auto captured = captured_.begin(); captured != captured_.end();
       ++captured) {
    if (captured->kind != kind) continue;
    captured_.splice(captured_.begin(), captured_, captured);
    return &captured_.front();
  }
  return nullptr;
}

void CapturedPasses::Capture(const PackedBatch& batch, PassInputs inputs,
                             const Kind& kind) {
  PassInputMemory memory(inputs, kind.first, pass_.device());
  memory.Fill(inputs);
  std::vector<at::Tensor> outputs(batch.outputs.size());
  const auto launch = [&] {
    pass_.Run(batch, inputs, [&](size_t index, const at::Tensor& output) {
      outputs[index] = output.to(at::kFloat).contiguous();
    });
  };
  // Libraries that are used for the first time make plans and allocate, which
  // is no part of a graph.
  launch();
  auto graph = graphs_->Capture(launch);
  captured_.push_front(
      {kind, std::move(memory), std::move(outputs), std::move(graph)});
  if (captured_.size() <= kMostGraphs) return;
  waits_[captured_.back().kind] = kBatchesAfterEviction;
  captured_.pop_back();
}

PackedOutputs CapturedPasses::Replay(const PackedBatch& batch,
                                     const Captured& captured) const {
  captured.graph->Replay();
  const PassSize given = {batch.num_tokens(), batch.num_sequences()};
  Downloads outputs(captured.outputs.size());
  for (size_t i = 0; i < captured.outputs.size(); ++i) {
    outputs.Start(
        i, captured.outputs[i].narrow(0, 0, RowsOf(batch.outputs[i], given)));
  }
  return std::move(outputs).Take();
}

int64_t CapturedPasses::RowsOf(int output, const PassSize& size) const {
  return signature_.outputs[output].rows == OutputRows::kSequence ? size.rows
                                                                  : size.tokens;
}

}  // namespace transformerd
