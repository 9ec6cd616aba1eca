// What a machine lacks for serving well, and what to do about it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace transformerd {

struct MachineFacts {
  bool has_avx2 = true;
  int64_t open_files_limit = 0;          // that this process has
  int64_t locked_memory_limit = 0;       // bytes
  std::optional<int64_t> shared_memory;  // size of /dev/shm, where there is one
};

// Raises this process's limit of open files as far as it may by itself: shells
// and systemd give 1024, which is for programs that call select(2).
void RaiseOpenFilesLimit();

// Of this machine and process.
MachineFacts ReadMachineFacts();

// A line for each thing that is short: what, how much there is, how much is
// wanted, and how to get it in a shell, under systemd and in a container.
// Workers on GPUs exchange weights through /dev/shm and locked memory;
// `num_gpus` of them.
std::vector<std::string> FindShortcomings(const MachineFacts& facts,
                                          int num_gpus);

}  // namespace transformerd
