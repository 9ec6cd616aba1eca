#include "tests/model/native/random_model.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <random>

#include "glog/logging.h"
#include "model/kernels/instruction_set.h"
#include "model/loading/load_control.h"
#include "model/native/distance_tables.h"
#include "model/native/packed_slots.h"

namespace transformerd {
namespace {

const kernels::Kernels& BestKernels() {
  const std::optional<kernels::InstructionSet> best =
      kernels::BestInstructionSet(kernels::DetectCpuFeatures());
  CHECK(best.has_value()) << "the processor has no AVX2";
  return kernels::KernelsFor(*best, DType::kF32);
}

}  // namespace

RandomModel::RandomModel(const Architecture& architecture)
    : kernels_(BestKernels()), transformer_(architecture, DType::kF32) {
  const std::vector<PackedSlot> packed =
      PackedSlotsOf(architecture, transformer_);
  ReservePackedSlots(packed);
  ReserveDistanceTables(architecture, transformer_);
  std::mt19937 random(7);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (const auto& slot : transformer_.slots()) {
    std::vector<float>& values = values_[slot->name()];
    values.resize(slot->size_bytes() / sizeof(float));
    for (float& value : values) value = uniform(random);
    std::byte* const storage = storage_.emplace_back().Reserve(
        std::max(slot->size_bytes(), slot->reserved_bytes()));
    std::memcpy(storage, values.data(), slot->size_bytes());
    slot->Fill(storage);
  }
  CHECK(PackSlots(packed, LoadControl()).ok());
  weights_.emplace(architecture, transformer_, /*int8=*/false, kernels_);
}

}  // namespace transformerd
