// The steps of a load that differ where a model consists of several parts: each
// is described and matched by itself, and they are loaded as one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/base/dtype.h"
#include "model/checkpoint/joined.h"
#include "model/config/config_reader.h"
#include "model/families/family.h"
#include "model/loading/mismatch_report.h"
#include "model/loading/name_map.h"
#include "model/runtime/loaded_model.h"
#include "model/runtime/pipeline.h"

namespace transformerd {

struct DescribedParts {
  Architecture architecture;            // of the whole
  std::vector<const Family*> families;  // one a part
  std::vector<ConfigReader> configs;    // one a part
  std::shared_ptr<const Pipeline> pipeline;
};

// Reads the configs of options.parts, which must fit together.
// FAILED_PRECONDITION naming the part that does not, or is no module of the
// toolkit; INVALID_ARGUMENT naming an option that stands beside parts and not
// in one.
absl::StatusOr<DescribedParts> ReadParts(const LoadOptions& options);

struct OpenedParts {
  std::unique_ptr<JoinedCheckpoint> checkpoint;
  std::vector<int> checkpoint_of_part;  // indices in `checkpoint`
};

// Opens each checkpoint once, however many parts it is for.
absl::StatusOr<OpenedParts> OpenParts(absl::Span<const PartOptions> parts);

struct MatchedParts {
  // From slots of the whole to entries of the joined checkpoint. Keys have
  // "parts.<i>." before them, in the report as well.
  NameMap name_map;
  // As far as each part is strict. A key that another part of the same
  // checkpoint takes is not unexpected.
  MismatchReport mismatch;
};

absl::StatusOr<MatchedParts> MatchParts(absl::Span<const PartOptions> options,
                                        const DescribedParts& parts,
                                        const OpenedParts& opened, DType dtype);

// How the names of a checkpoint come to those of a module.
NameMapOptions NameMapFor(const ModuleOptions& options,
                          const Architecture& architecture);

}  // namespace transformerd
