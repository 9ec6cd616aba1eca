// The clock of the base layer, by the name under which the server's parts know
// it.
#pragma once

#include "model/base/clock.h"  // IWYU pragma: export
