#include "model/loading/bucket_filler.h"

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
    if (item.transform == Transform::kCast) {
      staging_bytes += FileBytes(item, piece);
    }
  }
  // All of it before the first read: spans into it must stay valid.
  if (staging_.size() < staging_bytes) staging_.resize(staging_bytes);
  staging_used_ = 0;
  staged_.clear();
  run_ = Run();
  for (const LoadPiece& piece : bucket.pieces) {
    if (plan_.items()[piece.item].transform == Transform::kInitialize) {
      InitializePiece(piece);
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
