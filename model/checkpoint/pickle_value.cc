#include "model/checkpoint/pickle_value.h"

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/error_details.h"

namespace transformerd {
namespace {

using Kind = PickleValue::Kind;

absl::Status TooMany(absl::string_view what, size_t limit) {
  return LoadError(Reason::kPickleInvalid,
                   absl::StrCat("holds more than ", limit, " ", what));
}

}  // namespace

absl::string_view NameOf(Kind kind) {
  switch (kind) {
    case Kind::kNone:
      return "None";
    case Kind::kBool:
      return "a boolean";
    case Kind::kInt:
      return "an integer";
    case Kind::kFloat:
      return "a float";
    case Kind::kText:
      return "a string";
    case Kind::kTuple:
      return "a tuple";
    case Kind::kList:
      return "a list";
    case Kind::kDict:
    case Kind::kOrderedDict:
      return "a dict";
    case Kind::kGlobal:
      return "a class or function";
    case Kind::kStorage:
      return "a storage";
    case Kind::kTensor:
      return "a tensor";
  }
  LOG(FATAL) << "no such kind: " << static_cast<int>(kind);
}

PickleValue PickleHeap::MakeText(size_t begin, size_t size_bytes) {
  return {Kind::kText, static_cast<uint32_t>(begin),
          static_cast<int64_t>(size_bytes)};
}

absl::StatusOr<PickleValue> PickleHeap::MakeContainer(Kind kind) {
  if (containers_.size() == kMaxContainers) {
    return TooMany("tuples, lists and dicts", kMaxContainers);
  }
  containers_.emplace_back();
  return PickleValue{kind, static_cast<uint32_t>(containers_.size() - 1)};
}

absl::Status PickleHeap::Append(const PickleValue& container,
                                absl::Span<const PickleValue> values) {
  if (values.size() > kMaxElements - num_elements_) {
    return TooMany("elements of tuples, lists and dicts", kMaxElements);
  }
  num_elements_ += values.size();
  std::vector<PickleValue>& items = containers_[container.index];
  items.insert(items.end(), values.begin(), values.end());
  return absl::OkStatus();
}

absl::string_view PickleHeap::text(const PickleValue& value) const {
  CHECK(value.is(Kind::kText));
  return text_.substr(value.index, value.number);
}

absl::Span<const PickleValue> PickleHeap::items(
    const PickleValue& container) const {
  CHECK(container.is(Kind::kTuple) || container.is(Kind::kList) ||
        container.is_dict());
  return containers_[container.index];
}

}  // namespace transformerd
