// What a pickle is made of, as far as a state dict needs it.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace transformerd {

// A value of 16 bytes that refers to what is larger, so that nothing nests:
// a pickle of a million brackets costs no stack, and one that contains itself
// no harm.
struct PickleValue {
  enum class Kind : uint8_t {
    kNone,
    kBool,         // number
    kInt,          // number
    kFloat,        // its value is of no use to us and not kept
    kText,         // PickleHeap::text
    kTuple,        // PickleHeap::items
    kList,         // PickleHeap::items
    kDict,         // PickleHeap::items: key, value, key, value...
    kOrderedDict,  // the same
    // Of the PickleObjects, which number them in `index`:
    kGlobal,
    kStorage,
    kTensor,
  };

  Kind kind = Kind::kNone;
  uint32_t index = 0;
  int64_t number = 0;

  bool is(Kind other) const { return kind == other; }
  bool is_dict() const { return is(Kind::kDict) || is(Kind::kOrderedDict); }
};

// "a tuple" and so on, for messages.
absl::string_view NameOf(PickleValue::Kind kind);

// Owns the containers of one pickle, and knows its text.
//
// What it holds is bounded, whatever the pickle says: see the limits below.
// Not thread-safe. The text must outlive it.
class PickleHeap {
 public:
  // A tensor takes three to five containers and about 17 elements.
  static constexpr size_t kMaxContainers = 1 << 18;
  static constexpr size_t kMaxElements = 1 << 20;

  explicit PickleHeap(absl::string_view text) : text_(text) {}

  absl::string_view bytes() const { return text_; }

  // [begin, begin + size) of the pickle's bytes as a string.
  static PickleValue MakeText(size_t begin, size_t size_bytes);

  // An empty tuple, list or dict. PICKLE_INVALID where there are too many.
  absl::StatusOr<PickleValue> MakeContainer(PickleValue::Kind kind);

  // Appends to a container. PICKLE_INVALID where there are too many elements.
  absl::Status Append(const PickleValue& container,
                      absl::Span<const PickleValue> values);

  // Of kText.
  absl::string_view text(const PickleValue& value) const;
  // Of a container; valid until the next MakeContainer or Append.
  absl::Span<const PickleValue> items(const PickleValue& container) const;

 private:
  const absl::string_view text_;
  std::vector<std::vector<PickleValue>> containers_;
  size_t num_elements_ = 0;
};

}  // namespace transformerd
