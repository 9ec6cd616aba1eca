// Loads of files of torch.save whose tensors do not lie in a row, with buckets
// that are much smaller than what these span.
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/host_tensor.h"
#include "model/checkpoint/torch_file.h"
#include "model/loading/bandwidth_limit.h"
#include "model/loading/in_process.h"
#include "model/loading/throttled_reader.h"
#include "model/loading/weight_loader.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/memory_source.h"
#include "tests/fakes/torch_bytes.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/loading/toy_checkpoint.h"

namespace transformerd {
namespace {

using ::testing::Each;
using ::testing::Le;
using ::testing::SizeIs;

// Writes down what is read of it.
class WatchedSource : public MemorySource {
 public:
  struct Log {
    absl::Mutex mutex;
    std::vector<int64_t> sizes ABSL_GUARDED_BY(mutex);
    std::function<void()> on_read;  // set while nothing is read
  };

  WatchedSource(std::string bytes, Log& log)
      : MemorySource(std::move(bytes)), log_(log) {}

  absl::Status Read(
      int64_t offset_bytes,
      absl::Span<const absl::Span<std::byte>> buffers) const override {
    int64_t size_bytes = 0;
    for (const auto& buffer : buffers) {
      size_bytes += static_cast<int64_t>(buffer.size());
    }
    {
      absl::MutexLock lock(&log_.mutex);
      log_.sizes.push_back(size_bytes);
    }
    if (log_.on_read) log_.on_read();
    return MemorySource::Read(offset_bytes, buffers);
  }

 private:
  Log& log_;
};

// Numbers that bfloat16 holds.
std::string Numbers(int64_t count) {
  HostTensor tensor(DType::kF32, {count});
  for (int64_t i = 0; i < count; ++i) {
    tensor.as<float>()[i] = static_cast<float>(i % 251);
  }
  return tensor.bytes;
}

// `table` is a matrix whose transpose is stored; `row` is the last storage in
// the file.
class TorchViewsTest : public testing::Test {
 protected:
  static constexpr int64_t kRowFloats = 64;

  void Open(bool is_zip, int64_t rows = 96, int64_t columns = 64) {
    rows_ = rows;
    columns_ = columns;
    const int64_t count = rows * columns;
    const std::string pickle = pickle::Whole(
        pickle::Dict({{pickle::Text("table"),
                       pickle::Tensor(pickle::Storage("Float", "0", count), 0,
                                      {rows, columns}, {1, rows})},
                      {pickle::Text("row"),
                       pickle::Tensor(pickle::Storage("Float", "1", kRowFloats),
                                      0, {kRowFloats}, {1})}}));
    if (is_zip) {
      bytes_ = Zip64Bytes(TorchEntries(
          pickle, {{"0", Numbers(count)}, {"1", Numbers(kRowFloats)}}));
    } else {
      bytes_ = LegacyBytes(pickle, {{"0", count, Numbers(count)},
                                    {"1", kRowFloats, Numbers(kRowFloats)}});
    }
    Reopen();
  }

  void Reopen() {
    auto reader =
        OpenTorchSource(std::make_unique<WatchedSource>(bytes_, log_), "w.bin");
    ASSERT_THAT(reader, IsOk());
    reader_ = *std::move(reader);
    absl::MutexLock lock(&log_.mutex);
    log_.sizes.clear();
  }

  // The table as float32, or cast to another dtype.
  absl::StatusOr<LoadedWeights> Load(const CheckpointReader& reader,
                                     int world_size = 1,
                                     DType dtype = DType::kF32,
                                     int64_t bucket_bytes = 512) {
    slots_.clear();
    AddSlot(slots_, "row", {kRowFloats});
    AddSlot(slots_, "table", {rows_, columns_}, dtype);
    LoadPlanOptions options;
    options.bucket_bytes = bucket_bytes;
    const LoadPlan plan = *LoadPlan::Create(slots_, reader.entries(),
                                            MapByName(slots_, reader), options);
    offsets_ = {*plan.slot_offsets()[0], *plan.slot_offsets()[1]};
    const auto group = MakeInProcessGroup(world_size);
    std::vector<LoadRank> ranks;
    for (const auto& transport : group) {
      ranks.push_back({slots_, transport.get()});
    }
    return LoadWeights(plan, reader, ranks, control_, options_);
  }

  template <typename T>
  const T* At(const Arena& arena, int slot) const {
    return reinterpret_cast<const T*>(arena.bytes().data() + offsets_[slot]);
  }

  // `As` makes a float of what the arena holds.
  template <typename T, typename As>
  void ExpectLoaded(const Arena& arena, const As& as) const {
    for (int64_t i = 0; i < kRowFloats; ++i) {
      ASSERT_EQ(At<float>(arena, 0)[i], static_cast<float>(i));
    }
    const T* const table = At<T>(arena, 1);
    for (int64_t i = 0; i < rows_; ++i) {
      for (int64_t j = 0; j < columns_; ++j) {
        ASSERT_EQ(as(table[i * columns_ + j]),
                  static_cast<float>((j * rows_ + i) % 251))
            << i << " " << j;
      }
    }
  }

  void ExpectFloats(const LoadedWeights& weights) const {
    for (const auto& arena : weights.arenas) {
      ExpectLoaded<float>(*arena, [](float value) { return value; });
    }
  }

  int64_t payload_bytes() const {
    return (rows_ * columns_ + kRowFloats) * sizeof(float);
  }

  std::vector<int64_t> reads() {
    absl::MutexLock lock(&log_.mutex);
    return log_.sizes;
  }

  int64_t bytes_read() {
    int64_t sum = 0;
    for (const int64_t size : reads()) sum += size;
    return sum;
  }

  int64_t rows_ = 0, columns_ = 0;
  std::string bytes_;
  WatchedSource::Log log_;
  std::unique_ptr<CheckpointReader> reader_;
  SlotVector slots_;
  std::vector<int64_t> offsets_;
  FakeClock clock_;
  LoadControl control_{clock_};
  WeightLoaderOptions options_;
};

TEST_F(TorchViewsTest, AreLoadedFromALegacyFileThatEndsWithATensor) {
  Open(/*is_zip=*/false);
  ASSERT_OK_AND_ASSIGN(const LoadedWeights weights, Load(*reader_));
  ExpectFloats(weights);
}

TEST_F(TorchViewsTest, AreReadOnceWhateverTheBuckets) {
  for (const bool is_zip : {false, true}) {
    for (const int64_t bucket_bytes : {256, 1024, 1 << 20}) {
      Open(is_zip);

      ASSERT_OK_AND_ASSIGN(
          const LoadedWeights weights,
          Load(*reader_, /*world_size=*/2, DType::kF32, bucket_bytes));

      ExpectFloats(weights);
      EXPECT_EQ(bytes_read(), payload_bytes());
    }
  }
}

TEST_F(TorchViewsTest, AreCast) {
  Open(/*is_zip=*/true);

  ASSERT_OK_AND_ASSIGN(const LoadedWeights weights,
                       Load(*reader_, /*world_size=*/1, DType::kF64));

  ExpectLoaded<double>(*weights.arenas[0],
                       [](double value) { return static_cast<float>(value); });
  EXPECT_EQ(bytes_read(), payload_bytes());
}

// Each rank writes to the buckets that it reads, and to no other.
TEST_F(TorchViewsTest, AreReadOnceByEachRankThatReads) {
  Open(/*is_zip=*/true);
  options_.source = SourcePolicy::kRoundRobin;

  ASSERT_OK_AND_ASSIGN(const LoadedWeights weights,
                       Load(*reader_, /*world_size=*/3));

  ExpectFloats(weights);
  EXPECT_LE(bytes_read(), 3 * payload_bytes());
}

// The clock moves while bytes are read, so that nobody has to wait.
TEST_F(TorchViewsTest, AreReadInTheStepsThatALimitAllows) {
  constexpr int64_t kBurst = 4096;
  Open(/*is_zip=*/true);
  log_.on_read = [this] { clock_.Advance(absl::Seconds(1)); };
  BandwidthLimit limit(10 * kBurst, clock_);
  const ThrottledReader throttled(*reader_, limit, control_);

  ASSERT_OK_AND_ASSIGN(
      const LoadedWeights weights,
      Load(throttled, /*world_size=*/1, DType::kF32, /*bucket_bytes=*/8192));

  ExpectFloats(weights);
  EXPECT_THAT(reads(), Each(Le(kBurst)));
  EXPECT_EQ(bytes_read(), payload_bytes());
}

TEST_F(TorchViewsTest, AreCancelledBetweenTwoWindows) {
  Open(/*is_zip=*/true, /*rows=*/1200, /*columns=*/2500);  // 12 MB
  log_.on_read = [this] { control_.Cancel(absl::CancelledError("enough")); };

  EXPECT_THAT(Load(*reader_, /*world_size=*/1, DType::kF32, 256),
              StatusIs(absl::StatusCode::kCancelled, "enough"));

  EXPECT_THAT(reads(), SizeIs(1));
}

TEST_F(TorchViewsTest, AreCheckedAgainstTheChecksumsOfTheirStorages) {
  Open(/*is_zip=*/true);
  bytes_[bytes_.find(Numbers(rows_ * columns_)) + 5000] ^= 1;
  Reopen();

  EXPECT_THAT(Load(*reader_), HasReason(Reason::kZipInvalid));
}

}  // namespace
}  // namespace transformerd
