#include "server/services/text_stage.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/metrics/model_metrics.h"
#include "server/scheduling/queue_observer.h"

namespace transformerd {
namespace {

// Not for what the texts are.
bool WasDropped(const absl::Status& status) {
  return absl::IsCancelled(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsUnavailable(status);
}

}  // namespace

absl::Status ForEachText(const ServingContext& serving,
                         const ModelHandle& handle, TextUse use,
                         int64_t num_rows, TextPool::RowFunction work,
                         TextPool::Done done) {
  ModelMetrics& metrics =
      serving.metrics.ForModel(handle.name(), absl::StrCat(handle.version()));
  const absl::Time start = serving.clock.Now();
  auto count_and_tell =
      [&metrics, &clock = serving.clock, use, start,
       done = std::move(done)](const absl::Status& status) mutable {
        if (WasDropped(status)) {
          metrics.RecordDroppedText();
          if (use == TextUse::kInference) metrics.OnFailed(clock.Now() - start);
        }
        std::move(done)(status);
      };
  absl::Status accepted = serving.text_pool.ForEachRow(
      {handle.generation(), handle.serving_options().max_queue_requests},
      num_rows, std::move(work), std::move(count_and_tell));
  if (accepted.ok()) return absl::OkStatus();
  metrics.RecordRejected(RejectReason::kQueueRequests);
  if (use == TextUse::kInference) metrics.OnFailed(absl::ZeroDuration());
  return accepted;
}

}  // namespace transformerd
