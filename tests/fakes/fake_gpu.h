// A GPU for builds of LibTorch that have none: what runs on "cuda:N" runs,
// checked, on the CPU.
#pragma once

#include <cstdint>

namespace transformerd {

// Registers itself with LibTorch where a test program links it; there is
// nothing to call. From then on:
//
// * memory of "cuda:N" has addresses that the host cannot follow: who does
//   crashes;
// * each has 8 GiB, and says how much of it is free;
// * operators of "cuda:N" take tensors of that device alone, as CUDA's do, and
//   numbers (tensors without dimensions) of the CPU, and throw c10::Error
//   otherwise; their results are the CPU's;
// * what is copied to pinned memory without waiting is there once somebody
//   waits for the stream, and not before;
// * a graph computes what was captured again, in the same places, and until
// then
//   has computed nothing; what waits for the host cannot be captured;
// * attention over rows of any lengths refuses what CUDA's kernels do not take.
//
// What it does not show: CUDA's own kernels, and what overlaps on streams: all
// else is done when the call returns, and in the order of the calls.

// How often any thread has waited for a stream.
int64_t FakeGpuWaits();

// How often any graph was replayed.
int64_t FakeGpuReplays();

// From now on, whether captures fail once all is launched.
void RefuseFakeGpuGraphs(bool refuse);

}  // namespace transformerd
