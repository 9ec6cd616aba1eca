#include "tests/benchmarks/inference/memory_rate.h"

#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "absl/synchronization/barrier.h"
#include "absl/time/clock.h"
#include "tests/benchmarks/inference/huge_memory.h"

namespace transformerd {
namespace {

// Several times what the last caches of today's processors hold for a core.
constexpr size_t kBytes = size_t{256} << 20;
constexpr size_t kWords = kBytes / sizeof(uint64_t);
constexpr size_t kWordsPerLine = 64 / sizeof(uint64_t);

// Where sums go, so that they are computed.
volatile uint64_t sink;

double ReadFor(absl::Duration time, absl::Barrier* start) {
  const HugeMemory memory(kBytes);
  auto* const words = reinterpret_cast<uint64_t*>(memory.data());
  // Pages that nobody wrote to are all the same one.
  for (size_t i = 0; i < kWords; i += kWordsPerLine) words[i] = i;
  if (start->Block()) delete start;
  const absl::Time begin = absl::Now();
  int64_t times = 0;
  absl::Duration spent;
  do {
    // A word of each line, for which the whole line is read.
    uint64_t sum = 0;
    for (size_t i = 0; i < kWords; i += kWordsPerLine) sum += words[i];
    sink = sum;
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
