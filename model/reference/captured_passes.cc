#include "model/reference/captured_passes.h"

#include <c10/util/Exception.h>

#include <utility>

#include "glog/logging.h"
#include "model/reference/downloads.h"

namespace transformerd {
namespace {

// Clients choose outputs: these bound the memory that their choices hold, to
// 256 MiB and what one pass needs in between.
constexpr size_t kMostEntries = 64;
constexpr int64_t kMostOutputBytes = int64_t{4} << 20;

}  // namespace

CapturedPasses::CapturedPasses(const ForwardPass& pass,
                               const Signature& signature,
                               std::unique_ptr<DeviceGraphs> graphs)
    : pass_(pass), signature_(signature), graphs_(std::move(graphs)) {}

std::optional<PackedOutputs> CapturedPasses::Run(const PackedBatch& batch,
                                                 PassInputs& inputs) {
  const PassSize given = {batch.num_tokens(), batch.num_sequences()};
  const std::optional<PassSize> size = ClassOf(given);
  if (!size || OutputBytes(*size, batch.outputs) > kMostOutputBytes ||
      !pass_.DependsOnSizeAlone(batch)) {
    return std::nullopt;
  }
  const auto [entry, is_known] = FindOrAdd(*size, batch.outputs);
  if (!is_known || entry.cannot_be_captured) return std::nullopt;
  if (entry.graph == nullptr) {
    PassInputs copy = inputs;
    Capture(batch, copy, entry);
    if (entry.graph == nullptr) return std::nullopt;
  } else {
    entry.inputs->Send(inputs);
  }
  entry.graph->Replay();
  Downloads outputs(entry.outputs.size());
  for (size_t i = 0; i < entry.outputs.size(); ++i) {
    outputs.Start(
        i, entry.outputs[i].narrow(0, 0, RowsOf(batch.outputs[i], given)));
  }
  return std::move(outputs).Take();
}

std::pair<CapturedPasses::Entry&, bool> CapturedPasses::FindOrAdd(
    const PassSize& size, const std::vector<int>& wanted) {
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    if (!(entry->size == size) || entry->wanted != wanted) continue;
    entries_.splice(entries_.begin(), entries_, entry);
    return {entries_.front(), true};
  }
  entries_.push_front({size, wanted});
  if (entries_.size() > kMostEntries) entries_.pop_back();
  return {entries_.front(), false};
}

void CapturedPasses::Capture(const PackedBatch& batch, PassInputs& inputs,
                             Entry& entry) {
  // Attention is launched for rows as long as any batch of the class may have.
  inputs.encoder.attention.borders.longest = entry.size.tokens;
  entry.cannot_be_captured = !pass_.AttendsInOneCall(batch, inputs);
  if (entry.cannot_be_captured) return;
  try {
    auto memory =
        std::make_unique<PassInputMemory>(inputs, entry.size, pass_.device());
    memory->Send(inputs);
    std::vector<at::Tensor> outputs(batch.outputs.size());
    const auto launch = [&] {
      pass_.Run(batch, inputs, [&](size_t index, const at::Tensor& output) {
        outputs[index] = output.to(at::kFloat).contiguous();
      });
    };
    // Libraries that are used for the first time make plans and allocate, which
    // is no part of a graph.
    launch();
    entry.graph = graphs_->Capture(launch);
    entry.inputs = std::move(memory);
    entry.outputs = std::move(outputs);
  } catch (const c10::Error& error) {
    entry.cannot_be_captured = true;
    LOG(WARNING) << "batches of up to " << entry.size.tokens << " tokens in "
                 << entry.size.rows << " rows are launched kernel by kernel: "
                 << error.what_without_backtrace();
  }
}

int64_t CapturedPasses::RowsOf(int output, const PassSize& size) const {
  return signature_.outputs[output].rows == OutputRows::kSequence ? size.rows
                                                                  : size.tokens;
}

int64_t CapturedPasses::OutputBytes(const PassSize& size,
                                    const std::vector<int>& wanted) const {
  int64_t bytes = 0;
  for (const int output : wanted) {
    int64_t numbers = RowsOf(output, size);
    for (const int64_t extent : signature_.outputs[output].row_shape) {
      numbers *= extent;
    }
    bytes += numbers * static_cast<int64_t>(sizeof(float));
  }
  return bytes;
}

}  // namespace transformerd
