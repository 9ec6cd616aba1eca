// The weights of a model as the native engine reads them.
#pragma once

#include <optional>

#include "model/config/architecture.h"
#include "model/kernels/kernels.h"
#include "model/modules/transformer.h"
#include "model/native/native_modules.h"

namespace transformerd {

// Points into the slots of a transformer, which were packed by PackSlots and
// must outlive it; small parameters are copied. Immutable and thread-safe.
class NativeWeights {
 public:
  // `int8` as it was for PackedSlotsOf. What is the same for all requests is
  // computed here, with `kernels`, which are of the transformer's dtype.
  NativeWeights(const Architecture& architecture,
                const Transformer& transformer, bool int8,
                const kernels::Kernels& kernels);
  NativeWeights(const NativeWeights&) = delete;
  NativeWeights& operator=(const NativeWeights&) = delete;

  const NativeStack& stack() const { return stack_; }
  const std::optional<NativeStack>& decoder() const { return decoder_; }
  const std::optional<NativeLinear>& pooler() const { return pooler_; }
  const NativeHead& head() const { return head_; }

 private:
  NativeStack stack_;
  std::optional<NativeStack> decoder_;
  std::optional<NativeLinear> pooler_;
  NativeHead head_;
};

}  // namespace transformerd
