// Whether GPUs have room for the weights of a load.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/base/device.h"

namespace transformerd {

// By the names of devices.
using DeviceBytes = std::map<std::string, int64_t>;

// Counts the bytes of weights that models have on each GPU, or are about to.
// Copies count together. Thread-safe.
class DeviceRoom {
 public:
  // The right to hold some bytes, until it is destroyed. Movable; may outlive
  // the room.
  class Reservation;

  // At most `limit_bytes` of weights on each GPU, and what is free there; 0: no
  // limit but that.
  explicit DeviceRoom(int64_t limit_bytes);
  DeviceRoom() : DeviceRoom(0) {}

  // The most bytes that weights may take of each of the GPUs now; without those
  // that do not say where there is no limit, and without the CPU, whose memory
  // is asked for elsewhere.
  DeviceBytes Free(absl::Span<const Device> devices) const;

  // As many bytes on each device. RESOURCE_EXHAUSTED with reason RESOURCE_LIMIT
  // and the numbers of the first one that has not got them, and then nothing
  // is held.
  absl::StatusOr<Reservation> Reserve(absl::Span<const Device> devices,
                                      int64_t bytes) const;

 private:
  struct Held;

  int64_t LeftOfLimit(const Device& device) const;
  absl::Status Check(const Device& device, int64_t bytes) const;

  int64_t limit_bytes_;
  std::shared_ptr<Held> held_;
};

class DeviceRoom::Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept = default;
  Reservation& operator=(Reservation&& other) noexcept;
  ~Reservation();

 private:
  friend class DeviceRoom;
  void Return();

  std::shared_ptr<Held> held_;  // null: nothing
  DeviceBytes bytes_;
};

}  // namespace transformerd
