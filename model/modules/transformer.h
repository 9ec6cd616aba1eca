// The modules of a transformer as a tree of parameter slots.
//
// Modules here are declarations: they say which parameters exist, how large
// they are and what they belong to, and hold no memory. An executor computes
// with them once their slots are filled.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/base/dtype.h"
#include "model/config/architecture.h"
#include "model/modules/module_builder.h"
#include "model/modules/modules.h"
#include "model/modules/parameter_slot.h"
#include "model/modules/seed/seed_modules.h"

namespace transformerd {

// Built from an architecture alone, in time proportional to the number of
// modules: no memory for weights is touched. The slots' order is the same
// wherever the architecture is the same, so every rank agrees on it.
//
// Owns its slots, not their storage. Immutable once the slots are filled, and
// then safe to share between threads.
class Transformer {
 public:
  // All parameters are of dtype `dtype`.
  Transformer(const Architecture& architecture, DType dtype);

  Transformer(const Transformer&) = delete;
  Transformer& operator=(const Transformer&) = delete;

  const std::vector<std::unique_ptr<ParameterSlot>>& slots() const {
    return slots_;
  }
  DType dtype() const { return dtype_; }

  const Stack& stack() const { return stack_; }
  // Nothing where the class has none.
  const std::optional<Stack>& decoder() const { return decoder_; }
  // The dense layer of the pooler; nothing where the pooler has none.
  const std::optional<Linear>& pooler() const { return pooler_; }
  const Head& head() const { return head_; }
  // Instead of all of the above, where the architecture is such a module.
  const std::optional<SeedModule>& seed() const { return seed_; }
  // Instead of all of the above, where the architecture has parts.
  const std::vector<SeedModule>& parts() const { return parts_; }

 private:
  void AddStacks(const Architecture& architecture, ModuleBuilder& builder);
  void AddPooler(const Architecture& architecture, ModuleBuilder& builder);
  void AddHead(const Architecture& architecture, ModuleBuilder& builder);

  DType dtype_;
  std::vector<std::unique_ptr<ParameterSlot>> slots_;
  // The token table that all others are tied to; null: none.
  ParameterSlot* shared_tokens_ = nullptr;
  Stack stack_;
  std::optional<Stack> decoder_;
  std::optional<Linear> pooler_;
  Head head_;
  std::optional<SeedModule> seed_;
  std::vector<SeedModule> parts_;
};

// Index into Stack::blocks of the block that layer `layer` runs.
int64_t BlockIndex(const StackRecipe& recipe, int64_t layer);
const Block& BlockOf(const Stack& stack, const StackRecipe& recipe,
                     int64_t layer);

}  // namespace transformerd
