// A GPU for builds of LibTorch that have none: what runs on "cuda:N" runs,
// checked, on the CPU.
#pragma once

namespace transformerd {

// Registers itself with LibTorch where a test program links it; there is
// nothing to call. From then on:
//
// * memory of "cuda:N" has addresses that the host cannot follow: who does
//   crashes;
// * operators of "cuda:N" take tensors of that device alone, as CUDA's do, and
//   numbers (tensors without dimensions) of the CPU, and throw c10::Error
//   otherwise; their results are the CPU's;
// * `pin_memory` gives memory that copies need not wait for, in name only.
//
// What it does not show: CUDA's own kernels, and what overlaps on streams.

}  // namespace transformerd
