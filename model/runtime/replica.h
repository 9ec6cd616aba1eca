// One copy of a model's weights and the modules that look at them.
#pragma once

#include <memory>

#include "model/base/device.h"
#include "model/loading/arena.h"
#include "model/loading/device_memory.h"
#include "model/modules/transformer.h"
#include "model/native/weights.h"

namespace transformerd {

struct Replica {
  Device device;
  // One of the two, which is destroyed after the modules, whose slots point
  // into it: the arena on the CPU, memory of the device elsewhere.
  std::unique_ptr<Arena> arena;
  std::unique_ptr<DeviceMemory> device_memory;
  std::unique_ptr<Transformer> transformer;
  // Of the native engine; null where another one runs the model.
  std::unique_ptr<const NativeWeights> native_weights;
};

}  // namespace transformerd
