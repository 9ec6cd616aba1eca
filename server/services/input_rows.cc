// Shapes: B batch, T tokens.
#include "server/services/input_rows.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/span.h"
#include "glog/logging.h"
#include "model/base/shape.h"
#include "model/base/status_macros.h"
#include "server/services/decoder_rows.h"
#include "server/services/integer_input.h"

namespace transformerd {
namespace {

constexpr absl::string_view kDecoderPrefix = "decoder_";
constexpr absl::string_view kMask = "attention_mask";

struct InputField {
  absl::string_view name;
  std::vector<int64_t> TokenRows::*values;
};

// A decoder's have kDecoderPrefix before their names.
constexpr InputField kFields[] = {
    {"input_ids", &TokenRows::input_ids},
    {"token_type_ids", &TokenRows::token_type_ids},
    {"position_ids", &TokenRows::position_ids},
};

// The inputs of one side: those of the decoder, or all others.
struct SideInputs {
  const inference::ModelInferRequest& request;
  const Signature& signature;
  bool of_decoder;
  std::vector<int> indices;

  const inference::ModelInferRequest::InferInputTensor& tensor(size_t i) const {
    return request.inputs(indices[i]);
  }
  // What kFields calls the input.
  absl::string_view FieldName(size_t i) const {
    return of_decoder ? absl::StripPrefix(tensor(i).name(), kDecoderPrefix)
                      : absl::string_view(tensor(i).name());
  }
};

SideInputs SelectInputs(const inference::ModelInferRequest& request,
                        const Signature& signature, bool of_decoder) {
  SideInputs side = {request, signature, of_decoder, {}};
  for (int i = 0; i < request.inputs_size(); ++i) {
    const InputSpec* spec = signature.FindInput(request.inputs(i).name());
    CHECK(spec != nullptr) << request.inputs(i).name();
    if (spec->of_decoder == of_decoder) side.indices.push_back(i);
  }
  return side;
}

// Before anything is decoded: an absurd shape costs nothing.
absl::Status CheckShapes(const SideInputs& side, TokenRows& rows) {
  const auto& first = side.tensor(0);
  for (size_t i = 0; i < side.indices.size(); ++i) {
    const auto& tensor = side.tensor(i);
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
  rows.batch = first.shape(0);
  rows.width = first.shape(1);
  return absl::OkStatus();
}

// The field of `rows` for a tensor; nothing for the mask, which has rules of
// its own.
std::vector<int64_t>* FindField(absl::string_view name, TokenRows& rows) {
  for (const InputField& field : kFields) {
    if (field.name == name) return &(rows.*field.values);
  }
  return nullptr;
}

// Rows end behind their last visible token.
absl::Status ApplyMask(absl::string_view name,
                       absl::Span<const int64_t> mask_BT, TokenRows& rows) {
  for (int64_t row = 0; row < rows.batch; ++row) {
    const auto mask_T = mask_BT.subspan(row * rows.width, rows.width);
    int64_t length = rows.width;
    while (length > 0 && mask_T[length - 1] == 0) --length;
    if (length == 0) {
      return RefuseInput(name, absl::StrCat("row ", row,
                                            " is masked whole, expected at "
                                            "least one 1 in a row"));
    }
    rows.lengths[row] = length;
  }
  rows.attention_mask.assign(mask_BT.begin(), mask_BT.end());
  return absl::OkStatus();
}

// Moves the first `lengths` elements of all rows together.
template <typename T>
void DropPadding(const TokenRows& rows, std::vector<T>& values_BT) {
  if (values_BT.empty()) return;
  auto end = values_BT.begin();
  for (int64_t row = 0; row < rows.batch; ++row) {
    const auto begin = values_BT.begin() + row * rows.width;
    end = std::copy(begin, begin + rows.lengths[row], end);
  }
  values_BT.erase(end, values_BT.end());
}

absl::Status CheckLengths(absl::string_view name, const TokenRows& rows,
                          const Signature& signature) {
  for (int64_t row = 0; row < rows.batch; ++row) {
    if (rows.lengths[row] <= signature.max_sequence_length) continue;
    return RefuseInput(name,
                       absl::StrCat("row ", row, " has ", rows.lengths[row],
                                    " tokens; the model takes at most ",
                                    signature.max_sequence_length));
  }
  return absl::OkStatus();
}

absl::Status ReadSide(const SideInputs& side, TokenRows& rows) {
  RETURN_IF_ERROR(CheckShapes(side, rows));
  const std::string mask_name =
      absl::StrCat(side.of_decoder ? kDecoderPrefix : "", kMask);
  std::vector<int64_t> mask_BT;
  for (size_t i = 0; i < side.indices.size(); ++i) {
    const absl::string_view name = side.FieldName(i);
    std::vector<int64_t>* values_BT =
        name == kMask ? &mask_BT : FindField(name, rows);
    CHECK(values_BT != nullptr) << "a signature has input " << name;
    const int64_t limit =
        name == kMask ? 2
                      : side.signature.FindInput(side.tensor(i).name())->limit;
    ASSIGN_OR_RETURN(*values_BT,
                     DecodeIntegers(side.request, side.indices[i], limit));
  }
  rows.lengths.assign(rows.batch, rows.width);
  if (!mask_BT.empty()) {
    RETURN_IF_ERROR(ApplyMask(mask_name, mask_BT, rows));
  }
  const std::string ids_name =
      side.of_decoder ? "decoder_input_ids" : side.signature.inputs[0].name;
  RETURN_IF_ERROR(CheckLengths(ids_name, rows, side.signature));
  if (rows.num_tokens() < rows.batch * rows.width) {
    for (const InputField& field : kFields) {
      DropPadding(rows, rows.*field.values);
    }
    DropPadding(rows, rows.attention_mask);
  }
  // A mask of ones is none.
  if (!absl::c_linear_search(rows.attention_mask, 0)) {
    rows.attention_mask.clear();
  }
  return absl::OkStatus();
}

absl::Status CheckSameRows(const SideInputs& decoder,
                           const InferenceInput& input) {
  if (input.decoder.batch == input.batch) return absl::OkStatus();
  return RefuseInput(
      decoder.tensor(0).name(),
      absl::StrCat(input.decoder.batch, " rows, expected ", input.batch,
                   ", as in input '", decoder.signature.inputs[0].name, "'"));
}

}  // namespace

absl::StatusOr<InferenceInput> ReadInputRows(
    const inference::ModelInferRequest& request, const Signature& signature) {
  if (request.inputs().empty()) {
    return absl::InvalidArgumentError("the request has no inputs");
  }
  InferenceInput input;
  RETURN_IF_ERROR(
      ReadSide(SelectInputs(request, signature, /*of_decoder=*/false), input));
  const SideInputs decoder =
      SelectInputs(request, signature, /*of_decoder=*/true);
  if (!decoder.indices.empty()) {
    RETURN_IF_ERROR(ReadSide(decoder, input.decoder));
    RETURN_IF_ERROR(CheckSameRows(decoder, input));
  }
  RETURN_IF_ERROR(CompleteDecoder(signature, input));
  return input;
}

}  // namespace transformerd
