// An input of a module that takes whole tensors: what it may hold and which
// shapes it may have.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/base/dtype.h"
#include "model/base/shape.h"

namespace transformerd {

// Extents that requests choose. In shapes of inputs and outputs they stand for
// numbers; one symbol is one number within a request.
enum Extent : int64_t {
  kBatch = -1,
  kTokens = -2,
  kOtherTokens = -3,  // of a second stream: boxes, a source, a decoder's input
  kWidth = -4,        // of vectors, where the module takes any
  kPairs = -5,        // of outputs alone: the square of the batch
};

// Most tokens of a second stream: what bounds a request's work.
inline constexpr int64_t kMaxOtherTokens = int64_t{1} << 20;

// How many extents there are: symbol s is at index -s - 1 of a list of them.
inline constexpr int kNumExtents = 5;

enum class TensorValues {
  kVectors,  // FP32, any numbers
  kIds,      // integers in [0, limit)
  kLabels,   // the same, or -100 for what does not count
  kMask,     // 0 or 1, as BOOL, integers or FP32
  kFactors,  // any numbers, as BOOL, integers or FP32
};

// What stands for labels that do not count.
inline constexpr int64_t kIgnoredLabel = -100;

struct TensorSpec {
  TensorValues values = TensorValues::kVectors;
  // Of kIds and kLabels.
  int64_t limit = 0;
  // Alternatives, tried in order; negative extents are symbols.
  std::vector<Shape> shapes;
  // Smallest number that kWidth may be.
  int64_t min_width = 1;

  // What a request's tensor becomes: F32, or I64 for ids and labels.
  DType dtype() const {
    return values == TensorValues::kIds || values == TensorValues::kLabels
               ? DType::kI64
               : DType::kF32;
  }
};

// The extents of a shape in which symbols stand for `extents`, one a symbol.
Shape Resolve(const Shape& shape, const std::vector<int64_t>& extents);

// "batch", "tokens", ... for a symbol, else the number.
std::string NameOfExtent(int64_t extent);

// "[batch,tokens,32]".
std::string NameOfShape(const Shape& shape);

}  // namespace transformerd
