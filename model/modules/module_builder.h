// Makes slots and the small modules that larger ones consist of.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "model/base/dtype.h"
#include "model/base/shape.h"
#include "model/config/block_recipe.h"
#include "model/modules/modules.h"
#include "model/modules/parameter_slot.h"

namespace transformerd {

// Names are those of modules ("layers.0.mlp.up"); slots get ".weight" or
// ".bias" behind them.
class ModuleBuilder {
 public:
  // Slots are of `dtype`, have `prefix` before their names and are appended to
  // `slots`, which must outlive the builder.
  ModuleBuilder(DType dtype, std::vector<std::unique_ptr<ParameterSlot>>& slots,
                std::string prefix = "")
      : dtype_(dtype), slots_(slots), prefix_(std::move(prefix)) {}

  ParameterSlot* AddSlot(const std::string& name, Shape shape,
                         Initializer initializer);
  // A table of `rows` vectors.
  ParameterSlot* AddTable(const std::string& name, int64_t rows, int64_t size);
  Linear AddLinear(const std::string& name, int64_t in, int64_t out,
                   bool bias = true, bool in_out = false);
  Norm AddNorm(const std::string& name, int64_t size, const NormRecipe& recipe);

 private:
  DType dtype_;
  std::vector<std::unique_ptr<ParameterSlot>>& slots_;
  const std::string prefix_;
};

}  // namespace transformerd
