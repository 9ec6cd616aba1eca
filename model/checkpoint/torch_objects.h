// The classes and functions that a pickled state dict is made of.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/base/dtype.h"
#include "model/base/shape.h"
#include "model/checkpoint/pickle_machine.h"
#include "model/checkpoint/pickle_value.h"

namespace transformerd {

// Limits of this project for one file, far above any checkpoint in use.
constexpr size_t kMaxTorchTensors = 50'000;
constexpr size_t kMaxTorchStorages = 50'000;
constexpr size_t kMaxTorchRank = 8;

// A stretch of elements that tensors are views of.
struct TorchStorage {
  std::string key;  // the name of its bytes in the file
  DType dtype = DType::kF32;
  int64_t num_elements = 0;
};

// A view of a storage, all of which lies inside of it. Units are elements.
struct TorchTensor {
  uint32_t storage = 0;  // index
  int64_t offset = 0;
  Shape shape;
  Shape strides;  // as many as extents; none is negative
};

// Knows collections.OrderedDict, torch.Size, torch._utils._rebuild_tensor,
// _rebuild_tensor_v2 and _rebuild_parameter, and the ten typed storages from
// torch.BoolStorage to torch.DoubleStorage. All tensors are checked when they
// are made: SHAPE_INVALID, STORAGE_BOUNDS.
class TorchObjects : public PickleObjects {
 public:
  // Persistent ids are ('storage', a storage class, key, location, number of
  // elements) in zip archives, with a None behind it in legacy files.
  enum class Format { kZip, kLegacy };

  explicit TorchObjects(Format format) : format_(format) {}

  std::optional<uint32_t> FindGlobal(absl::string_view module,
                                     absl::string_view name) override;
  absl::StatusOr<PickleValue> Call(uint32_t global,
                                   const PickleValue& arguments,
                                   PickleHeap& heap) override;
  absl::StatusOr<PickleValue> Load(const PickleValue& id,
                                   PickleHeap& heap) override;

  const std::vector<TorchStorage>& storages() const { return storages_; }

  // What the pickle made, once, when it has run.
  std::vector<TorchStorage> TakeStorages() { return std::move(storages_); }
  std::vector<TorchTensor> TakeTensors() { return std::move(tensors_); }

  // The index of a storage by its key.
  std::optional<uint32_t> FindStorage(absl::string_view key) const;

 private:
  absl::StatusOr<PickleValue> MakeOrderedDict(const PickleValue& arguments,
                                              PickleHeap& heap);
  absl::StatusOr<PickleValue> MakeTensor(const PickleValue& arguments,
                                         const PickleHeap& heap);
  absl::StatusOr<PickleValue> RebuildTensorV2(const PickleValue& arguments,
                                              const PickleHeap& heap);
  absl::StatusOr<PickleValue> RebuildParameter(
      absl::Span<const PickleValue> items, const PickleHeap& heap) const;
  absl::Status CheckGradient(const PickleValue& tensor,
                             const PickleValue& requires_grad) const;

  const Format format_;
  std::vector<TorchStorage> storages_;
  absl::flat_hash_map<std::string, uint32_t> storage_of_key_;
  std::vector<TorchTensor> tensors_;
};

// A state dict: names and indices of tensors, in the order of the file.
using StateDict = std::vector<std::pair<std::string, uint32_t>>;

// What the pickle left behind must be: a dict from names to tensors. An entry
// "_metadata" is ignored (old versions of torch keep it there). PICKLE_INVALID,
// DUPLICATE_NAME.
absl::StatusOr<StateDict> ReadStateDict(const PickleValue& value,
                                        const PickleHeap& heap);

}  // namespace transformerd
