#include "server/scheduling/batch.h"

#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "glog/logging.h"
#include "model/base/error_details.h"

namespace transformerd {
namespace {

using Outputs = std::vector<InferenceOutput>;

// Takes the job by value: its keep_alive ends with this call.
void Complete(WaitingJob waiting, absl::StatusOr<JobResult> result) {
  std::move(waiting.job.done)(std::move(result));
}

absl::StatusOr<Outputs> RunModel(const Batch& batch, int worker) {
  std::vector<const InferenceInput*> inputs;
  inputs.reserve(batch.jobs.size());
  for (const WaitingJob& waiting : batch.jobs) {
    inputs.push_back(&waiting.job.input);
  }
  absl::StatusOr<Outputs> outputs = batch.model->Run(worker, inputs);
  if (outputs.ok() && outputs->size() != inputs.size()) {
    return absl::InternalError(absl::StrCat(outputs->size(), " answers to ",
                                            inputs.size(), " requests"));
  }
  return outputs;
}

// What the clients of a failed batch are told.
absl::Status ErrorOf(const Batch& batch, const absl::Status& status) {
  const std::string context = absl::StrCat("model '", batch.model_name, "'");
  LOG(ERROR) << context << ": a batch of " << batch.jobs.size()
             << " requests failed: " << status;
  if (absl::IsResourceExhausted(status)) return Annotate(status, context);
  return absl::InternalError(absl::StrCat(context, ": ", status.message()));
}

void Report(const Batch& batch, absl::Time begin, absl::Time end, bool ok) {
  if (batch.observer == nullptr) return;
  BatchRecord record;
  record.requests = static_cast<int64_t>(batch.jobs.size());
  for (const WaitingJob& waiting : batch.jobs) {
    record.sequences += waiting.job.input.batch;
    record.tokens += waiting.tokens;
  }
  record.end = end;
  record.compute_time = end - begin;
  record.ok = ok;
  batch.observer->OnBatch(record);
}

void CompleteWithError(Batch batch, const absl::Status& status) {
  for (WaitingJob& waiting : batch.jobs) Complete(std::move(waiting), status);
}

void CompleteWithOutputs(Batch batch, Outputs outputs, absl::Time begin,
                         absl::Time end) {
  for (size_t i = 0; i < batch.jobs.size(); ++i) {
    JobResult result;
    result.output = std::move(outputs[i]);
    result.queue_time = begin - batch.jobs[i].enqueued;
    result.compute_time = end - begin;
    result.batch_requests = static_cast<int64_t>(batch.jobs.size());
    Complete(std::move(batch.jobs[i]), std::move(result));
  }
}

}  // namespace

void Run(Batch batch, int worker, const Clock& clock) {
  const absl::Time begin = clock.Now();
  absl::StatusOr<Outputs> outputs = RunModel(batch, worker);
  const absl::Time end = clock.Now();
  Report(batch, begin, end, outputs.ok());
  if (outputs.ok()) {
    CompleteWithOutputs(std::move(batch), *std::move(outputs), begin, end);
  } else {
    const absl::Status error = ErrorOf(batch, outputs.status());
    CompleteWithError(std::move(batch), error);
  }
}

void Drop(Batch batch, const absl::Status& status) {
  if (batch.observer != nullptr) {
    for (const WaitingJob& waiting : batch.jobs) {
      if (waiting.is_last) batch.observer->OnDropped();
    }
  }
  CompleteWithError(std::move(batch), status);
}

}  // namespace transformerd
