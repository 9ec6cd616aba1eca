#include "tests/benchmarks/inference/memory_rate.h"

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "absl/synchronization/barrier.h"
#include "absl/time/clock.h"
#include "glog/logging.h"

namespace transformerd {
namespace {

// Several times what the last caches of today's processors hold for a core.
constexpr size_t kBytes = size_t{256} << 20;
constexpr size_t kLineBytes = 64;
constexpr size_t kWordsPerLine = kLineBytes / sizeof(uint64_t);

// Where sums go, so that they are computed.
volatile uint64_t sink;

// In huge pages where there are any, as weights are.
class Memory {
 public:
  Memory() {
    void* const data = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    PCHECK(data != MAP_FAILED);
    (void)madvise(data, kBytes, MADV_HUGEPAGE);
    words_ = static_cast<uint64_t*>(data);
    // Pages that nobody wrote to are all the same one.
    for (size_t i = 0; i < kBytes / sizeof(uint64_t); i += kWordsPerLine) {
      words_[i] = i;
    }
  }
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory() { munmap(words_, kBytes); }

  // A word of each line, for which the whole line is read.
  void Read() const {
    uint64_t sum = 0;
    for (size_t i = 0; i < kBytes / sizeof(uint64_t); i += kWordsPerLine) {
      sum += words_[i];
    }
    sink = sum;
  }

 private:
  uint64_t* words_ = nullptr;
};

double ReadFor(absl::Duration time, absl::Barrier* start) {
  const Memory memory;
  if (start->Block()) delete start;
  const absl::Time begin = absl::Now();
  int64_t times = 0;
  absl::Duration spent;
  do {
    memory.Read();
    ++times;
    spent = absl::Now() - begin;
  } while (spent < time);
  return static_cast<double>(times) * kBytes / absl::ToDoubleSeconds(spent);
}

}  // namespace

std::vector<double> MeasureReadRates(int cores, absl::Duration time) {
  // Deleted by the last who leaves it.
  auto* const start = new absl::Barrier(cores);
  std::vector<double> rates(cores);
  std::vector<std::thread> threads;
  for (double& rate : rates) {
    threads.emplace_back([&rate, time, start] { rate = ReadFor(time, start); });
  }
  for (std::thread& thread : threads) thread.join();
  return rates;
}

}  // namespace transformerd
