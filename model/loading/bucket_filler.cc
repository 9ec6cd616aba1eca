#include "model/loading/bucket_filler.h"

#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "model/loading/cast.h"
#include "model/loading/initialize.h"

namespace transformerd {
namespace {

// A scatter read takes at most this many buffers (IOV_MAX of Linux).
constexpr size_t kMaxBuffers = 1024;

int64_t FileBytes(const LoadItem& item, const LoadPiece& piece) {
  return piece.count * BytesOf(item.file_dtype);
}

}  // namespace

absl::Status BucketFiller::Fill(const LoadBucket& bucket) {
  size_t staging_bytes = 0;
  for (const LoadPiece& piece : bucket.pieces) {
    const LoadItem& item = plan_.items()[piece.item];
    if (item.is_staged()) staging_bytes += FileBytes(item, piece);
  }
  // All of it before the first read: spans into it must stay valid.
  if (staging_.size() < staging_bytes) staging_.resize(staging_bytes);
  staging_used_ = 0;
  staged_.clear();
  run_ = Run();
  for (const LoadPiece& piece : bucket.pieces) {
    const LoadItem& item = plan_.items()[piece.item];
    if (item.transform == Transform::kInitialize) {
      InitializePiece(piece);
    } else if (item.view.has_value()) {
      RETURN_IF_ERROR(GatherItem(piece.item));
    } else {
      RETURN_IF_ERROR(Append(piece));
    }
  }
  RETURN_IF_ERROR(FlushRun());
  for (const Staged& staged : staged_) {
    const LoadItem& item = plan_.items()[staged.piece.item];
    Cast(item.file_dtype, staged.bytes, item.dtype, Destination(staged.piece));
  }
  return absl::OkStatus();
}

absl::Status BucketFiller::GatherItem(int index) {
  if (index < gathered_end_) return absl::OkStatus();
  gathered_end_ = index + 1;
  const LoadItem& item = plan_.items()[index];
  // Of an element.
  const int64_t from_bytes = BytesOf(item.file_dtype);
  const int64_t to_bytes = BytesOf(item.dtype);
  const absl::Span<std::byte> all = Destination({index, 0, item.num_elements});
  const auto read = [&](int64_t offset_bytes, absl::Span<std::byte> window) {
    const absl::Status status = hooks_.check();
    if (!status.ok()) return status;
    return reader_.Read(item.file, offset_bytes, {window});
  };
  const auto write = [&](int64_t begin, absl::Span<const std::byte> bytes) {
    if (item.transform == Transform::kNone) {
      std::memcpy(all.data() + begin, bytes.data(), bytes.size());
      return;
    }
    const int64_t count = static_cast<int64_t>(bytes.size()) / from_bytes;
    Cast(item.file_dtype, bytes, item.dtype,
         all.subspan(begin / from_bytes * to_bytes, count * to_bytes));
  };
  return Annotate(item.view->Gather(MyRangesOf(index), read, write),
                  absl::StrCat("tensor ", Quoted(item.key)));
}

// The bytes of an item, as if they lay in a row in the file, that are in
// buckets to be filled.
std::vector<StridedView::Range> BucketFiller::MyRangesOf(int index) const {
  const LoadItem& item = plan_.items()[index];
  const int64_t element_bytes = BytesOf(item.file_dtype);
  const int64_t end =
      item.arena_offset_bytes + item.num_elements * BytesOf(item.dtype);
  std::vector<StridedView::Range> ranges;
  for (int64_t k = plan_.BucketAt(item.arena_offset_bytes);
       k <= plan_.BucketAt(end - 1); ++k) {
    if (!hooks_.is_mine(k)) continue;
    for (const LoadPiece& piece : plan_.Bucket(k).pieces) {
      if (piece.item != index) continue;
      const int64_t begin = piece.begin * element_bytes;
      if (ranges.empty() || ranges.back().end < begin) {
        ranges.push_back({begin, begin});
      }
      ranges.back().end = begin + piece.count * element_bytes;
    }
  }
  return ranges;
}

// Adds a piece to the run, after reading the run where the piece does not
// continue it.
absl::Status BucketFiller::Append(const LoadPiece& piece) {
  const LoadItem& item = plan_.items()[piece.item];
  const int64_t size_bytes = FileBytes(item, piece);
  const int64_t offset_bytes =
      item.file_offset_bytes + piece.begin * BytesOf(item.file_dtype);
  if (item.file != run_.file || offset_bytes != run_.end_bytes ||
      run_.buffers.size() == kMaxBuffers) {
    RETURN_IF_ERROR(FlushRun());
    run_.file = item.file;
    run_.offset_bytes = offset_bytes;
    run_.first_item = piece.item;
  }
  run_.last_item = piece.item;
  run_.end_bytes = offset_bytes + size_bytes;
  if (item.transform == Transform::kNone) {
    run_.buffers.push_back(Destination(piece));
    return absl::OkStatus();
  }
  const absl::Span<std::byte> bytes =
      absl::MakeSpan(staging_).subspan(staging_used_, size_bytes);
  staging_used_ += size_bytes;
  run_.buffers.push_back(bytes);
  staged_.push_back({piece, bytes});
  return absl::OkStatus();
}

absl::Status BucketFiller::FlushRun() {
  if (run_.buffers.empty()) return absl::OkStatus();
  const absl::Status read =
      reader_.Read(run_.file, run_.offset_bytes, run_.buffers);
  run_.buffers.clear();
  if (read.ok()) return read;
  const std::string& first = plan_.items()[run_.first_item].key;
  const std::string& last = plan_.items()[run_.last_item].key;
  return Annotate(read, run_.first_item == run_.last_item
                            ? absl::StrCat("tensor ", Quoted(first))
                            : absl::StrCat("tensors ", Quoted(first), " to ",
                                           Quoted(last)));
}

absl::Span<std::byte> BucketFiller::Destination(const LoadPiece& piece) const {
  const LoadItem& item = plan_.items()[piece.item];
  const int64_t element_bytes = BytesOf(item.dtype);
  return arena_.Range(item.arena_offset_bytes + piece.begin * element_bytes,
                      piece.count * element_bytes);
}

void BucketFiller::InitializePiece(const LoadPiece& piece) const {
  const LoadItem& item = plan_.items()[piece.item];
  Initialize({item.name, item.initializer, plan_.initializer_range()},
             item.dtype, piece.begin, Destination(piece));
}

}  // namespace transformerd
