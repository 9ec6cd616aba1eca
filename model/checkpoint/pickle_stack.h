// The stack of a pickle machine, with its marks.
#pragma once

#include <cstddef>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/checkpoint/pickle_value.h"

namespace transformerd {

// The deepest stack, in values: many times what pickles of checkpoints need.
constexpr size_t kMaxPickleStack = 1 << 18;

// Nothing reaches below the last mark. Errors are LoadErrors with reason
// PICKLE_INVALID. Not thread-safe; the heap must outlive it.
class PickleStack {
 public:
  explicit PickleStack(PickleHeap& heap) : heap_(heap) {}

  size_t num_values() const { return values_.size(); }
  size_t num_marks() const { return marks_.size(); }

  // OK where `count` values are above the last mark.
  absl::Status Need(size_t count) const;

  absl::Status Push(const PickleValue& value);
  absl::StatusOr<PickleValue> Pop();
  // The last value; there must be one (see Need).
  const PickleValue& top() const { return values_.back(); }

  absl::Status PushMark();
  // Forgets the last mark and returns how many values were below it.
  absl::StatusOr<size_t> PopMark();

  // Replaces the values from number `begin` on by a tuple of them.
  absl::Status MakeTuple(size_t begin);
  // Moves the values from number `begin` on into the list, or the dict, that is
  // directly below of them.
  absl::Status ExtendList(size_t begin);
  absl::Status ExtendDict(size_t begin);

 private:
  size_t fence() const { return marks_.empty() ? 0 : marks_.back(); }
  absl::Status Extend(size_t begin, bool fits, absl::string_view expected);
  // What `begin` would extend; None where there is nothing.
  PickleValue Below(size_t begin) const;

  PickleHeap& heap_;
  std::vector<PickleValue> values_;
  std::vector<size_t> marks_;
};

}  // namespace transformerd
