// The way of a call's texts to tokens.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "server/lifecycle/model_handle.h"
#include "server/services/serving_context.h"
#include "server/services/text_pool.h"

namespace transformerd {

enum class TextUse {
  kInference,  // which then counts as failed as well
  kTokens,
};

// TextPool::ForEachRow for texts of this model: as many calls at once as it may
// have in its queue. Counts in the model's metrics what is refused, and what
// ends because nobody waits for it any more or the daemon stops.
absl::Status ForEachText(const ServingContext& serving,
                         const ModelHandle& handle, TextUse use,
                         int64_t num_rows, TextPool::RowFunction work,
                         TextPool::Done done);

}  // namespace transformerd
