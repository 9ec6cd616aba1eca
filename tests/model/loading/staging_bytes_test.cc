#include "model/loading/staging_bytes.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "model/base/dtype.h"
#include "model/base/shape.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/loading/load_plan.h"
#include "model/loading/name_map.h"
#include "tests/model/loading/toy_checkpoint.h"

namespace transformerd {
namespace {

// Plans of vectors that are in one file and cast to float32, or are float32.
class StagingBytesTest : public testing::Test {
 protected:
  void Add(int64_t num_elements, DType file_dtype) {
    CheckpointEntry entry;
    entry.dtype = file_dtype;
    entry.shape = {num_elements};
    Add(std::move(entry));
  }

  void AddTransposed(Shape shape, DType file_dtype) {
    CheckpointEntry entry;
    entry.dtype = file_dtype;
    entry.shape = shape;
    entry.strides = {1, shape[0]};
    Add(std::move(entry));
  }

  void Add(CheckpointEntry entry) {
    entry.key = std::to_string(slots_.size());
    entry.offset_bytes = file_bytes_;
    entry.size_bytes = *SizeBytes(entry.dtype, entry.shape);
    file_bytes_ += entry.size_bytes;
    AddSlot(slots_, entry.key, entry.shape);
    SlotMapping mapping;
    mapping.source = SlotSource::kEntry;
    mapping.index = static_cast<int>(entries_.size());
    mapping.key = entry.key;
    map_.slots.push_back(mapping);
    entries_.push_back(entry);
  }

  LoadPlan Plan(int64_t bucket_bytes) const {
    LoadPlanOptions options;
    options.bucket_bytes = bucket_bytes;
    return *LoadPlan::Create(slots_, entries_, map_, options);
  }

 private:
  SlotVector slots_;
  std::vector<CheckpointEntry> entries_;
  NameMap map_;
  int64_t file_bytes_ = 0;
};

TEST_F(StagingBytesTest, AreNoneWithoutACast) {
  Add(1000, DType::kF32);
  EXPECT_EQ(StagingBytes(Plan(512)), 0);
}

// 64 and 100 elements of float16 lie in a bucket with 128 of float64 in part.
TEST_F(StagingBytesTest, AreThoseOfTheBucketWithTheMost) {
  Add(64, DType::kF16);
  Add(128, DType::kF64);
  Add(100, DType::kF16);
  EXPECT_EQ(StagingBytes(Plan(512)), 64 * 2 + 64 * 8);
  EXPECT_EQ(StagingBytes(Plan(1 << 20)), 64 * 2 + 128 * 8 + 100 * 2);
}

TEST_F(StagingBytesTest, AreTheMaximumOverAllBuckets) {
  const DType dtypes[] = {DType::kF16, DType::kF32, DType::kF64, DType::kBF16};
  for (int i = 0; i < 60; ++i) Add(i * 37 % 700, dtypes[i * 5 % 7 % 4]);
  for (const int64_t bucket_bytes : {256, 768, 1024, 8192}) {
    const LoadPlan plan = Plan(bucket_bytes);
    int64_t most = 0;
    for (int64_t k = 0; k < plan.num_buckets(); ++k) {
      int64_t bytes = 0;
      for (const LoadPiece& piece : plan.Bucket(k).pieces) {
        const LoadItem& item = plan.items()[piece.item];
        if (item.transform == Transform::kCast) {
          bytes += piece.count * BytesOf(item.file_dtype);
        }
      }
      most = std::max(most, bytes);
    }
    EXPECT_EQ(StagingBytes(plan), most) << bucket_bytes;
  }
}

// What is transposed is cast from its window, and needs no more.
TEST_F(StagingBytesTest, AreAWindowBesideThatForViews) {
  Add(64, DType::kF16);
  AddTransposed({100, 10}, DType::kF16);
  AddTransposed({10, 20}, DType::kF32);
  EXPECT_EQ(StagingBytes(Plan(512)), 64 * 2 + 100 * 10 * 2);
  AddTransposed({3000, 1000}, DType::kF32);
  EXPECT_EQ(StagingBytes(Plan(512)), 64 * 2 + StridedView::kWindowBytes);
}

// 2^50 buckets cannot be looked at one by one.
TEST_F(StagingBytesTest, AreFoundHoweverManyBucketsThereAre) {
  Add(int64_t{1} << 57, DType::kF16);
  EXPECT_EQ(StagingBytes(Plan(512)), 128 * 2);
}

}  // namespace
}  // namespace transformerd
