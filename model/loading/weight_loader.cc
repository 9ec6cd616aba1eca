#include "model/loading/weight_loader.h"

#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "glog/logging.h"
#include "model/base/status_macros.h"
#include "model/loading/bucket_filler.h"

namespace transformerd {
namespace {

// The rank whose arena a bucket is read into. One reader is best where one
// device or link feeds the machine; bucket % world_size would spread the reads.
constexpr int SourceRank(int64_t /*bucket*/) { return 0; }

// One load: the state that the reading thread and the rank threads share.
class LoadRun {
 public:
  LoadRun(const LoadPlan& plan, const CheckpointReader& reader,
          absl::Span<const LoadRank> ranks, LoadControl& control)
      : plan_(plan),
        reader_(reader),
        ranks_(ranks),
        control_(control),
        arenas_(ranks.size()) {}

  absl::StatusOr<LoadedWeights> Run() {
    control_.SetTotals(plan_.payload_tensors(), plan_.payload_bytes());
    control_.SetPhase(LoadPhase::kAllocate);
    std::vector<std::thread> threads;
    threads.reserve(ranks_.size());
    for (int rank = 0; rank < world_size(); ++rank) {
      threads.emplace_back([this, rank] { Finish(RunRank(rank)); });
    }
    Finish(ReadBuckets());
    for (std::thread& thread : threads) thread.join();
    RETURN_IF_ERROR(failure());
    LoadedWeights weights;
    weights.arenas = std::move(arenas_);
    weights.bytes_read = plan_.payload_bytes();
    weights.bytes_broadcast = plan_.arena_bytes() * (world_size() - 1);
    return weights;
  }

 private:
  int world_size() const { return static_cast<int>(ranks_.size()); }

  // The body of a rank's thread.
  absl::Status RunRank(int rank) ABSL_LOCKS_EXCLUDED(mutex_) {
    WeightTransport& transport = *ranks_[rank].transport;
    absl::StatusOr<std::unique_ptr<Arena>> arena =
        Arena::Create(plan_.arena_bytes());
    RETURN_IF_ERROR(
        transport.Agree(arena.status(), plan_.DigestFor(ranks_[rank].slots)));
    arenas_[rank] = *std::move(arena);
    if (rank == SourceRank(0)) AnnounceAgreement();
    for (int64_t k = 0; k < num_buckets(); ++k) {
      if (rank == SourceRank(k)) RETURN_IF_ERROR(AwaitBucket(k));
      const LoadBucket& bucket = plan_.buckets()[k];
      RETURN_IF_ERROR(transport.Broadcast(
          arenas_[rank]->Range(bucket.arena_offset_bytes, bucket.size_bytes),
          SourceRank(k)));
    }
    return absl::OkStatus();
  }

  // The body of the reading thread.
  absl::Status ReadBuckets() ABSL_LOCKS_EXCLUDED(mutex_) {
    RETURN_IF_ERROR(AwaitAgreement());
    control_.SetRank(SourceRank(0));
    control_.SetPhase(LoadPhase::kStream);
    BucketFiller filler(plan_, reader_, *arenas_[SourceRank(0)]);
    for (const LoadBucket& bucket : plan_.buckets()) {
      RETURN_IF_ERROR(control_.CheckNotCancelled());
      RETURN_IF_ERROR(failure());
      RETURN_IF_ERROR(filler.Fill(bucket));
      ReportProgress(bucket);
      absl::MutexLock lock(&mutex_);
      ++buckets_read_;
    }
    return absl::OkStatus();
  }

  // What a thread does with its result: the first error stops all others.
  void Finish(const absl::Status& status) ABSL_LOCKS_EXCLUDED(mutex_) {
    if (status.ok()) return;
    {
      absl::MutexLock lock(&mutex_);
      failure_.Update(status);
    }
    for (const LoadRank& rank : ranks_) rank.transport->Abort(failure());
  }

  absl::Status failure() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return failure_;
  }

  int64_t num_buckets() const {
    return static_cast<int64_t>(plan_.buckets().size());
  }

  void AnnounceAgreement() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    agreed_ = true;
  }

  absl::Status AwaitAgreement() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    const auto is_known = [this] {
      mutex_.AssertHeld();
      return agreed_ || !failure_.ok();
    };
    mutex_.Await(absl::Condition(&is_known));
    return failure_;
  }

  absl::Status AwaitBucket(int64_t bucket) const ABSL_LOCKS_EXCLUDED(mutex_) {
    RETURN_IF_ERROR(control_.CheckNotCancelled());
    absl::MutexLock lock(&mutex_);
    const auto is_known = [this, bucket] {
      mutex_.AssertHeld();
      return buckets_read_ > bucket || !failure_.ok();
    };
    mutex_.Await(absl::Condition(&is_known));
    return failure_;
  }

  void ReportProgress(const LoadBucket& bucket) {
    int64_t tensors = 0, bytes = 0;
    for (const LoadPiece& piece : bucket.pieces) {
      const LoadItem& item = plan_.items()[piece.item];
      if (item.transform == Transform::kInitialize) continue;
      bytes += piece.count * BytesOf(item.file_dtype);
      if (piece.begin + piece.count == item.num_elements) ++tensors;
    }
    control_.Advance(tensors, bytes);
  }

  const LoadPlan& plan_;
  const CheckpointReader& reader_;
  const absl::Span<const LoadRank> ranks_;
  LoadControl& control_;
  // Each is written by its rank's thread. The reading thread uses the source's
  // after the agreement, the caller all of them after joining.
  std::vector<std::unique_ptr<Arena>> arenas_;

  mutable absl::Mutex mutex_;
  bool agreed_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t buckets_read_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);  // the first one
};

}  // namespace

absl::StatusOr<LoadedWeights> LoadWeights(const LoadPlan& plan,
                                          const CheckpointReader& reader,
                                          absl::Span<const LoadRank> ranks,
                                          LoadControl& control) {
  CHECK(!ranks.empty());
  for (size_t i = 0; i < ranks.size(); ++i) {
    CHECK_EQ(ranks[i].transport->rank(), static_cast<int>(i));
    CHECK_EQ(ranks[i].transport->world_size(), static_cast<int>(ranks.size()));
  }
  return LoadRun(plan, reader, ranks, control).Run();
}

}  // namespace transformerd
