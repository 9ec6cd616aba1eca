#include "model/checkpoint/torch_objects.h"

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

using Kind = PickleValue::Kind;

constexpr size_t kMaxNameBytes = 1024;

enum Global : uint32_t {
  kOrderedDict,
  kSize,
  kRebuildTensor,
  kRebuildTensorV2,
  kRebuildParameter,
  kStorages,  // and from here on: a storage, by its dtype
};

struct GlobalRow {
  absl::string_view module, name;
  uint32_t global;
};

constexpr uint32_t StorageOf(DType dtype) {
  return kStorages + static_cast<uint32_t>(dtype);
}

// clang-format off
constexpr GlobalRow kGlobals[] = {
    {"collections",  "OrderedDict",        kOrderedDict},
    {"torch",        "Size",               kSize},
    {"torch._utils", "_rebuild_tensor",    kRebuildTensor},
    {"torch._utils", "_rebuild_tensor_v2", kRebuildTensorV2},
    {"torch._utils", "_rebuild_parameter", kRebuildParameter},
    {"torch",        "BoolStorage",        StorageOf(DType::kBool)},
    {"torch",        "ByteStorage",        StorageOf(DType::kU8)},
    {"torch",        "CharStorage",        StorageOf(DType::kI8)},
    {"torch",        "ShortStorage",       StorageOf(DType::kI16)},
    {"torch",        "IntStorage",         StorageOf(DType::kI32)},
    {"torch",        "LongStorage",        StorageOf(DType::kI64)},
    {"torch",        "HalfStorage",        StorageOf(DType::kF16)},
    {"torch",        "BFloat16Storage",    StorageOf(DType::kBF16)},
    {"torch",        "FloatStorage",       StorageOf(DType::kF32)},
    {"torch",        "DoubleStorage",      StorageOf(DType::kF64)},
};
// clang-format on

absl::Status Invalid(absl::string_view message) {
  return LoadError(Reason::kPickleInvalid, message);
}

// Whether the kinds of a tuple's elements are these.
bool Match(absl::Span<const PickleValue> items,
           std::initializer_list<Kind> kinds) {
  if (items.size() != kinds.size()) return false;
  size_t i = 0;
  for (Kind kind : kinds) {
    if (!items[i++].is(kind)) return false;
  }
  return true;
}

// Of a parameter or tensor: hooks that run in training. They are empty.
bool IsEmptyDict(const PickleValue& value, const PickleHeap& heap) {
  return value.is(Kind::kNone) ||
         (value.is_dict() && heap.items(value).empty());
}

// `what` is "extent" or "stride"; `invalid` the reason of a negative one.
absl::StatusOr<Shape> ReadNumbers(const PickleValue& tuple,
                                  const PickleHeap& heap,
                                  absl::string_view what, Reason invalid) {
  Shape numbers;
  const absl::Span<const PickleValue> items = heap.items(tuple);
  if (items.size() > kMaxTorchRank) {
    return LoadError(
        Reason::kShapeInvalid,
        absl::StrCat("a tensor of ", items.size(),
                     " dimensions, expected at most ", kMaxTorchRank));
  }
  for (const PickleValue& item : items) {
    if (!item.is(Kind::kInt)) {
      return Invalid(absl::StrCat(what, " that is ", NameOf(item.kind),
                                  ", expected an integer"));
    }
    if (item.number < 0) {
      return LoadError(invalid, absl::StrCat(what, " ", item.number,
                                             ", expected 0 or more"));
    }
    numbers.push_back(item.number);
  }
  return numbers;
}

// One behind the last element of the storage that the tensor reaches;
// nothing for a negative offset and on overflow.
std::optional<int64_t> EndOf(const TorchTensor& tensor, int64_t num_elements) {
  if (tensor.offset < 0) return std::nullopt;
  if (num_elements == 0) return tensor.offset;
  std::optional<int64_t> end = CheckedAdd(tensor.offset, 1);
  for (size_t i = 0; i < tensor.shape.size() && end.has_value(); ++i) {
    const std::optional<int64_t> way =
        CheckedMultiply(tensor.shape[i] - 1, tensor.strides[i]);
    end = way.has_value() ? CheckedAdd(*end, *way) : std::nullopt;
  }
  return end;
}

absl::Status CheckTensor(const TorchTensor& tensor,
                         const TorchStorage& storage) {
  if (tensor.shape.size() != tensor.strides.size()) {
    return LoadError(Reason::kShapeInvalid,
                     absl::StrCat("a tensor of shape ", ToString(tensor.shape),
                                  " with ", tensor.strides.size(), " strides"));
  }
  const std::string type =
      absl::StrCat(NameOf(storage.dtype), ToString(tensor.shape));
  if (!SizeBytes(storage.dtype, tensor.shape).has_value()) {
    return LoadError(Reason::kShapeInvalid,
                     absl::StrCat(type, " has no size of 63 bits"));
  }
  const std::optional<int64_t> end = EndOf(tensor, *NumElements(tensor.shape));
  if (end.has_value() && *end <= storage.num_elements) {
    return absl::OkStatus();
  }
  return LoadError(Reason::kStorageBounds,
                   absl::StrCat(type, " at ", tensor.offset, " with strides ",
                                ToString(tensor.strides), " leaves storage ",
                                Quoted(storage.key), " of ",
                                storage.num_elements, " elements"));
}

}  // namespace

std::optional<uint32_t> TorchObjects::FindGlobal(absl::string_view module,
                                                 absl::string_view name) {
  for (const GlobalRow& row : kGlobals) {
    if (row.module == module && row.name == name) return row.global;
  }
  return std::nullopt;
}

absl::StatusOr<PickleValue> TorchObjects::Call(uint32_t global,
                                               const PickleValue& arguments,
                                               PickleHeap& heap) {
  const absl::Span<const PickleValue> items = heap.items(arguments);
  switch (global) {
    case kOrderedDict:
      return MakeOrderedDict(arguments, heap);
    case kSize:
      if (Match(items, {Kind::kTuple})) return items[0];
      return Invalid("calls torch.Size, expected a tuple");
    case kRebuildTensor:
      if (items.size() == 4) return MakeTensor(arguments, heap);
      return Invalid(
          "calls _rebuild_tensor, expected a storage, offset, size and stride");
    case kRebuildTensorV2:
      return RebuildTensorV2(arguments, heap);
    case kRebuildParameter:
      return RebuildParameter(items, heap);
    default:
      return LoadError(Reason::kPickleRefused,
                       "makes a storage by calling its class");
  }
}

// Behind the view: requires_grad, hooks and (since torch 1.13) metadata.
absl::StatusOr<PickleValue> TorchObjects::RebuildTensorV2(
    const PickleValue& arguments, const PickleHeap& heap) {
  const absl::Span<const PickleValue> items = heap.items(arguments);
  if ((items.size() != 6 && items.size() != 7) || !items[4].is(Kind::kBool) ||
      !IsEmptyDict(items[5], heap) ||
      (items.size() == 7 && !IsEmptyDict(items[6], heap))) {
    return Invalid(
        "calls _rebuild_tensor_v2, expected a storage, offset, size, stride, "
        "requires_grad and no hooks");
  }
  ASSIGN_OR_RETURN(const PickleValue tensor, MakeTensor(arguments, heap));
  RETURN_IF_ERROR(CheckGradient(tensor, heap.items(arguments)[4]));
  return tensor;
}

absl::StatusOr<PickleValue> TorchObjects::RebuildParameter(
    absl::Span<const PickleValue> items, const PickleHeap& heap) const {
  if (items.size() != 3 || !items[0].is(Kind::kTensor) ||
      !items[1].is(Kind::kBool) || !IsEmptyDict(items[2], heap)) {
    return Invalid(
        "calls _rebuild_parameter, expected a tensor, requires_grad and no "
        "hooks");
  }
  RETURN_IF_ERROR(CheckGradient(items[0], items[1]));
  return items[0];
}

// Only floating-point tensors can be trained.
absl::Status TorchObjects::CheckGradient(
    const PickleValue& tensor, const PickleValue& requires_grad) const {
  const DType dtype = storages_[tensors_[tensor.index].storage].dtype;
  if (requires_grad.number == 0 || IsFloatingPoint(dtype)) {
    return absl::OkStatus();
  }
  return Invalid(
      absl::StrCat("a tensor of ", NameOf(dtype), " that requires a gradient"));
}

// Nothing, or (as Python 2 wrote it) a list of pairs.
absl::StatusOr<PickleValue> TorchObjects::MakeOrderedDict(
    const PickleValue& arguments, PickleHeap& heap) {
  ASSIGN_OR_RETURN(const PickleValue dict,
                   heap.MakeContainer(Kind::kOrderedDict));
  const absl::Span<const PickleValue> items = heap.items(arguments);
  if (items.empty()) return dict;
  if (!Match(items, {Kind::kList})) {
    return Invalid("calls OrderedDict, expected nothing or a list of pairs");
  }
  const PickleValue list = items[0];
  for (size_t i = 0; i < heap.items(list).size(); ++i) {
    const PickleValue item = heap.items(list)[i];
    if ((!item.is(Kind::kList) && !item.is(Kind::kTuple)) ||
        heap.items(item).size() != 2) {
      return Invalid("calls OrderedDict, expected nothing or a list of pairs");
    }
    // A copy: appending moves what items() shows.
    const PickleValue pair[] = {heap.items(item)[0], heap.items(item)[1]};
    RETURN_IF_ERROR(heap.Append(dict, pair));
  }
  return dict;
}

absl::StatusOr<PickleValue> TorchObjects::MakeTensor(
    const PickleValue& arguments, const PickleHeap& heap) {
  absl::Span<const PickleValue> items = heap.items(arguments);
  items = items.subspan(0, 4);
  if (!Match(items, {Kind::kStorage, Kind::kInt, Kind::kTuple, Kind::kTuple})) {
    return Invalid(
        "makes a tensor, expected a storage, offset, size and stride");
  }
  if (tensors_.size() == kMaxTorchTensors) {
    return Invalid(
        absl::StrCat("makes more than ", kMaxTorchTensors, " tensors"));
  }
  TorchTensor tensor;
  tensor.storage = items[0].index;
  tensor.offset = items[1].number;
  ASSIGN_OR_RETURN(tensor.shape, ReadNumbers(items[2], heap, "extent",
                                             Reason::kShapeInvalid));
  ASSIGN_OR_RETURN(tensor.strides, ReadNumbers(items[3], heap, "stride",
                                               Reason::kStorageBounds));
  RETURN_IF_ERROR(CheckTensor(tensor, storages_[tensor.storage]));
  tensors_.push_back(std::move(tensor));
  return PickleValue{Kind::kTensor, static_cast<uint32_t>(tensors_.size() - 1)};
}

absl::StatusOr<PickleValue> TorchObjects::Load(const PickleValue& id,
                                               PickleHeap& heap) {
  const auto wrong = [] {
    return Invalid(
        "a persistent id, expected ('storage', class, key, location, number of "
        "elements)");
  };
  if (!id.is(Kind::kTuple)) return wrong();
  absl::Span<const PickleValue> items = heap.items(id);
  if (format_ == Format::kLegacy) {
    if (items.size() != 6 || !items[5].is(Kind::kNone)) return wrong();
    items.remove_suffix(1);  // no view of another storage
  }
  if (!Match(items, {Kind::kText, Kind::kGlobal, Kind::kText, Kind::kText,
                     Kind::kInt}) ||
      heap.text(items[0]) != "storage" || items[1].index < kStorages) {
    return wrong();
  }
  TorchStorage storage;
  storage.key = std::string(heap.text(items[2]));
  storage.dtype = static_cast<DType>(items[1].index - kStorages);
  storage.num_elements = items[4].number;
  if (storage.num_elements < 0 ||
      !CheckedMultiply(storage.num_elements, BytesOf(storage.dtype))) {
    return LoadError(Reason::kStorageBounds,
                     absl::StrCat("storage ", Quoted(storage.key), " of ",
                                  storage.num_elements, " elements"));
  }
  const auto [found, inserted] =
      storage_of_key_.emplace(storage.key, storages_.size());
  const uint32_t index = found->second;
  if (inserted) {
    if (storages_.size() == kMaxTorchStorages) {
      return Invalid(
          absl::StrCat("uses more than ", kMaxTorchStorages, " storages"));
    }
    storages_.push_back(std::move(storage));
  } else if (storages_[index].dtype != storage.dtype ||
             storages_[index].num_elements != storage.num_elements) {
    return Invalid(absl::StrCat("storage ", Quoted(storage.key),
                                " has two types or sizes"));
  }
  return PickleValue{Kind::kStorage, index};
}

std::optional<uint32_t> TorchObjects::FindStorage(absl::string_view key) const {
  const auto found = storage_of_key_.find(key);
  if (found == storage_of_key_.end()) return std::nullopt;
  return found->second;
}

absl::StatusOr<StateDict> ReadStateDict(const PickleValue& value,
                                        const PickleHeap& heap) {
  if (!value.is_dict()) {
    return Invalid(absl::StrCat("holds ", NameOf(value.kind),
                                ", expected a dict of tensors"));
  }
  const absl::Span<const PickleValue> items = heap.items(value);
  StateDict state;
  absl::flat_hash_set<absl::string_view> names;
  for (size_t i = 0; i < items.size(); i += 2) {
    if (!items[i].is(Kind::kText)) {
      return Invalid(absl::StrCat("holds a key that is ", NameOf(items[i].kind),
                                  ", expected a string"));
    }
    const absl::string_view name = heap.text(items[i]);
    if (name == "_metadata" && !items[i + 1].is(Kind::kTensor)) continue;
    if (!items[i + 1].is(Kind::kTensor)) {
      return Invalid(absl::StrCat(
          "entry ", Quoted(name), " is ", NameOf(items[i + 1].kind),
          ", expected a tensor (training checkpoints hold their state dict "
          "deeper; save the state dict itself)"));
    }
    if (name.size() > kMaxNameBytes) {
      return Invalid(absl::StrCat("a tensor name of ", name.size(),
                                  " bytes, expected at most ", kMaxNameBytes));
    }
    if (!names.insert(name).second) {
      return LoadError(
          Reason::kDuplicateName,
          absl::StrCat("tensor ", Quoted(name), " is there twice"));
    }
    state.emplace_back(std::string(name), items[i + 1].index);
  }
  return state;
}

}  // namespace transformerd
