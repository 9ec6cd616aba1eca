// Shapes: B batch, T tokens.
#include "server/services/input_rows.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "glog/logging.h"
#include "model/base/shape.h"
#include "model/base/status_macros.h"
#include "server/services/integer_input.h"

namespace transformerd {
namespace {

constexpr absl::string_view kMask = "attention_mask";

struct InputField {
  absl::string_view name;
  std::vector<int64_t> InferenceInput::*values;
};

constexpr InputField kFields[] = {
    {"input_ids", &InferenceInput::input_ids},
    {"token_type_ids", &InferenceInput::token_type_ids},
    {"position_ids", &InferenceInput::position_ids},
};

// Before anything is decoded: an absurd shape costs nothing.
absl::Status CheckShapes(const inference::ModelInferRequest& request,
                         InferenceInput& input) {
  if (request.inputs().empty()) {
    return absl::InvalidArgumentError("the request has no inputs");
  }
  const auto& first = request.inputs(0);
  for (const auto& tensor : request.inputs()) {
    if (tensor.shape_size() != 2) {
      return RefuseInput(tensor.name(), absl::StrCat(tensor.shape_size(),
                                                     " dimensions, expected 2: "
                                                     "[batch,tokens]"));
    }
    const Shape shape(tensor.shape().begin(), tensor.shape().end());
    if (shape[0] < 1 || shape[1] < 1) {
      return RefuseInput(
          tensor.name(),
          absl::StrCat("shape ", ToString(shape),
                       ", expected [batch,tokens], both at least 1"));
    }
    if (shape[0] != first.shape(0) || shape[1] != first.shape(1)) {
      return RefuseInput(
          tensor.name(),
          absl::StrCat("shape ", ToString(shape), ", expected [",
                       first.shape(0), ",", first.shape(1),
                       "], the shape of input '", first.name(), "'"));
    }
  }
  input.batch = first.shape(0);
  input.width = first.shape(1);
  return absl::OkStatus();
}

// The field of `input` for a tensor; nothing for the mask, which has rules of
// its own.
std::vector<int64_t>* FindField(absl::string_view name, InferenceInput& input) {
  for (const InputField& field : kFields) {
    if (field.name == name) return &(input.*field.values);
  }
  return nullptr;
}

// Rows end behind their last visible token, unless the model computes masked
// ones as well.
absl::Status ApplyMask(absl::Span<const int64_t> mask_BT, bool computes_masked,
                       InferenceInput& input) {
  for (int64_t row = 0; row < input.batch && !computes_masked; ++row) {
    const auto mask_T = mask_BT.subspan(row * input.width, input.width);
    int64_t length = input.width;
    while (length > 0 && mask_T[length - 1] == 0) --length;
    if (length == 0) {
      return RefuseInput(kMask,
                         absl::StrCat("row ", row,
                                      " is masked whole, expected at least "
                                      "one 1 in a row"));
    }
    input.lengths[row] = length;
  }
  input.attention_mask.assign(mask_BT.begin(), mask_BT.end());
  return absl::OkStatus();
}

// Moves the first `lengths` elements of all rows together.
template <typename T>
void DropPadding(const InferenceInput& input, std::vector<T>& values_BT) {
  if (values_BT.empty()) return;
  auto end = values_BT.begin();
  for (int64_t row = 0; row < input.batch; ++row) {
    const auto begin = values_BT.begin() + row * input.width;
    end = std::copy(begin, begin + input.lengths[row], end);
  }
  values_BT.erase(end, values_BT.end());
}

absl::Status CheckLengths(const InferenceInput& input,
                          const Signature& signature) {
  for (int64_t row = 0; row < input.batch; ++row) {
    if (input.lengths[row] <= signature.max_sequence_length) continue;
    return RefuseInput(signature.inputs.front().name,
                       absl::StrCat("row ", row, " has ", input.lengths[row],
                                    " tokens; the model takes at most ",
                                    signature.max_sequence_length));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<InferenceInput> ReadInputRows(
    const inference::ModelInferRequest& request, const Signature& signature) {
  InferenceInput input;
  RETURN_IF_ERROR(CheckShapes(request, input));
  std::vector<int64_t> mask_BT;
  for (int i = 0; i < request.inputs_size(); ++i) {
    const std::string& name = request.inputs(i).name();
    const InputSpec* spec = signature.FindInput(name);
    CHECK(spec != nullptr) << name;
    std::vector<int64_t>* values_BT =
        name == kMask ? &mask_BT : FindField(name, input);
    CHECK(values_BT != nullptr) << "a signature has input " << name;
    const int64_t limit = name == kMask ? 2 : spec->limit;
    ASSIGN_OR_RETURN(*values_BT, DecodeIntegers(request, i, limit));
  }
  input.lengths.assign(input.batch, input.width);
  if (!mask_BT.empty()) {
    RETURN_IF_ERROR(ApplyMask(mask_BT, signature.computes_masked, input));
  }
  RETURN_IF_ERROR(CheckLengths(input, signature));
  if (input.num_tokens() < input.batch * input.width) {
    for (const InputField& field : kFields) {
      DropPadding(input, input.*field.values);
    }
    DropPadding(input, input.attention_mask);
  }
  // A mask of ones is none.
  if (!absl::c_linear_search(input.attention_mask, 0)) {
    input.attention_mask.clear();
  }
  return input;
}

}  // namespace transformerd
