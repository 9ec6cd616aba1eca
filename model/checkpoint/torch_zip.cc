#include "model/checkpoint/torch_zip.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/zip_directory.h"

namespace transformerd {
namespace {

constexpr int64_t kMaxSmallEntryBytes = 4096;
// Versions of the format that torch can read.
constexpr int kMinVersion = 1;
constexpr int kMaxVersion = 10;

// The entries by their names without the archive's own folder.
class Archive {
 public:
  static absl::StatusOr<Archive> Open(const ByteSource& source) {
    Archive archive(source);
    ASSIGN_OR_RETURN(archive.entries_, ReadZipDirectory(source));
    RETURN_IF_ERROR(archive.IndexNames());
    return archive;
  }

  // Nothing where there is no such entry.
  const ZipEntry* Find(absl::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : &entries_[found->second];
  }

  // Checks the checksums of what is small and no storage, whether it is of use
  // or not: a file that is damaged there is damaged.
  absl::Status CheckSmallEntries() const {
    for (const auto& [name, index] : by_name_) {
      const ZipEntry& entry = entries_[index];
      if (absl::StartsWith(name, "data/") ||
          entry.size_bytes > kMaxSmallEntryBytes) {
        continue;
      }
      RETURN_IF_ERROR(
          ReadZipEntry(source_, entry, kMaxSmallEntryBytes).status());
    }
    return absl::OkStatus();
  }

  // ZIP_INVALID where there is no such entry.
  absl::StatusOr<std::string> Read(absl::string_view name,
                                   int64_t max_size_bytes) const {
    const ZipEntry* entry = Find(name);
    if (entry != nullptr) return ReadZipEntry(source_, *entry, max_size_bytes);
    return LoadError(Reason::kZipInvalid,
                     absl::StrCat("has no entry ", Quoted(name),
                                  ", expected what torch.save writes"));
  }

 private:
  explicit Archive(const ByteSource& source) : source_(source) {}

  absl::Status IndexNames() {
    if (entries_.empty()) {
      return LoadError(Reason::kZipInvalid, "is an empty archive");
    }
    const absl::string_view first = entries_[0].name;
    const absl::string_view folder = first.substr(0, first.find('/') + 1);
    for (size_t i = 0; i < entries_.size(); ++i) {
      absl::string_view name = entries_[i].name;
      if (folder.empty() || !absl::ConsumePrefix(&name, folder)) {
        return LoadError(Reason::kZipInvalid,
                         absl::StrCat("entry ", Quoted(entries_[i].name),
                                      ": expected all in one folder"));
      }
      by_name_.emplace(std::string(name), i);
    }
    return absl::OkStatus();
  }

  const ByteSource& source_;
  std::vector<ZipEntry> entries_;
  std::map<std::string, size_t, std::less<>> by_name_;
};

absl::Status CheckVersion(const Archive& archive) {
  ASSIGN_OR_RETURN(
      const std::string text,
      archive.Read(archive.Find(".data/version") != nullptr ? ".data/version"
                                                            : "version",
                   kMaxSmallEntryBytes));
  int version = 0;
  if (!absl::SimpleAtoi(text, &version)) {
    return LoadError(Reason::kZipInvalid, absl::StrCat("version ", Quoted(text),
                                                       ", expected a number"));
  }
  if (version >= kMinVersion && version <= kMaxVersion) return absl::OkStatus();
  return LoadError(Reason::kUnsupported,
                   absl::StrCat("version ", version, ", expected ", kMinVersion,
                                " to ", kMaxVersion));
}

absl::Status CheckByteOrder(const Archive& archive) {
  // Versions of torch before 2.1 did not say; they wrote little-endian.
  if (archive.Find("byteorder") == nullptr) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::string order,
                   archive.Read("byteorder", kMaxSmallEntryBytes));
  if (order == "little") return absl::OkStatus();
  return LoadError(
      Reason::kUnsupported,
      absl::StrCat("byteorder ", Quoted(order), ", expected \"little\""));
}

// Runs data.pkl into `objects`.
absl::StatusOr<StateDict> ReadPickle(const Archive& archive,
                                     TorchObjects& objects) {
  ASSIGN_OR_RETURN(const std::string pickle,
                   archive.Read("data.pkl", kMaxPickleBytes));
  PickleHeap heap(pickle);
  const absl::StatusOr<PickleResult> result = RunPickle(heap, objects);
  if (absl::IsOutOfRange(result.status())) {
    return LoadError(Reason::kPickleInvalid, result.status().message());
  }
  if (!result.ok()) return result.status();
  const int64_t behind =
      static_cast<int64_t>(pickle.size()) - result->size_bytes;
  if (behind > 0) {
    return LoadError(Reason::kPickleInvalid,
                     absl::StrCat(behind, " bytes behind the pickle"));
  }
  return ReadStateDict(result->value, heap);
}

// Finds the bytes of the storages.
absl::Status Locate(const Archive& archive, TorchContents& contents) {
  for (const TorchStorage& storage : contents.storages) {
    const std::string name = absl::StrCat("data/", storage.key);
    const ZipEntry* entry = archive.Find(name);
    if (entry == nullptr) {
      return LoadError(Reason::kStorageNotFound,
                       absl::StrCat("has no entry ", Quoted(name),
                                    ", which tensors are stored in"));
    }
    const int64_t size_bytes = storage.num_elements * BytesOf(storage.dtype);
    if (entry->size_bytes != size_bytes) {
      return LoadError(Reason::kStorageBounds,
                       absl::StrCat("entry ", Quoted(name), " has ",
                                    entry->size_bytes, " bytes, expected ",
                                    size_bytes, " for ", storage.num_elements,
                                    " elements of ", NameOf(storage.dtype)));
    }
    contents.storage_offsets.push_back(entry->offset_bytes);
    contents.checksums.push_back(
        {entry->name, entry->offset_bytes, entry->size_bytes, entry->crc32});
  }
  std::sort(contents.checksums.begin(), contents.checksums.end(),
            [](const ChecksummedStretch& a, const ChecksummedStretch& b) {
              return a.offset_bytes < b.offset_bytes;
            });
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<TorchContents> ReadTorchZip(const ByteSource& source) {
  ASSIGN_OR_RETURN(const Archive archive, Archive::Open(source));
  if (archive.Find("constants.pkl") != nullptr) {
    return LoadError(Reason::kUnsupported,
                     "is a TorchScript program, expected a state dict");
  }
  RETURN_IF_ERROR(archive.CheckSmallEntries());
  RETURN_IF_ERROR(CheckVersion(archive));
  RETURN_IF_ERROR(CheckByteOrder(archive));
  TorchObjects objects(TorchObjects::Format::kZip);
  TorchContents contents;
  absl::StatusOr<StateDict> state = ReadPickle(archive, objects);
  if (!state.ok()) return Annotate(state.status(), "data.pkl");
  contents.state = *std::move(state);
  contents.tensors = objects.TakeTensors();
  contents.storages = objects.TakeStorages();
  RETURN_IF_ERROR(Locate(archive, contents));
  return contents;
}

}  // namespace transformerd
