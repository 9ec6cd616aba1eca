// Vectors of distances as each block's attention reads them.
//
// They are the same for all requests: each block's projections of one table,
// made once and read by all workers.
#pragma once

#include "model/config/architecture.h"
#include "model/config/stack_recipe.h"
#include "model/modules/modules.h"
#include "model/modules/transformer.h"
#include "model/native/native_modules.h"
#include "model/native/row_ops.h"

namespace transformerd {

// Makes room for them behind the tables that they are made of, before the plan
// of a load is made. Nothing to do where no stack is disentangled.
void ReserveDistanceTables(const Architecture& architecture,
                           const Transformer& transformer);

// Fills that room, and has the blocks of `native` point there. `stack` and
// `native` are one stack, of a recipe that is disentangled; its slots are
// filled and packed. `ops` are of the dtype of the table.
void ProjectDistances(const StackRecipe& recipe, const Stack& stack,
                      const RowOps& ops, NativeStack& native);

}  // namespace transformerd
