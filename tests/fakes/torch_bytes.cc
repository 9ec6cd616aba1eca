#include "tests/fakes/torch_bytes.h"

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "glog/logging.h"
#include "model/checkpoint/crc32.h"

namespace transformerd {
namespace {

using Entries = std::vector<std::pair<std::string, std::string>>;

std::string Little(uint64_t value, int size_bytes) {
  std::string bytes;
  for (int i = 0; i < size_bytes; ++i) {
    bytes += i < 8 ? static_cast<char>(value >> (8 * i)) : '\0';
  }
  return bytes;
}

uint32_t Checksum(absl::string_view bytes) {
  return ExtendCrc32(
      0, absl::MakeConstSpan(reinterpret_cast<const std::byte*>(bytes.data()),
                             bytes.size()));
}

// CRC and sizes, or zeros.
std::string Sizes(absl::string_view content, bool known) {
  const size_t size = known ? content.size() : 0;
  return absl::StrCat(Little(known ? Checksum(content) : 0, 4), Little(size, 4),
                      Little(size, 4));
}

std::string Archive(const Entries& entries, bool zip64) {
  const uint64_t flags = zip64 ? 0x0808 : 0;
  std::string file, directory;
  for (const auto& [name, content] : entries) {
    const size_t offset = file.size();
    absl::StrAppend(&file, "PK\3\4", Little(20, 2), Little(flags, 2),
                    Little(0, 6), Sizes(content, !zip64),
                    Little(name.size(), 2), Little(0, 2), name, content);
    if (zip64) absl::StrAppend(&file, "PK\7\10", Sizes(content, true));
    absl::StrAppend(&directory, "PK\1\2", Little(20, 2), Little(20, 2),
                    Little(flags, 2), Little(0, 6), Sizes(content, true),
                    Little(name.size(), 2), Little(0, 12), Little(offset, 4),
                    name);
  }
  const size_t begin = file.size();
  file += directory;
  const size_t end = file.size();
  if (zip64) {
    absl::StrAppend(&file, "PK\6\6", Little(44, 8), Little(45, 2),
                    Little(45, 2), Little(0, 8), Little(entries.size(), 8),
                    Little(entries.size(), 8), Little(directory.size(), 8),
                    Little(begin, 8), "PK\6\7", Little(0, 4), Little(end, 8),
                    Little(1, 4));
  }
  return absl::StrCat(file, "PK\5\6", Little(0, 4), Little(entries.size(), 2),
                      Little(entries.size(), 2), Little(directory.size(), 4),
                      Little(begin, 4), Little(0, 2));
}

absl::string_view StorageType(DType dtype) {
  switch (dtype) {
    case DType::kBool:
      return "Bool";
    case DType::kU8:
      return "Byte";
    case DType::kI8:
      return "Char";
    case DType::kI16:
      return "Short";
    case DType::kI32:
      return "Int";
    case DType::kI64:
      return "Long";
    case DType::kF16:
      return "Half";
    case DType::kBF16:
      return "BFloat16";
    case DType::kF32:
      return "Float";
    case DType::kF64:
      return "Double";
    default:
      LOG(FATAL) << "torch has no storage of " << NameOf(dtype);
  }
}

std::string DenseTensor(absl::string_view key, const HostTensor& tensor) {
  const int64_t count = *NumElements(tensor.shape);
  std::vector<int64_t> strides(tensor.shape.size());
  int64_t stride = 1;
  for (size_t i = strides.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= tensor.shape[i];
  }
  return pickle::Tensor(pickle::Storage(StorageType(tensor.dtype), key, count),
                        0, tensor.shape, strides);
}

std::string DensePickle(
    const std::vector<std::pair<std::string, HostTensor>>& tensors) {
  Entries items;
  for (size_t i = 0; i < tensors.size(); ++i) {
    items.emplace_back(pickle::Text(tensors[i].first),
                       DenseTensor(absl::StrCat(i), tensors[i].second));
  }
  return pickle::Whole(pickle::Dict(items));
}

std::string Numbers(absl::Span<const int64_t> numbers) {
  std::vector<std::string> items;
  for (int64_t number : numbers) items.push_back(pickle::Int(number));
  return pickle::Tuple(items);
}

}  // namespace

namespace pickle {

std::string Int(int64_t value) {
  if (value == static_cast<int32_t>(value)) {
    return absl::StrCat("J", Little(value, 4));
  }
  return absl::StrCat("\x8A\x08", Little(value, 8));
}

std::string Text(absl::string_view text) {
  return absl::StrCat("X", Little(text.size(), 4), text);
}

std::string Tuple(absl::Span<const std::string> items) {
  return absl::StrCat("(", absl::StrJoin(items, ""), "t");
}

std::string Global(absl::string_view module, absl::string_view name) {
  return absl::StrCat("c", module, "\n", name, "\n");
}

std::string Call(absl::string_view global,
                 absl::Span<const std::string> items) {
  return absl::StrCat(global, Tuple(items), "R");
}

std::string Dict(absl::Span<const std::pair<std::string, std::string>> items) {
  return absl::StrCat("}(", absl::StrJoin(items, "", absl::PairFormatter("")),
                      "u");
}

std::string Storage(absl::string_view type, absl::string_view key,
                    int64_t count) {
  return absl::StrCat(
      Tuple({Text("storage"), Global("torch", absl::StrCat(type, "Storage")),
             Text(key), Text("cpu"), Int(count)}),
      "Q");
}

std::string Tensor(absl::string_view storage, int64_t offset,
                   absl::Span<const int64_t> shape,
                   absl::Span<const int64_t> strides) {
  return Call(
      Global("torch._utils", "_rebuild_tensor_v2"),
      {std::string(storage), Int(offset), Numbers(shape), Numbers(strides),
       "\x89", Call(Global("collections", "OrderedDict"), {})});
}

std::string Whole(absl::string_view value) {
  return absl::StrCat(kProto2, value, kStop);
}

}  // namespace pickle

std::string ZipBytes(const Entries& entries) {
  return Archive(entries, /*zip64=*/false);
}

std::string Zip64Bytes(const Entries& entries) {
  return Archive(entries, /*zip64=*/true);
}

Entries TorchEntries(absl::string_view pickle, const Entries& storages) {
  Entries entries = {{"archive/data.pkl", std::string(pickle)}};
  for (const auto& [key, bytes] : storages) {
    entries.emplace_back(absl::StrCat("archive/data/", key), bytes);
  }
  entries.emplace_back("archive/version", "3\n");
  entries.emplace_back("archive/byteorder", "little");
  return entries;
}

std::string LegacyBytes(absl::string_view state_pickle,
                        const std::vector<LegacyStorage>& storages) {
  std::string keys, contents;
  for (const LegacyStorage& storage : storages) {
    keys += pickle::Text(storage.key);
    absl::StrAppend(&contents, Little(storage.count, 8), storage.bytes);
  }
  return absl::StrCat(
      pickle::Whole("\x8A\x0A\x6C\xFC\x9C\x46\xF9\x20\x6A\xA8\x50\x19"),
      pickle::Whole("M\xE9\x03"),
      pickle::Whole(pickle::Dict({{pickle::Text("little_endian"), "\x88"}})),
      absl::StrReplaceAll(state_pickle, {{"tQ", "NtQ"}}),
      pickle::Whole(absl::StrCat("](", keys, "e")), contents);
}

std::string TorchZipBytes(
    const std::vector<std::pair<std::string, HostTensor>>& tensors) {
  Entries storages;
  for (size_t i = 0; i < tensors.size(); ++i) {
    storages.emplace_back(absl::StrCat(i), tensors[i].second.bytes);
  }
  return Zip64Bytes(TorchEntries(DensePickle(tensors), storages));
}

std::string TorchLegacyBytes(
    const std::vector<std::pair<std::string, HostTensor>>& tensors) {
  std::vector<LegacyStorage> storages;
  for (size_t i = 0; i < tensors.size(); ++i) {
    const HostTensor& tensor = tensors[i].second;
    storages.push_back(
        {absl::StrCat(i), *NumElements(tensor.shape), tensor.bytes});
  }
  return LegacyBytes(DensePickle(tensors), storages);
}

}  // namespace transformerd
