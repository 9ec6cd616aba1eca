// Builds the modules of a stack from its recipe.
#pragma once

#include <cstdint>
#include <string>

#include "model/config/stack_recipe.h"
#include "model/modules/module_builder.h"
#include "model/modules/modules.h"

namespace transformerd {

struct StackPlace {
  // Of all slot names: "" or, say, "decoder.".
  std::string prefix;
  int64_t hidden_size = 0;
  // Rows of the token table; 0: the stack takes vectors and embeds nothing.
  int64_t vocab_size = 0;
  // The slot that the token table is tied to; empty: none.
  std::string shared_tokens;
};

// Time is proportional to the number of modules.
Stack BuildStack(const StackRecipe& recipe, const StackPlace& place,
                 ModuleBuilder& builder);

}  // namespace transformerd
