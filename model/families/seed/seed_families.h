// The modules of AllenNLP's transformer toolkit that can be served by
// themselves, as families.
#pragma once

#include "absl/types/span.h"
#include "model/families/family.h"

namespace transformerd {

absl::Span<const Family* const> SeedFamilies();

}  // namespace transformerd
