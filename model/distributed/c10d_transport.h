// The transport over process groups of c10d: the same code for Gloo, which
// moves bytes between CPUs, and for NCCL, which moves them between GPUs.
#pragma once

#include <c10/core/Device.h>
#include <c10/util/intrusive_ptr.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "model/loading/transport.h"

namespace c10d {
class Backend;
}

namespace transformerd {

// Turns c10d's flight recorder off, for good. Process groups of several threads
// race for its map of groups (LibTorch 2.11 looks it up outside of its lock),
// which it never shrinks either. To be called before the first group is made.
void PrepareC10d();

// INTERNAL where PrepareC10d was not called.
absl::Status CheckC10dIsPrepared();

// One process group in the making.
struct C10dBackend {
  std::string name;  // for messages: "gloo"
  // Makes the end of a rank. Called once by each rank's thread, by all of them
  // at the same time since they wait for each other. May throw.
  std::function<c10::intrusive_ptr<c10d::Backend>(int rank)> connect;
  // Where the buffers of each rank are.
  std::vector<c10::Device> devices;
  // Broadcasts of a rank that may be under way at once.
  size_t max_in_flight = 2;
};

// One transport a rank, for the threads of this process; devices.size() ranks.
//
// The ranks meet in memory before each call, so that what c10d cannot bear (a
// peer that expects another size, fails, or never comes) does not get there:
// its process groups carry bytes only. They are connected by the first Agree.
// c10d cannot end what waits for a peer; a rank that fails closes its own group
// instead, and what its peers are waiting for then fails: at once, or, in Gloo,
// after the time-out where a message was half received.
std::vector<std::unique_ptr<WeightTransport>> MakeC10dGroup(
    const C10dBackend& backend, absl::Duration timeout);

}  // namespace transformerd
