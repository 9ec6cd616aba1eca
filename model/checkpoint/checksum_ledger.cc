#include "model/checkpoint/checksum_ledger.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/crc32.h"

namespace transformerd {

ChecksumLedger::ChecksumLedger(std::vector<ChecksummedStretch> stretches)
    : stretches_(std::move(stretches)), pieces_(stretches_.size()) {}

absl::Status ChecksumLedger::Add(
    int64_t offset_bytes, absl::Span<const absl::Span<std::byte>> buffers) {
  // The first stretch that ends behind `offset_bytes`.
  const auto found = std::partition_point(
      stretches_.begin(), stretches_.end(),
      [offset_bytes](const ChecksummedStretch& stretch) {
        return stretch.offset_bytes + stretch.size_bytes <= offset_bytes;
      });
  int64_t buffer_begin = offset_bytes;
  size_t stretch = found - stretches_.begin();
  for (const absl::Span<std::byte> buffer : buffers) {
    const int64_t buffer_end =
        buffer_begin + static_cast<int64_t>(buffer.size());
    for (; stretch < stretches_.size(); ++stretch) {
      const int64_t from = stretches_[stretch].offset_bytes;
      const int64_t to = from + stretches_[stretch].size_bytes;
      const int64_t begin = std::max(from, buffer_begin);
      const int64_t end = std::min(to, buffer_end);
      if (begin < end) {
        RETURN_IF_ERROR(
            AddBytes(stretch, begin - from,
                     buffer.subspan(begin - buffer_begin, end - begin)));
      }
      if (to > buffer_end) break;
    }
    buffer_begin = buffer_end;
  }
  return absl::OkStatus();
}

// Sums what is new without the lock: another thread may add some of it before.
absl::Status ChecksumLedger::AddBytes(size_t stretch, int64_t begin,
                                      absl::Span<const std::byte> bytes) {
  const int64_t end = begin + static_cast<int64_t>(bytes.size());
  while (const std::optional<Gap> gap = FirstGap(stretch, begin, end)) {
    const auto part = bytes.subspan(gap->begin - begin, gap->end - gap->begin);
    RETURN_IF_ERROR(
        AddPiece(stretch, gap->begin, {gap->end, ExtendCrc32(0, part)}));
  }
  return absl::OkStatus();
}

std::optional<ChecksumLedger::Gap> ChecksumLedger::FirstGap(size_t stretch,
                                                            int64_t begin,
                                                            int64_t end) const {
  absl::MutexLock lock(&mutex_);
  const Pieces& pieces = pieces_[stretch];
  const auto next = pieces.upper_bound(begin);
  if (next != pieces.begin()) {
    begin = std::max(begin, std::prev(next)->second.end);
  }
  if (next != pieces.end()) end = std::min(end, next->first);
  if (begin >= end) return std::nullopt;
  return Gap{begin, end};
}

absl::Status ChecksumLedger::AddPiece(size_t stretch, int64_t begin,
                                      Piece piece) {
  absl::MutexLock lock(&mutex_);
  Pieces& pieces = pieces_[stretch];
  auto next = pieces.lower_bound(begin);
  const auto previous = next == pieces.begin() ? pieces.end() : std::prev(next);
  // Parts that are there already cannot be taken out of the sum.
  if (next != pieces.end() && next->first < piece.end) return absl::OkStatus();
  if (previous != pieces.end() && previous->second.end > begin) {
    return absl::OkStatus();
  }
  if (next != pieces.end() && next->first == piece.end) {
    piece.crc =
        CombineCrc32(piece.crc, next->second.crc, next->second.end - piece.end);
    piece.end = next->second.end;
    pieces.erase(next);
  }
  if (previous != pieces.end() && previous->second.end == begin) {
    piece.crc =
        CombineCrc32(previous->second.crc, piece.crc, piece.end - begin);
    begin = previous->first;
  }
  const ChecksummedStretch& whole = stretches_[stretch];
  const bool complete = begin == 0 && piece.end == whole.size_bytes;
  if (!complete || piece.crc == whole.crc32) {
    pieces[begin] = piece;
    return absl::OkStatus();
  }
  pieces.clear();  // so that reading it again is an error again
  return LoadError(Reason::kZipInvalid,
                   absl::StrCat("entry ", Quoted(whole.name),
                                ": its checksum (CRC-32) does not match"));
}

}  // namespace transformerd
