// The fake GPU's graphs: what a thread has it compute while it captures is
// written down, and computed again, into the same memory, by a replay.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <functional>
#include <set>
#include <utility>
#include <vector>

namespace transformerd {

// As a GPU does, it remembers where its inputs are and not what they hold, and
// keeps none of them: what is freed before a replay is missed by it.
class FakeRecording {
 public:
  using Compute = std::function<std::vector<at::Tensor>()>;

  // That of the calling thread; null where it captures nothing.
  static FakeRecording* Current();

  // What is on the device at `begin` was allocated meanwhile.
  void Allocated(const void* begin) { allocated_.insert(begin); }

  // `again` gives what `outputs` are to hold.
  void Add(std::vector<at::Tensor> outputs, Compute again);

  // Calls `launch` with this as the thread's recording, which must have none.
  // Nothing has been computed then.
  void Record(const std::function<void()>& launch);
  void Replay() const;
  // Writes NaN over floats that were allocated while it was recorded.
  void Overwrite() const;

 private:
  std::set<const void*> allocated_;
  std::vector<std::pair<std::vector<at::Tensor>, Compute>> computed_;
};

// The same place of the device, without a hold on its memory.
at::Tensor Borrowed(const at::Tensor& tensor);
// Of all tensors in a value that an operator takes.
c10::IValue Borrowed(const c10::IValue& value);

}  // namespace transformerd
