// Measures how well reading and broadcasting overlap: each alone, and both.
//
//   overlap FILE.safetensors in_process|gloo WORKERS [BUCKET_MIB] [RUNS]
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "glog/logging.h"
#include "model/checkpoint/safetensors.h"
#include "model/distributed/transports.h"
#include "model/loading/weight_loader.h"
#include "tests/model/loading/toy_checkpoint.h"

namespace transformerd {
namespace {

// Lists what another reader lists, and leaves the buffers as they are.
class IdleReader : public CheckpointReader {
 public:
  explicit IdleReader(const CheckpointReader& reader) : reader_(reader) {}

  const std::vector<CheckpointEntry>& entries() const override {
    return reader_.entries();
  }
  std::string file_name(int file) const override {
    return reader_.file_name(file);
  }
  absl::Status Read(int, int64_t,
                    absl::Span<const absl::Span<std::byte>>) const override {
    return absl::OkStatus();
  }

 private:
  const CheckpointReader& reader_;
};

class Overlap {
 public:
  Overlap(const std::string& path, int64_t bucket_bytes)
      : file_(*OpenSafetensors(path)), idle_(*file_) {
    for (const CheckpointEntry& entry : file_->entries()) {
      AddSlot(slots_, entry.key, entry.shape, entry.dtype);
    }
    LoadPlanOptions options;
    options.bucket_bytes = bucket_bytes;
    plan_ = std::make_unique<LoadPlan>(*LoadPlan::Create(
        slots_, file_->entries(), MapByName(slots_, *file_), options));
  }

  absl::Duration Read() {
    TransportOptions alone;
    return Time(alone, *file_);
  }
  absl::Duration Broadcast(const TransportOptions& transport) {
    return Time(transport, idle_);
  }
  absl::Duration Both(const TransportOptions& transport) {
    return Time(transport, *file_);
  }

 private:
  absl::Duration Time(const TransportOptions& transport,
                      const CheckpointReader& reader) {
    const absl::Time start = absl::Now();
    const auto transports = MakeTransports(transport);
    CHECK(transports.ok()) << transports.status();
    std::vector<LoadRank> ranks;
    for (const auto& rank : *transports) ranks.push_back({slots_, rank.get()});
    WeightLoaderOptions options;
    options.allocate = [this](int64_t size_bytes) { return Take(size_bytes); };
    LoadControl control;
    auto weights = LoadWeights(*plan_, reader, ranks, control, options);
    CHECK(weights.ok()) << weights.status();
    const absl::Duration duration = absl::Now() - start;
    for (auto& arena : weights->arenas) pool_.push_back(std::move(arena));
    return duration;
  }

  absl::StatusOr<std::unique_ptr<Arena>> Take(int64_t size_bytes) {
    absl::MutexLock lock(&mutex_);
    if (pool_.empty()) return Arena::Create(size_bytes);
    std::unique_ptr<Arena> arena = std::move(pool_.back());
    pool_.pop_back();
    return arena;
  }

  const std::unique_ptr<CheckpointReader> file_;
  const IdleReader idle_;
  SlotVector slots_;
  std::unique_ptr<LoadPlan> plan_;
  // Arenas that have been used before: what a system takes for the first use
  // of a page differs more than what is measured here.
  absl::Mutex mutex_;
  std::vector<std::unique_ptr<Arena>> pool_;
};

int Main(const std::vector<std::string>& arguments) {
  CHECK_GE(arguments.size(), size_t{3}) << "FILE TRANSPORT WORKERS";
  PrepareTransports();
  TransportOptions transport;
  transport.kind = *TransportKindFromName(arguments[1]);
  int bucket_mib = 16, runs = 5;
  CHECK(absl::SimpleAtoi(arguments[2], &transport.world_size));
  if (arguments.size() > 3) CHECK(absl::SimpleAtoi(arguments[3], &bucket_mib));
  if (arguments.size() > 4) CHECK(absl::SimpleAtoi(arguments[4], &runs));
  Overlap overlap(arguments[0], int64_t{bucket_mib} << 20);
  overlap.Both(transport);  // makes all arenas
  for (int run = 0; run < runs; ++run) {
    const absl::Duration read = overlap.Read();
    const absl::Duration broadcast = overlap.Broadcast(transport);
    const absl::Duration both = overlap.Both(transport);
    std::cout << "read " << read << ", broadcast " << broadcast << ", both "
              << both << ", ratio "
              << absl::FDivDuration(both, std::max(read, broadcast))
              << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace transformerd

int main(int argc, char** argv) {
  google::InitGoogleLogging(argv[0]);
  return transformerd::Main({argv + 1, argv + argc});
}
