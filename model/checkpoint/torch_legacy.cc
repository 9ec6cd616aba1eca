#include "model/checkpoint/torch_legacy.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

using Kind = PickleValue::Kind;

// The pickles of the magic number 0x1950a86a20f9469cfc6c and of 1001.
constexpr absl::string_view kBegin(
    "\x80\x02\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19."
    "\x80\x02M\xE9\x03.",
    21);
constexpr int64_t kFirstReadBytes = 1 << 20;

absl::Status Invalid(absl::string_view message) {
  return LoadError(Reason::kPickleInvalid, message);
}

// Everything that the pickles say.
struct Pickles {
  StateDict state;
  TorchObjects objects{TorchObjects::Format::kLegacy};
  std::vector<uint32_t> order;  // of the storages in the file
  int64_t size_bytes = 0;       // of all five
};

absl::StatusOr<PickleValue> TakePickle(absl::string_view& bytes,
                                       PickleHeap& heap,
                                       PickleObjects& objects) {
  ASSIGN_OR_RETURN(const PickleResult result, RunPickle(heap, objects));
  bytes.remove_prefix(result.size_bytes);
  return result.value;
}

absl::Status TakeSystem(absl::string_view& bytes) {
  PickleObjects no_objects;
  PickleHeap heap(bytes);
  ASSIGN_OR_RETURN(const PickleValue system,
                   TakePickle(bytes, heap, no_objects));
  if (!system.is_dict()) return Invalid("expected a dict about the system");
  const absl::Span<const PickleValue> items = heap.items(system);
  for (size_t i = 0; i < items.size(); i += 2) {
    if (items[i].is(Kind::kText) && heap.text(items[i]) == "little_endian" &&
        items[i + 1].is(Kind::kBool)) {
      if (items[i + 1].number != 0) return absl::OkStatus();
      return LoadError(Reason::kUnsupported,
                       "was written in big-endian byte order");
    }
  }
  return Invalid("does not tell its byte order");
}

absl::Status TakeState(absl::string_view& bytes, Pickles& pickles) {
  PickleHeap heap(bytes);
  ASSIGN_OR_RETURN(const PickleValue state,
                   TakePickle(bytes, heap, pickles.objects));
  ASSIGN_OR_RETURN(pickles.state, ReadStateDict(state, heap));
  return absl::OkStatus();
}

// Every storage that tensors use, once.
absl::Status TakeKeys(absl::string_view& bytes, Pickles& pickles) {
  PickleObjects no_objects;
  PickleHeap heap(bytes);
  ASSIGN_OR_RETURN(const PickleValue keys, TakePickle(bytes, heap, no_objects));
  if (!keys.is(Kind::kList)) return Invalid("expected a list of storage keys");
  const std::vector<TorchStorage>& storages = pickles.objects.storages();
  std::vector<bool> listed(storages.size());
  for (const PickleValue& item : heap.items(keys)) {
    if (!item.is(Kind::kText)) return Invalid("a storage key is no string");
    const absl::string_view key = heap.text(item);
    const std::optional<uint32_t> storage = pickles.objects.FindStorage(key);
    if (!storage.has_value()) {
      return Invalid(absl::StrCat("lists storage ", Quoted(key),
                                  ", which no tensor is stored in"));
    }
    if (listed[*storage]) {
      return Invalid(absl::StrCat("lists storage ", Quoted(key), " twice"));
    }
    listed[*storage] = true;
    pickles.order.push_back(*storage);
  }
  const auto missing = std::find(listed.begin(), listed.end(), false);
  if (missing == listed.end()) return absl::OkStatus();
  return LoadError(Reason::kStorageNotFound,
                   absl::StrCat("does not list storage ",
                                Quoted(storages[missing - listed.begin()].key),
                                ", which tensors are stored in"));
}

// OUT_OF_RANGE where the pickles do not end in `begin_of_file`.
absl::StatusOr<Pickles> ParsePickles(absl::string_view begin_of_file) {
  absl::string_view bytes = begin_of_file;
  if (!absl::ConsumePrefix(&bytes, kBegin)) {
    return Invalid("does not begin with the magic number of torch.save");
  }
  Pickles pickles;
  RETURN_IF_ERROR(Annotate(TakeSystem(bytes), "pickle 3"));
  RETURN_IF_ERROR(Annotate(TakeState(bytes, pickles), "pickle 4"));
  RETURN_IF_ERROR(Annotate(TakeKeys(bytes, pickles), "pickle 5"));
  pickles.size_bytes =
      static_cast<int64_t>(begin_of_file.size() - bytes.size());
  return pickles;
}

// Nobody says how long the pickles are: reads more until they fit.
absl::StatusOr<Pickles> ReadPickles(const ByteSource& source) {
  for (int64_t limit = kFirstReadBytes;; limit *= 4) {
    const int64_t size_bytes =
        std::min({limit, source.size_bytes(), kMaxPickleBytes});
    ASSIGN_OR_RETURN(const std::string begin,
                     ReadString(source, 0, size_bytes));
    absl::StatusOr<Pickles> pickles = ParsePickles(begin);
    if (!absl::IsOutOfRange(pickles.status())) return pickles;
    if (size_bytes == source.size_bytes()) {
      return LoadError(Reason::kTruncated, pickles.status().message());
    }
    if (size_bytes == kMaxPickleBytes) {
      return Invalid(absl::StrCat("its pickles have more than ",
                                  kMaxPickleBytes, " bytes"));
    }
  }
}

// Walks over the storages behind the pickles.
absl::Status Locate(const ByteSource& source, const Pickles& pickles,
                    TorchContents& contents) {
  constexpr int64_t kPrefixBytes = 8;
  contents.storage_offsets.resize(contents.storages.size());
  int64_t at = pickles.size_bytes;
  for (const uint32_t index : pickles.order) {
    const TorchStorage& storage = contents.storages[index];
    ASSIGN_OR_RETURN(const std::string prefix,
                     ReadString(source, at, kPrefixBytes));
    const uint64_t num_elements = Little64(prefix);
    if (num_elements != static_cast<uint64_t>(storage.num_elements)) {
      return LoadError(
          Reason::kStorageBounds,
          absl::StrCat("storage ", Quoted(storage.key), " has ", num_elements,
                       " elements, expected ", storage.num_elements));
    }
    at += kPrefixBytes;
    const int64_t size_bytes = storage.num_elements * BytesOf(storage.dtype);
    if (size_bytes > source.size_bytes() - at) {
      return LoadError(
          Reason::kTruncated,
          absl::StrCat("has ", source.size_bytes(), " bytes, expected ",
                       size_bytes, " at byte ", at, " for storage ",
                       Quoted(storage.key)));
    }
    contents.storage_offsets[index] = at;
    at += size_bytes;
  }
  if (at == source.size_bytes()) return absl::OkStatus();
  return LoadError(
      Reason::kStorageBounds,
      absl::StrCat("has ", source.size_bytes(), " bytes, expected ", at));
}

}  // namespace

bool IsTorchLegacy(absl::string_view begin_of_file) {
  return absl::StartsWith(begin_of_file, kBegin);
}

absl::StatusOr<TorchContents> ReadTorchLegacy(const ByteSource& source) {
  ASSIGN_OR_RETURN(Pickles pickles, ReadPickles(source));
  TorchContents contents;
  contents.state = std::move(pickles.state);
  contents.tensors = pickles.objects.TakeTensors();
  contents.storages = pickles.objects.TakeStorages();
  RETURN_IF_ERROR(Locate(source, pickles, contents));
  return contents;
}

}  // namespace transformerd
