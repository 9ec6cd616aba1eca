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
#include "server/services/float_input.h"
#include "server/services/integer_input.h"

namespace transformerd {
namespace {

using Tensor = inference::ModelInferRequest::InferInputTensor;

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

  const Tensor& tensor(size_t i) const { return request.inputs(indices[i]); }
  const InputSpec& spec(size_t i) const {
    return *signature.FindInput(tensor(i).name());
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

// Whether a tensor has a batch, tokens, and what `expected` has behind them.
absl::Status CheckLayout(const Tensor& tensor, const Shape& expected) {
  const std::string layout =
      expected.size() == 2
          ? "[batch,tokens]"
          : absl::StrCat("[batch,tokens,", expected.back(), "]");
  const Shape shape(tensor.shape().begin(), tensor.shape().end());
  if (shape.size() != expected.size()) {
    return RefuseInput(tensor.name(),
                       absl::StrCat(shape.size(), " dimensions, expected ",
                                    expected.size(), ": ", layout));
  }
  const bool fits =
      shape[0] >= 1 && shape[1] >= 1 &&
      std::equal(shape.begin() + 2, shape.end(), expected.begin() + 2);
  if (fits) return absl::OkStatus();
  return RefuseInput(tensor.name(),
                     absl::StrCat("shape ", ToString(shape), ", expected ",
                                  layout, ", batch and tokens at least 1"));
}

// Before anything is decoded: an absurd shape costs nothing. Padding counts, as
// answers have room for it.
absl::Status CheckShapes(const SideInputs& side, TokenRows& rows) {
  const Tensor& first = side.tensor(0);
  for (size_t i = 0; i < side.indices.size(); ++i) {
    const Tensor& tensor = side.tensor(i);
    Shape expected = side.spec(i).FullShape();
    RETURN_IF_ERROR(CheckLayout(tensor, expected));
    expected[0] = first.shape(0);
    expected[1] = first.shape(1);
    const Shape shape(tensor.shape().begin(), tensor.shape().end());
    if (shape == expected) continue;
    return RefuseInput(
        tensor.name(),
        absl::StrCat("shape ", ToString(shape), ", expected ",
                     ToString(expected), ", as in input '", first.name(), "'"));
  }
  if (first.shape(1) > side.signature.max_sequence_length) {
    return RefuseInput(
        first.name(),
        absl::StrCat("rows have ", first.shape(1),
                     " tokens, masked ones too; the model takes at most ",
                     side.signature.max_sequence_length));
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

// Moves the first `lengths` tokens of all rows together, each of which has one
// value or a vector of some.
template <typename T>
void DropPadding(const TokenRows& rows, std::vector<T>& values) {
  const auto size =
      static_cast<int64_t>(values.size()) / (rows.batch * rows.width);
  auto end = values.begin();
  for (int64_t row = 0; row < rows.batch; ++row) {
    const auto begin = values.begin() + row * rows.width * size;
    end = std::copy(begin, begin + rows.lengths[row] * size, end);
  }
  values.erase(end, values.end());
}

// The input that tells the tokens of rows that are not the decoder's.
absl::string_view SourceOf(const TokenRows& rows) {
  return rows.inputs_embeds.empty() ? "input_ids" : "inputs_embeds";
}

// Of rows that end behind their last visible token.
absl::Status CheckVectorRows(const TokenRows& rows,
                             const Signature& signature) {
  if (!signature.needs_whole_vector_rows || rows.inputs_embeds.empty()) {
    return absl::OkStatus();
  }
  for (int64_t row = 0; row < rows.batch; ++row) {
    if (rows.lengths[row] == rows.width) continue;
    return RefuseInput(
        "inputs_embeds",
        absl::StrCat("row ", row,
                     " ends in masked tokens, expected none: the "
                     "model looks at the last token that is not padding, which "
                     "it knows by ids only"));
  }
  return absl::OkStatus();
}

absl::Status ReadSide(const SideInputs& side, TokenRows& rows) {
  RETURN_IF_ERROR(CheckShapes(side, rows));
  const std::string mask_name =
      absl::StrCat(side.of_decoder ? kDecoderPrefix : "", kMask);
  std::vector<int64_t> mask_BT;
  for (size_t i = 0; i < side.indices.size(); ++i) {
    const InputSpec& spec = side.spec(i);
    if (spec.kind == InputKind::kVectors) {
      ASSIGN_OR_RETURN(rows.inputs_embeds,
                       DecodeFloats(side.request, side.indices[i]));
      continue;
    }
    const absl::string_view name = side.FieldName(i);
    std::vector<int64_t>* values_BT =
        name == kMask ? &mask_BT : FindField(name, rows);
    CHECK(values_BT != nullptr) << "a signature has input " << name;
    ASSIGN_OR_RETURN(*values_BT,
                     DecodeIntegers(side.request, side.indices[i], spec.limit));
  }
  rows.lengths.assign(rows.batch, rows.width);
  if (!mask_BT.empty()) {
    RETURN_IF_ERROR(ApplyMask(mask_name, mask_BT, rows));
  }
  RETURN_IF_ERROR(CheckVectorRows(rows, side.signature));
  if (rows.num_tokens() < rows.batch * rows.width) {
    for (const InputField& field : kFields) {
      DropPadding(rows, rows.*field.values);
    }
    DropPadding(rows, rows.inputs_embeds);
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
                   ", as in input '", SourceOf(input), "'"));
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
