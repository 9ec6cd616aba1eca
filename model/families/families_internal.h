// The family constants, one a file; only families.cc lists them.
#pragma once

#include "model/families/family.h"

namespace transformerd {

extern const Family kBert;

}  // namespace transformerd
