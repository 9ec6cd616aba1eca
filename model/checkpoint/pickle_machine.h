// Runs a pickle without running what it says: a few opcodes, no imports, no
// calls but those that the given objects know.
//
// Pickle is a program for a stack machine. Of its 68 opcodes these are obeyed:
//   PROTO 2, STOP, MARK, NONE, NEWTRUE, NEWFALSE, BININT, BININT1, BININT2,
//   LONG1 (of at most 8 bytes), BINFLOAT, BINUNICODE, SHORT_BINSTRING,
//   EMPTY_TUPLE, TUPLE, TUPLE1 to 3, EMPTY_LIST, APPEND, APPENDS, EMPTY_DICT,
//   SETITEM, SETITEMS, BINPUT, LONG_BINPUT, BINGET, LONG_BINGET, GLOBAL,
//   REDUCE, BUILD, BINPERSID.
// All others are refused before anything of them is read.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/checkpoint/pickle_value.h"

namespace transformerd {

// Limits of this project. With those of the stack and the heap they bound the
// memory that a pickle can claim to less than 64 MiB beside its own bytes.
constexpr int64_t kMaxPickleBytes = 32 << 20;
constexpr size_t kMaxPickleMemo = 1'000'000;
constexpr size_t kMaxPickleStringBytes = 4096;

// What a pickle may name, call and load. This one knows nothing and refuses.
class PickleObjects {
 public:
  virtual ~PickleObjects() = default;

  // The number of a class or function, or nothing: PICKLE_REFUSED.
  virtual std::optional<uint32_t> FindGlobal(absl::string_view module,
                                             absl::string_view name);
  // The value of a call. `arguments` is a tuple.
  virtual absl::StatusOr<PickleValue> Call(uint32_t global,
                                           const PickleValue& arguments,
                                           PickleHeap& heap);
  // What a persistent id stands for.
  virtual absl::StatusOr<PickleValue> Load(const PickleValue& id,
                                           PickleHeap& heap);
};

struct PickleResult {
  PickleValue value;
  // The pickle's own length: what follows is not its business.
  int64_t size_bytes = 0;
};

// Runs the pickle at the front of heap.bytes(). Errors are LoadErrors that give
// the position and name no file: PICKLE_REFUSED for what no state dict needs,
// PICKLE_INVALID for what makes no sense, the errors of `objects`; and
// OUT_OF_RANGE without a reason where the bytes end before the pickle does.
absl::StatusOr<PickleResult> RunPickle(PickleHeap& heap,
                                       PickleObjects& objects);

}  // namespace transformerd
