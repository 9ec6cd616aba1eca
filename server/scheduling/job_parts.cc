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

// Tokens [begin, begin + count).
struct TokenRange {
  int64_t begin = 0, count = 0;
};

// Rows [begin, end) of a request, and their tokens.
struct RowRange {
  int64_t begin = 0, end = 0;
  TokenRange tokens, decoder_tokens;

  int64_t num_tokens() const { return tokens.count + decoder_tokens.count; }
};

TokenRange Behind(const TokenRange& range) {
  return {range.begin + range.count, 0};
}

std::vector<RowRange> CutRows(const InferenceInput& input,
                              const BatchLimits& limits) {
  std::vector<RowRange> ranges(1);
  for (int64_t row = 0; row < input.batch; ++row) {
    const int64_t length = input.lengths[row];
    const int64_t decoder_length =
        input.decoder.batch > 0 ? input.decoder.lengths[row] : 0;
    const RowRange& last = ranges.back();
    const bool fits =
        last.end == last.begin ||
        (last.end - last.begin < limits.max_sequences &&
         length + decoder_length <= limits.max_tokens - last.num_tokens());
    if (!fits) {
      ranges.push_back(
          {row, row, Behind(last.tokens), Behind(last.decoder_tokens)});
    }
    ranges.back().end = row + 1;
    ranges.back().tokens.count += length;
    ranges.back().decoder_tokens.count += decoder_length;
  }
  return ranges;
}

// `count` elements; nothing where there are none at all.
template <typename T>
void Copy(const std::vector<T>& from, int64_t begin, int64_t count,
          std::vector<T>& to) {
  if (from.empty()) return;
  to.assign(from.begin() + begin, from.begin() + begin + count);
}

void CopyTokens(const TokenRows& input, const RowRange& rows,
                const TokenRange& tokens, TokenRows& part) {
  if (input.batch == 0) return;
  part.batch = rows.end - rows.begin;
  part.width = input.width;
  Copy(input.lengths, rows.begin, part.batch, part.lengths);
  const auto copy = [&](const auto& from, auto& to) {
    Copy(from, tokens.begin, tokens.count, to);
  };
  copy(input.input_ids, part.input_ids);
  copy(input.attention_mask, part.attention_mask);
  copy(input.token_type_ids, part.token_type_ids);
  copy(input.position_ids, part.position_ids);
  const auto vector_size =
      static_cast<int64_t>(input.inputs_embeds.size()) / input.num_tokens();
  Copy(input.inputs_embeds, tokens.begin * vector_size,
       tokens.count * vector_size, part.inputs_embeds);
}

InferenceInput CopyRows(const InferenceInput& input, const RowRange& range) {
  InferenceInput part;
  CopyTokens(input, range, range.tokens, part);
  CopyTokens(input.decoder, range, range.decoder_tokens, part.decoder);
  const auto image_size =
      static_cast<int64_t>(input.pixel_values.size()) / input.batch;
  Copy(input.pixel_values, range.begin * image_size, part.batch * image_size,
       part.pixel_values);
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
