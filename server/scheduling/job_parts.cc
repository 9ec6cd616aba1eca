#include "server/scheduling/job_parts.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace transformerd {
namespace {

// Collects the answers of a job's parts. Thread-safe: workers complete them at
// the same time.
class Gathering {
 public:
  Gathering(Job whole, size_t num_parts)
      : whole_(std::move(whole)), answers_(num_parts), missing_(num_parts) {}

  void Add(size_t part, absl::StatusOr<JobResult> result)
      ABSL_LOCKS_EXCLUDED(mutex_) {
    {
      absl::MutexLock lock(&mutex_);
      if (result.ok()) {
        answers_[part] = *std::move(result);
      } else {
        error_.Update(result.status());
      }
      if (--missing_ > 0) return;
    }
    // The last one: nobody else is here any more.
    std::move(whole_.done)(Merge());
  }

 private:
  absl::StatusOr<JobResult> Merge() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    if (!error_.ok()) return error_;
    JobResult merged = std::move(answers_.front());
    for (size_t i = 1; i < answers_.size(); ++i) {
      JobResult& part = answers_[i];
      for (size_t output = 0; output < part.output.size(); ++output) {
        HostTensor& to = merged.output[output];
        HostTensor& from = part.output[output];
        if (i == 1) to.bytes.reserve(to.bytes.size() * answers_.size());
        to.bytes.append(from.bytes);
        to.shape[0] += from.shape[0];
        from = HostTensor();
      }
      merged.queue_time = std::max(merged.queue_time, part.queue_time);
      merged.compute_time += part.compute_time;
      merged.batch_requests =
          std::max(merged.batch_requests, part.batch_requests);
    }
    return merged;
  }

  Job whole_;
  absl::Mutex mutex_;
  std::vector<JobResult> answers_ ABSL_GUARDED_BY(mutex_);
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  size_t missing_ ABSL_GUARDED_BY(mutex_);
};

// Rows [begin, end) of a request, whose tokens begin at `first_token`.
struct RowRange {
  int64_t begin = 0, end = 0;
  int64_t first_token = 0, num_tokens = 0;
};

std::vector<RowRange> CutRows(const InferenceInput& input,
                              const BatchLimits& limits) {
  std::vector<RowRange> ranges(1);
  for (int64_t row = 0; row < input.batch; ++row) {
    const int64_t length = input.lengths[row];
    const RowRange& last = ranges.back();
    const bool fits = last.end == last.begin ||
                      (last.end - last.begin < limits.max_sequences &&
                       length <= limits.max_tokens - last.num_tokens);
    if (!fits) {
      ranges.push_back({row, row, last.first_token + last.num_tokens, 0});
    }
    ranges.back().end = row + 1;
    ranges.back().num_tokens += length;
  }
  return ranges;
}

InferenceInput CopyRows(const InferenceInput& input, const RowRange& range) {
  const auto copy = [](const auto& from, auto& to, int64_t begin,
                       int64_t count) {
    if (from.empty()) return;
    to.assign(from.begin() + begin, from.begin() + begin + count);
  };
  const auto copy_tokens = [&](const auto& from, auto& to) {
    copy(from, to, range.first_token, range.num_tokens);
  };
  InferenceInput part;
  part.batch = range.end - range.begin;
  part.width = input.width;
  copy(input.lengths, part.lengths, range.begin, part.batch);
  copy_tokens(input.input_ids, part.input_ids);
  copy_tokens(input.attention_mask, part.attention_mask);
  copy_tokens(input.token_type_ids, part.token_type_ids);
  copy_tokens(input.position_ids, part.position_ids);
  const auto hidden_size =
      static_cast<int64_t>(input.hidden_states.size()) / input.num_tokens();
  copy(input.hidden_states, part.hidden_states, range.first_token * hidden_size,
       range.num_tokens * hidden_size);
  part.outputs = input.outputs;
  return part;
}

}  // namespace

std::vector<Job> CutIntoParts(Job job, const BatchLimits& limits) {
  std::vector<Job> parts;
  if (job.input.is_whole()) {
    parts.push_back(std::move(job));
    return parts;
  }
  const std::vector<RowRange> ranges = CutRows(job.input, limits);
  if (ranges.size() == 1) {
    parts.push_back(std::move(job));
    return parts;
  }
  const InferenceInput input = std::move(job.input);
  parts.resize(ranges.size());
  for (size_t i = 0; i < ranges.size(); ++i) {
    parts[i].input = CopyRows(input, ranges[i]);
    parts[i].deadline = job.deadline;
    parts[i].priority = job.priority;
    parts[i].keep_alive = job.keep_alive;
  }
  const auto gathering =
      std::make_shared<Gathering>(std::move(job), parts.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    parts[i].done = [gathering, i](absl::StatusOr<JobResult> result) {
      gathering->Add(i, std::move(result));
    };
  }
  return parts;
}

}  // namespace transformerd
