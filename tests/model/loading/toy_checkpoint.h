// A checkpoint in memory, with faults on order, and slots that it fits.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "model/base/dtype.h"
#include "model/base/shape.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/loading/name_map.h"
#include "model/modules/parameter_slot.h"

namespace transformerd {

// Not thread-safe while tensors are added; reads may overlap afterwards.
class ToyCheckpoint : public CheckpointReader {
 public:
  struct ReadCall {
    int file;
    int64_t offset_bytes;
    std::vector<size_t> sizes;
  };

  // Appends a tensor to a file, `gap_bytes` behind the one before it. Each byte
  // of the file is different from its neighbours.
  void Add(const std::string& key, Shape shape, DType dtype = DType::kF32,
           int64_t gap_bytes = 0, int file = 0);
  // The same with values, as F32.
  void AddFloats(const std::string& key, Shape shape,
                 const std::vector<float>& values);

  // Appends a matrix of that many rows and columns, whose transpose is stored.
  void AddTransposed(const std::string& key, int64_t rows, int64_t columns);

  // Runs before read number `call`, from 0, which returns its error.
  void OnRead(int call, std::function<absl::Status()> action);

  std::vector<ReadCall> reads() const ABSL_LOCKS_EXCLUDED(mutex_);
  int64_t bytes_read() const;
  // The bytes of a tensor as they are in the file.
  std::string BytesOfTensor(const std::string& key) const;

  const std::vector<CheckpointEntry>& entries() const override {
    return entries_;
  }
  std::string file_name(int file) const override;
  absl::Status Read(
      int file, int64_t offset_bytes,
      absl::Span<const absl::Span<std::byte>> buffers) const override;

 private:
  std::vector<CheckpointEntry> entries_;
  std::vector<std::string> files_;
  int failing_call_ = -1;
  std::function<absl::Status()> action_;

  mutable absl::Mutex mutex_;
  mutable std::vector<ReadCall> reads_ ABSL_GUARDED_BY(mutex_);
};

using SlotVector = std::vector<std::unique_ptr<ParameterSlot>>;

// Appends a slot and returns it.
ParameterSlot& AddSlot(SlotVector& slots, const std::string& name, Shape shape,
                       DType dtype = DType::kF32,
                       Initializer initializer = Initializer::kNormal);

// The name map of a family whose keys are the names of its slots.
NameMap MapByName(const SlotVector& slots, const CheckpointReader& reader);

}  // namespace transformerd
