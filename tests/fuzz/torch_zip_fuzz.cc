// Any bytes as a zip archive of torch.save, and as the pickle in an intact one
// (whose checksum would keep a fuzzer out): opening neither crashes nor refuses
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
#include "tests/fakes/torch_bytes.h"

namespace transformerd {
namespace {

void OpenFile(std::string bytes) {
  const auto reader = OpenTorchSource(
      std::make_unique<MemorySource>(std::move(bytes)), "fuzz.bin");
  const std::string broken =
      reader.ok() ? BrokenPromise(**reader) : BrokenPromise(reader.status());
  CHECK(broken.empty()) << broken;
}

// The storages are those of plain.pkl, parameters.pkl and views.pkl in the
// corpus.
std::string ArchiveOf(const std::string& pickle) {
  return ZipBytes(TorchEntries(pickle, {{"0", std::string(72, '0')},
                                        {"1", std::string(6, '1')},
                                        {"2", std::string(8, '2')}}));
}

}  // namespace
}  // namespace transformerd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  transformerd::OpenFile(transformerd::ArchiveOf(bytes));
  transformerd::OpenFile(bytes);
  return 0;
}
