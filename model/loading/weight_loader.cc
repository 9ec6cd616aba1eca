#include "model/loading/weight_loader.h"

#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "glog/logging.h"
#include "model/base/catch_exceptions.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/loading/bucket_filler.h"

namespace transformerd {
namespace {

absl::Status OfRank(int rank, const absl::Status& status) {
  return Annotate(status, absl::StrCat("rank ", rank));
}

// Runs a part of a rank's work. What it throws is an error of that rank.
template <typename Body>
absl::Status Guarded(int rank, const Body& body) {
  absl::Status status;
  const absl::Status thrown = CatchExceptions([&] {
    status = body();
    return absl::OkStatus();
  });
  return thrown.ok() ? status : OfRank(rank, thrown);
}

// Has the system provide an arena's memory, from its end towards its beginning,
// where it is being filled meanwhile: a thread that waits for a read spares the
// reader half of the page faults.
class Populator {
 public:
  // A rank may be without an arena.
  Populator(const LoadPlan& plan, const Arena* arena)
      : plan_(plan),
        arena_(arena),
        end_(arena == nullptr ? 0 : plan.num_buckets()) {}

  // One more bucket; false where those from `filled` on are done, or nothing
  // can be.
  bool Step(int64_t filled) {
    // What comes next is about to be written.
    if (end_ <= filled + 1) return false;
    const LoadBucket bucket = plan_.Bucket(--end_);
    if (!arena_->Populate(bucket.arena_offset_bytes, bucket.size_bytes)) {
      end_ = 0;
    }
    return end_ > 0;
  }

 private:
  const LoadPlan& plan_;
  const Arena* const arena_;
  int64_t end_;  // buckets from here on are done
};

// One load: the state that the threads of its ranks share. Each rank has a
// thread that sends and receives, and, where the rank reads, another for that.
class LoadRun {
 public:
  LoadRun(const LoadPlan& plan, const CheckpointReader& reader,
          absl::Span<const LoadRank> ranks, LoadControl& control,
          const WeightLoaderOptions& options)
      : plan_(plan),
        reader_(reader),
        ranks_(ranks),
        control_(control),
        options_(options),
        num_readers_(NumReaders()),
        arenas_(ranks.size()),
        states_(ranks.size()) {}

  absl::StatusOr<LoadedWeights> Run() {
    const int copies = is_broadcast() ? 1 : world_size();
    control_.SetTotals(plan_.payload_tensors() * copies,
                       plan_.payload_bytes() * copies);
    control_.SetPhase(LoadPhase::kAllocate);
    std::vector<std::thread> threads;
    Finish(Guarded(0, [&] {
      StartThreads(threads);
      return absl::OkStatus();
    }));
    RunReader(0);
    for (std::thread& thread : threads) thread.join();
    RETURN_IF_ERROR(failure());
    // One that came behind the last read.
    RETURN_IF_ERROR(control_.CheckNotCancelled());
    absl::MutexLock lock(&mutex_);
    LoadedWeights weights;
    weights.arenas = std::move(arenas_);
    weights.bytes_read = bytes_read_;
    weights.bytes_broadcast = bytes_broadcast_;
    return weights;
  }

 private:
  // How far a rank has come.
  struct RankState {
    bool has_agreed = false;
    int64_t buckets_passed = 0;  // read, or left to another rank
  };

  int world_size() const { return static_cast<int>(ranks_.size()); }
  bool is_broadcast() const {
    return options_.strategy == LoadingStrategy::kMemoryEfficient;
  }

  int NumReaders() const {
    return is_broadcast() && options_.source == SourcePolicy::kRankZero
               ? 1
               : world_size();
  }

  // The rank that reads a bucket for `rank`.
  int SourceOf(int64_t bucket, int rank) const {
    return is_broadcast() ? static_cast<int>(bucket % num_readers_) : rank;
  }

  void StartThreads(std::vector<std::thread>& threads) {
    threads.reserve(world_size() + num_readers_);
    for (int rank = 0; rank < world_size(); ++rank) {
      threads.emplace_back([this, rank] { RunRank(rank); });
    }
    for (int rank = 1; rank < num_readers_; ++rank) {
      threads.emplace_back([this, rank] { RunReader(rank); });
    }
  }

  // The body of a rank's thread. Its arena is not in use by the transport when
  // it ends.
  void RunRank(int rank) {
    Finish(Guarded(rank, [&] { return ReceiveAll(rank); }));
    Finish(Guarded(rank, [&] { return ranks_[rank].transport->Flush(); }));
  }

  // The body of a reading thread.
  void RunReader(int rank) {
    Finish(Guarded(rank, [&] { return ReadBuckets(rank); }));
  }

  absl::Status ReceiveAll(int rank) ABSL_LOCKS_EXCLUDED(mutex_) {
    WeightTransport& transport = *ranks_[rank].transport;
    const uint64_t digest = plan_.DigestFor(ranks_[rank].slots);
    const absl::Status allocated =
        Guarded(rank, [&] { return Allocate(rank); });
    RETURN_IF_ERROR(transport.Agree(allocated, digest));
    AnnounceAgreement(rank);
    Populator populator(plan_, arenas_[rank].get());
    for (int64_t k = 0; k < plan_.num_buckets(); ++k) {
      const int source = SourceOf(k, rank);
      while (!IsKnown(source, k) && populator.Step(k)) {
      }
      RETURN_IF_ERROR(AwaitBucket(source, k));
      RETURN_IF_ERROR(Deliver(rank, source, plan_.Bucket(k)));
    }
    RETURN_IF_ERROR(AwaitAllReaders());
    return transport.Agree(transport.Flush(), digest);
  }

  // Brings a bucket that `source` has read to where `rank` is to have it.
  absl::Status Deliver(int rank, int source, const LoadBucket& bucket) {
    const int64_t offset_bytes = bucket.arena_offset_bytes;
    DeviceMemory* const device = ranks_[rank].device;
    const bool is_sent =
        is_broadcast() && (device == nullptr || options_.sends_between_devices);
    if (device != nullptr && (rank == source || !is_sent)) {
      RETURN_IF_ERROR(OfRank(
          rank,
          device->Write(offset_bytes, arenas_[source]->Range(
                                          offset_bytes, bucket.size_bytes))));
    }
    if (is_sent) {
      const absl::Span<std::byte> bytes =
          device == nullptr ? arenas_[rank]->bytes() : device->bytes();
      RETURN_IF_ERROR(ranks_[rank].transport->Broadcast(
          bytes.subspan(offset_bytes, bucket.size_bytes), source));
    }
    if (rank != source) CountBroadcast(bucket.size_bytes);
    return absl::OkStatus();
  }

  absl::Status Allocate(int rank) {
    if (DeviceMemory* const device = ranks_[rank].device) {
      RETURN_IF_ERROR(OfRank(rank, device->Allocate(plan_.arena_bytes())));
      if (rank >= num_readers_) return absl::OkStatus();
    }
    absl::StatusOr<std::unique_ptr<Arena>> arena =
        options_.allocate(plan_.arena_bytes());
    if (!arena.ok()) return OfRank(rank, arena.status());
    arenas_[rank] = *std::move(arena);
    return absl::OkStatus();
  }

  absl::Status ReadBuckets(int rank) ABSL_LOCKS_EXCLUDED(mutex_) {
    RETURN_IF_ERROR(AwaitAgreement(rank));
    if (rank == 0) {
      control_.SetRank(rank);
      control_.SetPhase(LoadPhase::kStream);
    }
    BucketFillerHooks hooks;
    hooks.is_mine = [this, rank](int64_t k) {
      return SourceOf(k, rank) == rank;
    };
    hooks.check = [this] { return CheckGoesOn(); };
    BucketFiller filler(plan_, reader_, *arenas_[rank], std::move(hooks));
    for (int64_t k = 0; k < plan_.num_buckets(); ++k) {
      if (SourceOf(k, rank) == rank) {
        RETURN_IF_ERROR(CheckGoesOn());
        const LoadBucket bucket = plan_.Bucket(k);
        const absl::Status filled = filler.Fill(bucket);
        if (!filled.ok()) {
          // A read that a cancellation has ended is no fault of the rank.
          RETURN_IF_ERROR(control_.CheckNotCancelled());
          return OfRank(rank, filled);
        }
        ReportProgress(bucket);
      }
      AnnounceBucket(rank, k);
    }
    RETURN_IF_ERROR(OfRank(rank, reader_.CheckUnchanged()));
    AnnounceEnd();
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

  absl::Status CheckGoesOn() const ABSL_LOCKS_EXCLUDED(mutex_) {
    RETURN_IF_ERROR(control_.CheckNotCancelled());
    return failure();
  }

  absl::Status failure() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return failure_;
  }

  void AnnounceAgreement(int rank) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    states_[rank].has_agreed = true;
  }

  absl::Status AwaitAgreement(int rank) const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    const auto is_known = [this, rank] {
      mutex_.AssertHeld();
      return states_[rank].has_agreed || !failure_.ok();
    };
    mutex_.Await(absl::Condition(&is_known));
    return failure_;
  }

  void AnnounceBucket(int rank, int64_t bucket) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    states_[rank].buckets_passed = bucket + 1;
  }

  // Whether AwaitBucket would return at once.
  bool IsKnown(int source, int64_t bucket) const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    return states_[source].buckets_passed > bucket || !failure_.ok();
  }

  // All ranks wait for the read, so that a transport's time-out is about its
  // ranks and not about the storage.
  absl::Status AwaitBucket(int source, int64_t bucket) const
      ABSL_LOCKS_EXCLUDED(mutex_) {
    RETURN_IF_ERROR(control_.CheckNotCancelled());
    absl::MutexLock lock(&mutex_);
    const auto is_known = [this, source, bucket] {
      mutex_.AssertHeld();
      return states_[source].buckets_passed > bucket || !failure_.ok();
    };
    mutex_.Await(absl::Condition(&is_known));
    return failure_;
  }

  void AnnounceEnd() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    ++readers_done_;
  }

  absl::Status AwaitAllReaders() const ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    const auto is_known = [this] {
      mutex_.AssertHeld();
      return readers_done_ == num_readers_ || !failure_.ok();
    };
    mutex_.Await(absl::Condition(&is_known));
    return failure_;
  }

  void CountBroadcast(int64_t size_bytes) ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    bytes_broadcast_ += size_bytes;
  }

  void ReportProgress(const LoadBucket& bucket) ABSL_LOCKS_EXCLUDED(mutex_) {
    int64_t tensors = 0, bytes = 0;
    for (const LoadPiece& piece : bucket.pieces) {
      const LoadItem& item = plan_.items()[piece.item];
      if (item.transform == Transform::kInitialize) continue;
      bytes += piece.count * BytesOf(item.file_dtype);
      if (piece.begin + piece.count == item.num_elements) ++tensors;
    }
    control_.Advance(tensors, bytes);
    absl::MutexLock lock(&mutex_);
    bytes_read_ += bytes;
  }

  const LoadPlan& plan_;
  const CheckpointReader& reader_;
  const absl::Span<const LoadRank> ranks_;
  LoadControl& control_;
  const WeightLoaderOptions& options_;
  const int num_readers_;
  // Each is written by its rank's thread. Those who fill it and copy from it
  // use it after the agreement, the caller all of them after joining.
  std::vector<std::unique_ptr<Arena>> arenas_;

  mutable absl::Mutex mutex_;
  std::vector<RankState> states_ ABSL_GUARDED_BY(mutex_);
  int readers_done_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t bytes_read_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t bytes_broadcast_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);  // the first one
};

}  // namespace

absl::StatusOr<LoadedWeights> LoadWeights(const LoadPlan& plan,
                                          const CheckpointReader& reader,
                                          absl::Span<const LoadRank> ranks,
                                          LoadControl& control,
                                          const WeightLoaderOptions& options) {
  CHECK(!ranks.empty());
  for (size_t i = 0; i < ranks.size(); ++i) {
    CHECK_EQ(ranks[i].transport->rank(), static_cast<int>(i));
    CHECK_EQ(ranks[i].transport->world_size(), static_cast<int>(ranks.size()));
  }
  return LoadRun(plan, reader, ranks, control, options).Run();
}

}  // namespace transformerd
