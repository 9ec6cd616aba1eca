#include "server/startup_checks.h"

#include <sys/resource.h>
#include <sys/statvfs.h>

#include <limits>

#include "absl/strings/str_cat.h"
#include "model/kernels/instruction_set.h"

namespace transformerd {
namespace {

constexpr char kSharedMemory[] = "/dev/shm";
// Each connection is one, and each shard of a checkpoint while it is read.
constexpr int64_t kWantedFiles = 4096;
constexpr int64_t kWantedSharedMemory = int64_t{512} << 20;
constexpr int64_t kWantedLockedMemory = int64_t{64} << 20;

int64_t ToInt64(rlim_t limit) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  return limit > static_cast<rlim_t>(kMax) ? kMax : static_cast<int64_t>(limit);
}

// What holds now, in the limit's unit.
template <typename Resource>
int64_t LimitOf(Resource resource) {
  rlimit limit = {};
  return getrlimit(resource, &limit) == 0 ? ToInt64(limit.rlim_cur) : 0;
}

std::string Mebibytes(int64_t bytes) {
  return absl::StrCat(bytes >> 20, " MiB");
}

std::string SharedMemoryLine(const std::optional<int64_t>& size) {
  return absl::StrCat(
      kSharedMemory,
      size.has_value() ? absl::StrCat(" has ", Mebibytes(*size))
                       : " is not there",
      ", and GPUs that exchange weights want ", Mebibytes(kWantedSharedMemory),
      ": docker run --shm-size=1g, or in Kubernetes an emptyDir of medium "
      "Memory mounted there");
}

}  // namespace

void RaiseOpenFilesLimit() {
  rlimit limit = {};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

MachineFacts ReadMachineFacts() {
  MachineFacts facts;
  facts.has_avx2 =
      kernels::BestInstructionSet(kernels::DetectCpuFeatures()).has_value();
  facts.open_files_limit = LimitOf(RLIMIT_NOFILE);
  facts.locked_memory_limit = LimitOf(RLIMIT_MEMLOCK);
  struct statvfs shared = {};
  if (statvfs(kSharedMemory, &shared) == 0) {
    facts.shared_memory = static_cast<int64_t>(shared.f_blocks) *
                          static_cast<int64_t>(shared.f_frsize);
  }
  return facts;
}

std::vector<std::string> FindShortcomings(const MachineFacts& facts,
                                          int num_gpus) {
  std::vector<std::string> lines;
  if (!facts.has_avx2) {
    lines.push_back(
        "this processor has no AVX2, and models run many times slower than on "
        "one that has: choose a machine of level x86-64-v3, or pass its "
        "features on to the virtual machine");
  }
  if (facts.open_files_limit < kWantedFiles) {
    lines.push_back(absl::StrCat(
        "this process may have ", facts.open_files_limit,
        " files and connections open, and busy servers want ", kWantedFiles,
        ": ulimit -n 65536, LimitNOFILE=65536 in the systemd unit, or docker "
        "run --ulimit nofile=65536"));
  }
  if (num_gpus < 2) return lines;
  if (facts.shared_memory.value_or(0) < kWantedSharedMemory) {
    lines.push_back(SharedMemoryLine(facts.shared_memory));
  }
  if (facts.locked_memory_limit < kWantedLockedMemory) {
    lines.push_back(absl::StrCat(
        "this process may lock ", Mebibytes(facts.locked_memory_limit),
        " of memory, and GPUs that exchange weights want ",
        Mebibytes(kWantedLockedMemory),
        ": ulimit -l unlimited, LimitMEMLOCK=infinity in the systemd unit, or "
        "docker run --ulimit memlock=-1"));
  }
  return lines;
}

}  // namespace transformerd
