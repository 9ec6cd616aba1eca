#include "model/checkpoint/safetensors_handler.h"

#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/dtype.h"
#include "model/base/quoted.h"
#include "model/checkpoint/safetensors_header.h"

namespace transformerd {
namespace {

constexpr absl::string_view kMetadata = "__metadata__";
constexpr absl::string_view kUnsigned = "an integer in [0, 2^63)";

}  // namespace

std::vector<CheckpointEntry> SafetensorsHandler::TakeEntries() {
  return std::move(entries_);
}

bool SafetensorsHandler::start_object(std::size_t) {
  switch (place_) {
    case Place::kStart:
      place_ = Place::kTensors;
      return true;
    case Place::kMetadataStart:
      place_ = Place::kMetadata;
      return true;
    case Place::kTensorStart:
      place_ = Place::kTensor;
      return true;
    default:
      return Unexpected("an object");
  }
}

bool SafetensorsHandler::end_object() {
  switch (place_) {
    case Place::kTensors:
      place_ = Place::kEnd;
      return true;
    case Place::kMetadata:
      place_ = Place::kTensors;
      return true;
    case Place::kTensor:
      return FinishTensor();
    default:
      return Unexpected("the end of an object");
  }
}

bool SafetensorsHandler::key(string_t& name) {
  switch (place_) {
    case Place::kTensors:
      return name == kMetadata ? StartMetadata() : StartTensor(name);
    case Place::kMetadata:
      return true;
    case Place::kTensor:
      return StartField(name);
    default:
      return Unexpected("a key");
  }
}

bool SafetensorsHandler::string(string_t& value) {
  if (place_ == Place::kMetadata) return true;
  if (place_ != Place::kDtype) return Unexpected("a string");
  const std::optional<DType> dtype = DTypeFromName(value);
  if (!dtype.has_value()) {
    return RefuseTensor(
        Reason::kDtypeUnknown,
        absl::StrCat("dtype ", Quoted(value),
                     ", expected one of safetensors, such as \"F32\""));
  }
  entry().dtype = *dtype;
  place_ = Place::kTensor;
  return true;
}

bool SafetensorsHandler::start_array(std::size_t) {
  if (place_ == Place::kShapeStart) {
    place_ = Place::kShape;
  } else if (place_ == Place::kOffsetsStart) {
    place_ = Place::kOffsets;
  } else {
    return Unexpected("a list");
  }
  return true;
}

bool SafetensorsHandler::end_array() {
  if (place_ == Place::kOffsets && num_offsets_ != 2) {
    return Unexpected("the end of a list");
  }
  place_ = Place::kTensor;
  return true;
}

bool SafetensorsHandler::number_unsigned(number_unsigned_t value) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  if (value > static_cast<number_unsigned_t>(kMax)) {
    return RefuseNumber(absl::StrCat(value));
  }
  if (place_ == Place::kShape) return AddExtent(value);
  if (place_ == Place::kOffsets) return AddOffset(value);
  return Unexpected(absl::StrCat(value));
}

bool SafetensorsHandler::number_integer(number_integer_t value) {
  return RefuseNumber(absl::StrCat(value));
}

bool SafetensorsHandler::number_float(number_float_t value, const string_t&) {
  return RefuseNumber(absl::StrCat(value));
}

bool SafetensorsHandler::StartMetadata() {
  if (std::exchange(has_metadata_, true)) {
    return Refuse(LoadError(Reason::kDuplicateName,
                            absl::StrCat(kMetadata, " is there twice")));
  }
  place_ = Place::kMetadataStart;
  return true;
}

bool SafetensorsHandler::StartTensor(const std::string& name) {
  if (name.size() > kMaxSafetensorsNameBytes) {
    return Refuse(LoadError(
        Reason::kHeaderInvalid,
        absl::StrCat("tensor name of ", name.size(),
                     " bytes, expected at most ", kMaxSafetensorsNameBytes)));
  }
  if (entries_.size() == kMaxSafetensorsTensors) {
    return Refuse(LoadError(
        Reason::kHeaderTooLarge,
        absl::StrCat("lists more than ", kMaxSafetensorsTensors, " tensors")));
  }
  entries_.emplace_back().key = name;
  has_dtype_ = has_shape_ = has_offsets_ = false;
  place_ = Place::kTensorStart;
  return true;
}

bool SafetensorsHandler::StartField(const std::string& name) {
  if (name == "dtype" && !std::exchange(has_dtype_, true)) {
    place_ = Place::kDtype;
  } else if (name == "shape" && !std::exchange(has_shape_, true)) {
    place_ = Place::kShapeStart;
  } else if (name == "data_offsets" && !std::exchange(has_offsets_, true)) {
    place_ = Place::kOffsetsStart;
    num_offsets_ = 0;
  } else {
    return Unexpected(absl::StrCat("key ", Quoted(name)));
  }
  return true;
}

bool SafetensorsHandler::FinishTensor() {
  if (!has_dtype_ || !has_shape_ || !has_offsets_) {
    return Unexpected("the end of an object");
  }
  place_ = Place::kTensors;
  return true;
}

bool SafetensorsHandler::AddExtent(int64_t extent) {
  if (entry().shape.size() == kMaxSafetensorsRank) {
    return RefuseTensor(
        Reason::kShapeInvalid,
        absl::StrCat("has more than ", kMaxSafetensorsRank, " dimensions"));
  }
  entry().shape.push_back(extent);
  return true;
}

bool SafetensorsHandler::AddOffset(int64_t offset) {
  if (num_offsets_ == 2) return Unexpected(absl::StrCat(offset));
  if (num_offsets_++ == 0) {
    entry().offset_bytes = offset;
    return true;
  }
  if (offset < entry().offset_bytes) {
    return RefuseTensor(Reason::kOffsetsInvalid,
                        absl::StrCat("data_offsets [", entry().offset_bytes,
                                     ",", offset, "] end before they begin"));
  }
  entry().size_bytes = offset - entry().offset_bytes;
  return true;
}

bool SafetensorsHandler::RefuseNumber(const std::string& number) {
  if (place_ == Place::kShape) {
    return RefuseTensor(
        Reason::kShapeInvalid,
        absl::StrCat("extent ", number, ", expected ", kUnsigned));
  }
  if (place_ == Place::kOffsets) {
    return RefuseTensor(
        Reason::kOffsetsInvalid,
        absl::StrCat("offset ", number, ", expected ", kUnsigned));
  }
  return Unexpected(number);
}

bool SafetensorsHandler::RefuseTensor(Reason reason,
                                      absl::string_view message) {
  return Refuse(LoadError(
      reason, absl::StrCat("tensor ", Quoted(entry().key), ": ", message)));
}

std::string SafetensorsHandler::Expected() const {
  switch (place_) {
    case Place::kStart:
      return "an object of tensors";
    case Place::kMetadataStart:
    case Place::kMetadata:
      return absl::StrCat("an object of strings for ", kMetadata);
    case Place::kTensors:
    case Place::kEnd:
      return "names of tensors";
    default:
      return absl::StrCat(
          "dtype (a string), shape (a list of integers) and data_offsets (two "
          "integers), each once, for tensor ",
          Quoted(entry().key));
  }
}

}  // namespace transformerd
