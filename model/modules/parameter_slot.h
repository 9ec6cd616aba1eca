// A named place for one parameter of a model.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "glog/logging.h"
#include "model/base/device.h"
#include "model/base/dtype.h"
#include "model/base/shape.h"

namespace transformerd {

// How a parameter starts where a load leaves it out on purpose.
enum class Initializer { kNormal, kZeros, kOnes };

// Name, dtype and shape are known as soon as the module tree is built; storage
// comes later, once, from an arena that outlives the slot's users.
//
// Not thread-safe while being filled; read-only and shared freely afterwards.
class ParameterSlot {
 public:
  ParameterSlot(std::string name, DType dtype, Shape shape,
                Initializer initializer)
      : name_(std::move(name)),
        dtype_(dtype),
        shape_(std::move(shape)),
        initializer_(initializer) {
    CHECK(SizeBytes(dtype_, shape_).has_value()) << name_;
  }

  // Dotted name in this project's own terms: "layers.3.attention.query.weight".
  const std::string& name() const { return name_; }
  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  Initializer initializer() const { return initializer_; }
  int64_t size_bytes() const { return *SizeBytes(dtype_, shape_); }

  // A slot that may share another's storage: where the checkpoint has no
  // tensor of its own for it, it takes the storage of the slot of this name
  // (say, the decoder of a masked LM head that of the word embeddings).
  const std::string& tied_to() const { return tied_to_; }
  void TieTo(std::string name) { tied_to_ = std::move(name); }

  // A checkpoint may leave the slot out together with all others of the same
  // optional group (say, "pooler"). Empty: the slot is required.
  const std::string& optional_group() const { return optional_group_; }
  void SetOptionalGroup(std::string group) {
    optional_group_ = std::move(group);
  }

  // Room for a form of the parameter that takes more than size_bytes().
  int64_t reserved_bytes() const { return reserved_bytes_; }
  void Reserve(int64_t size_bytes) {
    reserved_bytes_ = std::max(reserved_bytes_, size_bytes);
  }

  bool is_filled() const { return storage_ != nullptr; }
  // Memory of device(), whose address only that device may follow.
  std::byte* storage() const { return storage_; }
  const Device& device() const { return device_; }

  // Gives the slot its storage, size_bytes() long, or reserved_bytes() where
  // that is more. Once (CHECK).
  void Fill(std::byte* storage, const Device& device = {}) {
    CHECK(storage_ == nullptr) << name_ << " is filled twice";
    storage_ = storage;
    device_ = device;
  }

 private:
  std::string name_;
  DType dtype_;
  Shape shape_;
  Initializer initializer_;
  std::string tied_to_;
  std::string optional_group_;
  int64_t reserved_bytes_ = 0;
  std::byte* storage_ = nullptr;
  Device device_;
};

}  // namespace transformerd
