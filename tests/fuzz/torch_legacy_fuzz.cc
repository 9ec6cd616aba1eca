// Any bytes as a legacy file of torch.save: opening neither crashes nor refuses
// without a reason, and what is accepted keeps a reader's promises.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "glog/logging.h"
#include "model/checkpoint/torch_file.h"
#include "tests/fakes/memory_source.h"
#include "tests/fakes/reader_promises.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace transformerd;  // NOLINT(google-build-using-namespace)
  std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto reader = OpenTorchSource(
      std::make_unique<MemorySource>(std::move(bytes)), "fuzz.bin");
  const std::string broken =
      reader.ok() ? BrokenPromise(**reader) : BrokenPromise(reader.status());
  CHECK(broken.empty()) << broken;
  return 0;
}
