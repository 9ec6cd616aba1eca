#include "server/scheduling/request_queue.h"

#include <algorithm>
#include <utility>

#include "glog/logging.h"

namespace transformerd {
namespace {

uint64_t LevelOf(uint64_t priority) {
  return priority == 0 ? kDefaultPriority : priority;
}

}  // namespace

JobKey RequestQueue::Push(Job job, absl::Time now) {
  const JobKey key = {LevelOf(job.priority), ++last_number_};
  if (job.deadline != absl::InfiniteFuture()) {
    deadlines_.insert({job.deadline, key});
  }
  WaitingJob waiting;
  waiting.tokens = job.input.total_tokens();
  waiting.enqueued = now;
  waiting.outputs = job.input.outputs;
  std::sort(waiting.outputs.begin(), waiting.outputs.end());
  waiting.job = std::move(job);
  tokens_ += waiting.tokens;
  jobs_.emplace(key, std::move(waiting));
  return key;
}

std::vector<QueuedJob> RequestQueue::Head(int64_t count) const {
  std::vector<QueuedJob> head;
  for (const auto& [key, waiting] : jobs_) {
    if (static_cast<int64_t>(head.size()) >= count) break;
    head.push_back({waiting.tokens, waiting.job.input.batch, waiting.enqueued,
                    waiting.job.deadline, waiting.job.input.is_whole(),
                    waiting.outputs});
  }
  return head;
}

std::vector<WaitingJob> RequestQueue::TakeAt(absl::Span<const int> places) {
  std::vector<WaitingJob> taken;
  taken.reserve(places.size());
  auto position = jobs_.begin();
  int place = 0;
  for (int wanted : places) {
    for (; place < wanted; ++place) ++position;
    CHECK(position != jobs_.end()) << "no job at place " << wanted;
    taken.push_back(Remove(position++));
    ++place;
  }
  return taken;
}

std::optional<WaitingJob> RequestQueue::Take(const JobKey& key) {
  const auto position = jobs_.find(key);
  if (position == jobs_.end()) return std::nullopt;
  return Remove(position);
}

std::vector<WaitingJob> RequestQueue::TakeExpired(absl::Time now) {
  std::vector<WaitingJob> taken;
  while (next_deadline() <= now) {
    taken.push_back(Remove(jobs_.find(deadlines_.begin()->second)));
  }
  return taken;
}

std::vector<WaitingJob> RequestQueue::TakeAll() {
  std::vector<WaitingJob> taken;
  while (!jobs_.empty()) taken.push_back(Remove(jobs_.begin()));
  return taken;
}

absl::Time RequestQueue::next_deadline() const {
  return deadlines_.empty() ? absl::InfiniteFuture()
                            : deadlines_.begin()->first;
}

WaitingJob RequestQueue::Remove(Jobs::iterator position) {
  CHECK(position != jobs_.end());
  WaitingJob waiting = std::move(position->second);
  deadlines_.erase({waiting.job.deadline, position->first});
  tokens_ -= waiting.tokens;
  jobs_.erase(position);
  return waiting;
}

}  // namespace transformerd
