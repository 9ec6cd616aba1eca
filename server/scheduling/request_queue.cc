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

JobNumber RequestQueue::Push(std::vector<Job> parts, absl::Time now) {
  CHECK(!parts.empty());
  const JobNumber job = ++last_number_;
  const Place place = {LevelOf(parts.front().priority), job};
  Entry entry;
  entry.job = job;
  entry.deadline = parts.front().deadline;
  entry.parts.reserve(parts.size());
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    WaitingJob waiting;
    waiting.tokens = part->input.total_tokens();
    waiting.enqueued = now;
    waiting.outputs = part->input.outputs;
    std::sort(waiting.outputs.begin(), waiting.outputs.end());
    waiting.is_last = entry.parts.empty();
    waiting.job = std::move(*part);
    tokens_ += waiting.tokens;
    entry.parts.push_back(std::move(waiting));
  }
  if (entry.deadline != absl::InfiniteFuture()) {
    deadlines_.insert({entry.deadline, job});
  }
  jobs_[job] = line_.emplace(place, std::move(entry)).first;
  return job;
}

std::vector<QueuedJob> RequestQueue::Head(int64_t count) const {
  std::vector<QueuedJob> head;
  for (const auto& [place, entry] : line_) {
    if (static_cast<int64_t>(head.size()) >= count) break;
    const WaitingJob& next = entry.parts.back();
    head.push_back({next.tokens, next.job.input.batch, next.enqueued,
                    entry.deadline, next.job.input.is_whole(), next.outputs});
  }
  return head;
}

std::vector<WaitingJob> RequestQueue::TakeAt(absl::Span<const int> places) {
  // All are found before one is taken: that moves what is left of its job.
  std::vector<Line::iterator> found;
  found.reserve(places.size());
  auto position = line_.begin();
  int place = 0;
  for (int wanted : places) {
    for (; place < wanted; ++place) ++position;
    CHECK(position != line_.end()) << "no job at place " << wanted;
    found.push_back(position);
  }
  std::vector<WaitingJob> taken;
  taken.reserve(found.size());
  for (Line::iterator job : found) taken.push_back(TakeNext(job));
  return taken;
}

std::vector<WaitingJob> RequestQueue::Take(JobNumber job) {
  std::vector<WaitingJob> taken;
  const auto found = jobs_.find(job);
  if (found != jobs_.end()) TakeRest(found->second, taken);
  return taken;
}

std::vector<WaitingJob> RequestQueue::TakeExpired(absl::Time now) {
  std::vector<WaitingJob> taken;
  while (next_deadline() <= now) {
    TakeRest(jobs_.at(deadlines_.begin()->second), taken);
  }
  return taken;
}

std::vector<WaitingJob> RequestQueue::TakeAll() {
  std::vector<WaitingJob> taken;
  while (!line_.empty()) TakeRest(line_.begin(), taken);
  return taken;
}

absl::Time RequestQueue::next_deadline() const {
  return deadlines_.empty() ? absl::InfiniteFuture()
                            : deadlines_.begin()->first;
}

WaitingJob RequestQueue::TakeNext(Line::iterator position) {
  std::vector<WaitingJob>& parts = position->second.parts;
  WaitingJob next = std::move(parts.back());
  parts.pop_back();
  tokens_ -= next.tokens;
  if (parts.empty()) {
    Remove(position);
  } else {
    MoveToTheBack(position);
  }
  return next;
}

void RequestQueue::TakeRest(Line::iterator position,
                            std::vector<WaitingJob>& taken) {
  for (WaitingJob& part : position->second.parts) {
    tokens_ -= part.tokens;
    taken.push_back(std::move(part));
  }
  Remove(position);
}

void RequestQueue::MoveToTheBack(Line::iterator position) {
  auto node = line_.extract(position);
  node.key().second = ++last_number_;
  const JobNumber job = node.mapped().job;
  jobs_[job] = line_.insert(std::move(node)).position;
}

void RequestQueue::Remove(Line::iterator position) {
  deadlines_.erase({position->second.deadline, position->second.job});
  jobs_.erase(position->second.job);
  line_.erase(position);
}

}  // namespace transformerd
