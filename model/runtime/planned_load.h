// What a load would do and need, known before anything is loaded.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/base/dtype.h"
#include "model/loading/mismatch_report.h"

namespace transformerd {

// Host memory of a load, exact to the byte.
struct MemoryNeed {
  int64_t weight_bytes = 0;   // of all replicas; stays until the unload
  int64_t staging_bytes = 0;  // only while weights are read

  int64_t total() const { return weight_bytes + staging_bytes; }
};

// Made from config.json and the headers of the weights alone. Where the file
// holds a tied parameter twice, parameters and weights count both copies: the
// load has both in memory until it sees whether they are equal.
struct PlannedLoad {
  std::string architecture;  // "BertModel"
  std::string family;        // "bert"
  DType dtype = DType::kF32;
  int64_t parameters = 0;       // distinct numbers in the model
  int64_t tensors_read = 0;     // of the checkpoint
  int64_t bytes_read = 0;       // their payload
  int64_t bytes_broadcast = 0;  // sent from rank 0 to others
  int64_t weight_bytes = 0;     // of one replica
  int64_t replicas = 0;         // copies of the weights
  MemoryNeed host;
  std::map<std::string, int64_t> device_bytes;  // weights on each device
  // What a load may have of each GPU now, where it says.
  std::map<std::string, int64_t> device_free_bytes;

  // Why the load would be refused. Where it does not fit, the figures above are
  // those of the model with what fits, the rest initialised.
  MismatchReport mismatch;
  // By the names of the file, sorted: parameters that strict=false leaves to
  // their initial values; keys that are known and left unread.
  std::vector<std::string> initialized, unused_keys;
  std::vector<std::string> warnings;
};

}  // namespace transformerd
