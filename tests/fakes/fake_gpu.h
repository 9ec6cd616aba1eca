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
// * a graph computes what was captured again, in the same places, which the
//   next graph of the same DeviceGraphs writes over; before its first replay it
//   has computed nothing; copies from and to the host cannot be captured, nor
//   some operators for whose results the host waits;
// * attention over rows of any lengths refuses what CUDA's kernels do not take.
//
// What it does not show: CUDA's own kernels, and what overlaps on streams: all
// else is done when the call returns, and in the order of the calls.

// How often any thread has waited for a stream.
int64_t FakeGpuWaits();

// How often any graph was captured, failures not counted, and replayed.
int64_t FakeGpuCaptures();
int64_t FakeGpuReplays();

// At what graphs fail from now on.
enum class FakeGraphFailure { kNone, kBeginCapture, kEndCapture, kReplay };
void FailAtFakeGraphs(FakeGraphFailure what);

}  // namespace transformerd
