// Turns the JSON events of a safetensors header into entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/checkpoint/json_handler.h"

namespace transformerd {

// Checks what can be seen of one tensor at a time: the JSON's form, names,
// dtypes, and that numbers are in range. The rest (sizes, coverage, duplicate
// names) needs all of them.
class SafetensorsHandler : public JsonHandler {
 public:
  SafetensorsHandler() : JsonHandler(Reason::kHeaderInvalid) {}

  // In the order of the header; offsets count from the header's end. Once,
  // after a parse that succeeded.
  std::vector<CheckpointEntry> TakeEntries();

  bool start_object(std::size_t size) override;
  bool end_object() override;
  bool key(string_t& name) override;
  bool string(string_t& value) override;
  bool start_array(std::size_t size) override;
  bool end_array() override;
  bool number_unsigned(number_unsigned_t value) override;
  bool number_integer(number_integer_t value) override;
  bool number_float(number_float_t value, const string_t& text) override;

 private:
  // Where in the header the next event stands.
  enum class Place {
    kStart,
    kTensors,        // inside the outermost object
    kMetadataStart,  // behind "__metadata__":
    kMetadata,
    kTensorStart,  // behind a tensor's name
    kTensor,
    kDtype,       // behind "dtype":
    kShapeStart,  // behind "shape":
    kShape,
    kOffsetsStart,  // behind "data_offsets":
    kOffsets,
    kEnd,
  };

  bool StartMetadata();
  bool StartTensor(const std::string& name);
  bool StartField(const std::string& name);
  bool FinishTensor();
  bool AddExtent(int64_t extent);
  bool AddOffset(int64_t offset);
  // A number that is no integer in [0, 2^63).
  bool RefuseNumber(const std::string& number);
  bool RefuseTensor(Reason reason, absl::string_view message);
  std::string Expected() const override;

  CheckpointEntry& entry() { return entries_.back(); }
  const CheckpointEntry& entry() const { return entries_.back(); }

  Place place_ = Place::kStart;
  bool has_metadata_ = false;
  // Of the tensor that is being read:
  bool has_dtype_ = false, has_shape_ = false, has_offsets_ = false;
  int num_offsets_ = 0;
  std::vector<CheckpointEntry> entries_;
};

}  // namespace transformerd
