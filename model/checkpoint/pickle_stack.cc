#include "model/checkpoint/pickle_stack.h"

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

using Kind = PickleValue::Kind;

absl::Status Invalid(absl::string_view message) {
  return LoadError(Reason::kPickleInvalid, message);
}

absl::Status TooDeep() {
  return Invalid(absl::StrCat("needs a stack of more than ", kMaxPickleStack,
                              " values or marks"));
}

}  // namespace

absl::Status PickleStack::Need(size_t count) const {
  const size_t available = values_.size() - fence();
  if (available >= count) return absl::OkStatus();
  return Invalid(
      absl::StrCat("needs ", count, " values, but ", available, " are there"));
}

absl::Status PickleStack::Push(const PickleValue& value) {
  if (values_.size() == kMaxPickleStack) return TooDeep();
  values_.push_back(value);
  return absl::OkStatus();
}

absl::StatusOr<PickleValue> PickleStack::Pop() {
  RETURN_IF_ERROR(Need(1));
  const PickleValue value = values_.back();
  values_.pop_back();
  return value;
}

absl::Status PickleStack::PushMark() {
  if (marks_.size() == kMaxPickleStack) return TooDeep();
  marks_.push_back(values_.size());
  return absl::OkStatus();
}

absl::StatusOr<size_t> PickleStack::PopMark() {
  if (marks_.empty()) return Invalid("needs a mark, but none is there");
  const size_t begin = marks_.back();
  marks_.pop_back();
  return begin;
}

absl::Status PickleStack::MakeTuple(size_t begin) {
  ASSIGN_OR_RETURN(const PickleValue tuple, heap_.MakeContainer(Kind::kTuple));
  RETURN_IF_ERROR(
      heap_.Append(tuple, absl::MakeConstSpan(values_).subspan(begin)));
  values_.resize(begin);
  return Push(tuple);
}

absl::Status PickleStack::ExtendList(size_t begin) {
  return Extend(begin, Below(begin).is(Kind::kList), "a list");
}

absl::Status PickleStack::ExtendDict(size_t begin) {
  if ((values_.size() - begin) % 2 != 0) {
    return Invalid("adds a key without a value");
  }
  return Extend(begin, Below(begin).is_dict(), "a dict");
}

PickleValue PickleStack::Below(size_t begin) const {
  return begin > fence() ? values_[begin - 1] : PickleValue();
}

absl::Status PickleStack::Extend(size_t begin, bool fits,
                                 absl::string_view expected) {
  const PickleValue container = Below(begin);
  if (!fits) {
    return Invalid(absl::StrCat("adds to ", NameOf(container.kind),
                                ", expected ", expected));
  }
  RETURN_IF_ERROR(
      heap_.Append(container, absl::MakeConstSpan(values_).subspan(begin)));
  values_.resize(begin);
  return absl::OkStatus();
}

}  // namespace transformerd
