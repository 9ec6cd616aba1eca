#include "server/services/inference_run.h"

#include <utility>

#include "model/base/status_macros.h"
#include "server/services/answer_size.h"
#include "server/services/decoder_rows.h"
#include "server/services/text_stage.h"

namespace transformerd {

absl::Status InferenceRun::Start(InferenceWork work, Done done) {
  work_ = std::move(work);
  done_ = std::move(done);
  start_ = serving_.clock.Now();
  return work_.text.has_value() ? Tokenize() : Submit();
}

absl::Status InferenceRun::Tokenize() {
  rows_.resize(work_.text->size());
  return ForEachText(
      serving_, work_.queue->handle(), TextUse::kInference, work_.text->size(),
      [self = shared_from_this()](int64_t row) {
        return self->TokenizeRow(row);
      },
      [self = shared_from_this()](absl::Status status) {
        if (status.ok()) status = self->OnTokenized();
        if (!status.ok()) self->Finish(std::move(status));
      });
}

absl::Status InferenceRun::TokenizeRow(int64_t row) {
  RETURN_IF_ERROR(CheckWanted());
  const LoadedModel& model = work_.queue->handle().model();
  ASSIGN_OR_RETURN(rows_[row], EncodeRow(*work_.text, row, *model.tokenizer(),
                                         model.signature()));
  return absl::OkStatus();
}

absl::Status InferenceRun::OnTokenized() {
  const Signature& signature = work_.queue->handle().model().signature();
  AppendRows(rows_, signature, work_.input);
  rows_.clear();
  work_.text.reset();
  RETURN_IF_ERROR(CompleteDecoder(signature, work_.input));
  RETURN_IF_ERROR(CheckAnswerSize(signature, work_.input));
  answer_.times.input = serving_.clock.Now() - start_;
  return Submit();
}

absl::Status InferenceRun::Submit() {
  answer_.lengths = work_.input.lengths;
  Job job;
  job.input = std::move(work_.input);
  job.deadline = work_.deadline;
  job.priority = work_.priority;
  const QueueId queue = work_.queue->id();
  job.keep_alive = std::move(work_.queue);
  job.done = [self = shared_from_this()](absl::StatusOr<JobResult> result) {
    if (!result.ok()) return self->Finish(result.status());
    self->answer_.output = std::move(result->output);
    self->answer_.times.queue = result->queue_time;
    self->answer_.times.infer = result->compute_time;
    self->Finish(std::move(self->answer_));
  };
  ASSIGN_OR_RETURN(JobTicket ticket,
                   serving_.scheduler.Submit(queue, std::move(job)));
  bool is_cancelled = false;
  {
    absl::MutexLock lock(&mutex_);
    is_cancelled = is_cancelled_;
    ticket_ = ticket;
  }
  // It came between the last look and the queue.
  if (is_cancelled) serving_.scheduler.Cancel(ticket);
  return absl::OkStatus();
}

absl::Status InferenceRun::CheckWanted() {
  {
    absl::MutexLock lock(&mutex_);
    if (is_cancelled_) return CancelledInTime();
  }
  if (serving_.clock.Now() < work_.deadline) return absl::OkStatus();
  return DeadlinePassed();
}

void InferenceRun::Finish(absl::StatusOr<InferenceAnswer> answer) {
  {
    absl::MutexLock lock(&mutex_);
    has_ended_ = true;
  }
  work_.queue.reset();
  std::move(done_)(std::move(answer));
}

bool InferenceRun::Cancel() {
  std::optional<JobTicket> ticket;
  {
    absl::MutexLock lock(&mutex_);
    if (has_ended_) return true;
    is_cancelled_ = true;
    ticket = ticket_;
  }
  return !ticket.has_value() || serving_.scheduler.Cancel(*ticket);
}

}  // namespace transformerd
