#include "model/runtime/tensor_spec.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace transformerd {

Shape Resolve(const Shape& shape, const std::vector<int64_t>& extents) {
  Shape resolved = shape;
  for (int64_t& extent : resolved) {
    if (extent < 0) extent = extents[-extent - 1];
  }
  return resolved;
}

std::string NameOfExtent(int64_t extent) {
  switch (extent) {
    case kBatch:
      return "batch";
    case kTokens:
      return "tokens";
    case kOtherTokens:
      return "other_tokens";
    case kWidth:
      return "width";
    case kPairs:
      return "batch*batch";
    default:
      return absl::StrCat(extent);
  }
}

std::string NameOfShape(const Shape& shape) {
  return absl::StrCat("[",
                      absl::StrJoin(shape, ",",
                                    [](std::string* out, int64_t extent) {
                                      out->append(NameOfExtent(extent));
                                    }),
                      "]");
}

}  // namespace transformerd
