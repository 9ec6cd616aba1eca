#include "model/checkpoint/pickle_machine.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "model/base/utf8.h"
#include "model/checkpoint/byte_source.h"
#include "model/checkpoint/pickle_stack.h"

namespace transformerd {
namespace {

using Kind = PickleValue::Kind;

enum Opcode : unsigned char {
  kMark = '(',
  kEmptyTuple = ')',
  kStop = '.',
  kBinFloat = 'G',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kShortBinString = 'U',
  kBinUnicode = 'X',
  kEmptyList = ']',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kSetItems = 'u',
  kEmptyDict = '}',
  kProto = 0x80,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8A,
};

absl::Status Invalid(absl::string_view message) {
  return LoadError(Reason::kPickleInvalid, message);
}

absl::Status Refused(absl::string_view message) {
  return LoadError(Reason::kPickleRefused, message);
}

class Machine {
 public:
  Machine(PickleHeap& heap, PickleObjects& objects)
      : heap_(heap), objects_(objects), bytes_(heap.bytes()), stack_(heap) {}

  absl::StatusOr<PickleResult> Run() {
    while (!stopped_) {
      const size_t begin = at_;
      const absl::Status status = Step();
      if (!status.ok()) {
        return Annotate(status, absl::StrCat("pickle at byte ", begin));
      }
    }
    return PickleResult{stack_.top(), static_cast<int64_t>(at_)};
  }

 private:
  absl::Status Step();
  absl::Status StepContainer(unsigned char opcode);
  absl::Status StepMemo(unsigned char opcode);

  // The next bytes of the pickle.
  absl::StatusOr<absl::string_view> Take(size_t size_bytes);
  absl::StatusOr<absl::string_view> TakeLine();

  absl::Status PushInt(size_t size_bytes, bool is_signed);
  absl::Status PushText(size_t length_bytes);
  absl::Status PushContainer(Kind kind);
  absl::Status Global();
  absl::Status Reduce();
  absl::Status Build();

  PickleHeap& heap_;
  PickleObjects& objects_;
  const absl::string_view bytes_;
  size_t at_ = 0;
  bool stopped_ = false;
  PickleStack stack_;
  std::vector<std::optional<PickleValue>> memo_;
};

absl::StatusOr<absl::string_view> Machine::Take(size_t size_bytes) {
  if (size_bytes > bytes_.size() - at_) {
    return absl::OutOfRangeError("ends before its STOP");
  }
  at_ += size_bytes;
  return bytes_.substr(at_ - size_bytes, size_bytes);
}

absl::StatusOr<absl::string_view> Machine::TakeLine() {
  const size_t end = bytes_.substr(at_, kMaxPickleStringBytes + 1).find('\n');
  if (end != absl::string_view::npos) {
    ASSIGN_OR_RETURN(const absl::string_view line, Take(end + 1));
    return line.substr(0, end);
  }
  RETURN_IF_ERROR(Take(kMaxPickleStringBytes + 1).status());
  return Invalid(
      absl::StrCat("a name of more than ", kMaxPickleStringBytes, " bytes"));
}

absl::Status Machine::PushInt(size_t size_bytes, bool is_signed) {
  ASSIGN_OR_RETURN(const absl::string_view digits, Take(size_bytes));
  uint64_t value = 0;
  for (size_t i = size_bytes; i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(digits[i]);
  }
  if (is_signed && size_bytes > 0 && size_bytes < 8 &&
      (static_cast<unsigned char>(digits.back()) & 0x80) != 0) {
    value |= ~uint64_t{0} << (8 * size_bytes);
  }
  return stack_.Push({Kind::kInt, 0, static_cast<int64_t>(value)});
}

absl::Status Machine::PushText(size_t length_bytes) {
  ASSIGN_OR_RETURN(const absl::string_view prefix, Take(length_bytes));
  const size_t size_bytes = length_bytes == 1
                                ? static_cast<unsigned char>(prefix[0])
                                : Little32(prefix);
  if (size_bytes > kMaxPickleStringBytes) {
    return Invalid(absl::StrCat("a string of ", size_bytes,
                                " bytes, expected at most ",
                                kMaxPickleStringBytes));
  }
  const size_t begin = at_;
  ASSIGN_OR_RETURN(const absl::string_view text, Take(size_bytes));
  if (!IsUtf8(text)) return Invalid("a string that is not UTF-8");
  return stack_.Push(PickleHeap::MakeText(begin, size_bytes));
}

absl::Status Machine::PushContainer(Kind kind) {
  ASSIGN_OR_RETURN(const PickleValue container, heap_.MakeContainer(kind));
  return stack_.Push(container);
}

absl::Status Machine::Global() {
  ASSIGN_OR_RETURN(const absl::string_view module, TakeLine());
  ASSIGN_OR_RETURN(const absl::string_view name, TakeLine());
  const std::optional<uint32_t> global = objects_.FindGlobal(module, name);
  if (global.has_value()) return stack_.Push({Kind::kGlobal, *global});
  return Refused(absl::StrCat("wants ", Quoted(absl::StrCat(module, ".", name)),
                              ", which no state dict needs"));
}

absl::Status Machine::Reduce() {
  ASSIGN_OR_RETURN(const PickleValue arguments, stack_.Pop());
  ASSIGN_OR_RETURN(const PickleValue global, stack_.Pop());
  if (!global.is(Kind::kGlobal) || !arguments.is(Kind::kTuple)) {
    return Invalid(absl::StrCat("calls ", NameOf(global.kind), " with ",
                                NameOf(arguments.kind),
                                ", expected a function and a tuple"));
  }
  ASSIGN_OR_RETURN(const PickleValue value,
                   objects_.Call(global.index, arguments, heap_));
  return stack_.Push(value);
}

// The state of an OrderedDict is its attributes (_metadata): not for us.
absl::Status Machine::Build() {
  RETURN_IF_ERROR(stack_.Need(2));
  RETURN_IF_ERROR(stack_.Pop().status());
  if (stack_.top().is(Kind::kOrderedDict)) return absl::OkStatus();
  return Refused(absl::StrCat("sets the state of ", NameOf(stack_.top().kind),
                              ", expected an OrderedDict"));
}

absl::Status Machine::StepMemo(unsigned char opcode) {
  const bool is_long = opcode == kLongBinPut || opcode == kLongBinGet;
  ASSIGN_OR_RETURN(const absl::string_view digits, Take(is_long ? 4 : 1));
  const size_t index =
      is_long ? Little32(digits) : static_cast<unsigned char>(digits[0]);
  if (opcode == kBinGet || opcode == kLongBinGet) {
    if (index < memo_.size() && memo_[index].has_value()) {
      return stack_.Push(*memo_[index]);
    }
    return Invalid(absl::StrCat("wants memo ", index, ", which was never set"));
  }
  if (index >= kMaxPickleMemo) {
    return Invalid(absl::StrCat("sets memo ", index, ", expected less than ",
                                kMaxPickleMemo));
  }
  RETURN_IF_ERROR(stack_.Need(1));
  if (index >= memo_.size()) memo_.resize(index + 1);
  memo_[index] = stack_.top();
  return absl::OkStatus();
}

absl::Status Machine::StepContainer(unsigned char opcode) {
  switch (opcode) {
    case kEmptyTuple:
      return PushContainer(Kind::kTuple);
    case kEmptyList:
      return PushContainer(Kind::kList);
    case kEmptyDict:
      return PushContainer(Kind::kDict);
    case kTuple1:
    case kTuple2:
    case kTuple3: {
      const size_t count = opcode - kTuple1 + 1;
      RETURN_IF_ERROR(stack_.Need(count));
      return stack_.MakeTuple(stack_.num_values() - count);
    }
    case kAppend:
      RETURN_IF_ERROR(stack_.Need(2));
      return stack_.ExtendList(stack_.num_values() - 1);
    case kSetItem:
      RETURN_IF_ERROR(stack_.Need(3));
      return stack_.ExtendDict(stack_.num_values() - 2);
    default:
      break;
  }
  ASSIGN_OR_RETURN(const size_t begin, stack_.PopMark());
  if (opcode == kTuple) return stack_.MakeTuple(begin);
  if (opcode == kAppends) return stack_.ExtendList(begin);
  return stack_.ExtendDict(begin);
}

absl::Status Machine::Step() {
  ASSIGN_OR_RETURN(const absl::string_view byte, Take(1));
  const auto opcode = static_cast<unsigned char>(byte[0]);
  switch (opcode) {
    case kProto: {
      ASSIGN_OR_RETURN(const absl::string_view version, Take(1));
      if (version[0] == 2) return absl::OkStatus();
      return Refused(absl::StrCat(
          "protocol ", static_cast<unsigned char>(version[0]), ", expected 2"));
    }
    case kStop:
      stopped_ = true;
      if (stack_.num_values() == 1 && stack_.num_marks() == 0)
        return absl::OkStatus();
      return Invalid(absl::StrCat("stops with ", stack_.num_values(),
                                  " values and ", stack_.num_marks(),
                                  " marks, expected one value"));
    case kMark:
      return stack_.PushMark();
    case kNone:
      return stack_.Push({});
    case kNewTrue:
    case kNewFalse:
      return stack_.Push({Kind::kBool, 0, opcode == kNewTrue});
    case kBinInt:
      return PushInt(4, /*is_signed=*/true);
    case kBinInt1:
      return PushInt(1, /*is_signed=*/false);
    case kBinInt2:
      return PushInt(2, /*is_signed=*/false);
    case kLong1: {
      ASSIGN_OR_RETURN(const absl::string_view size, Take(1));
      const auto size_bytes = static_cast<unsigned char>(size[0]);
      if (size_bytes <= 8) return PushInt(size_bytes, /*is_signed=*/true);
      return Invalid(absl::StrCat("an integer of ", size_bytes,
                                  " bytes, expected at most 8"));
    }
    case kBinFloat:
      RETURN_IF_ERROR(Take(8).status());
      return stack_.Push({Kind::kFloat});
    case kShortBinString:
      return PushText(1);
    case kBinUnicode:
      return PushText(4);
    case kBinPersId: {
      ASSIGN_OR_RETURN(const PickleValue id, stack_.Pop());
      ASSIGN_OR_RETURN(const PickleValue value, objects_.Load(id, heap_));
      return stack_.Push(value);
    }
    case kGlobal:
      return Global();
    case kReduce:
      return Reduce();
    case kBuild:
      return Build();
    case kBinGet:
    case kLongBinGet:
    case kBinPut:
    case kLongBinPut:
      return StepMemo(opcode);
    case kEmptyTuple:
    case kEmptyList:
    case kEmptyDict:
    case kTuple:
    case kTuple1:
    case kTuple2:
    case kTuple3:
    case kAppend:
    case kAppends:
    case kSetItem:
    case kSetItems:
      return StepContainer(opcode);
    default:
      return Refused(absl::StrCat("opcode 0x",
                                  absl::Hex(opcode, absl::kZeroPad2),
                                  ", which no state dict needs"));
  }
}

}  // namespace

std::optional<uint32_t> PickleObjects::FindGlobal(absl::string_view,
                                                  absl::string_view) {
  return std::nullopt;
}

absl::StatusOr<PickleValue> PickleObjects::Call(uint32_t, const PickleValue&,
                                                PickleHeap&) {
  return Refused("calls a function, expected plain values");
}

absl::StatusOr<PickleValue> PickleObjects::Load(const PickleValue&,
                                                PickleHeap&) {
  return Refused("loads an object, expected plain values");
}

absl::StatusOr<PickleResult> RunPickle(PickleHeap& heap,
                                       PickleObjects& objects) {
  if (static_cast<int64_t>(heap.bytes().size()) > kMaxPickleBytes) {
    return Invalid(absl::StrCat("a pickle of ", heap.bytes().size(),
                                " bytes, expected at most ", kMaxPickleBytes));
  }
  return Machine(heap, objects).Run();
}

}  // namespace transformerd
