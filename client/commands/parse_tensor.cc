#include "client/commands/parse_tensor.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "client/commands/command.h"
#include "model/base/status_macros.h"
#include "proto/datatype.h"

namespace transformerd {
namespace {

// Rows of equal width, one behind the other.
struct Rows {
  int64_t count = 0;
  int64_t width = 0;
  std::vector<absl::string_view> values;
};

absl::Status InputError(absl::string_view name, absl::string_view problem) {
  return UsageError(absl::StrCat("input '", name, "': ", problem));
}

absl::StatusOr<Rows> SplitRows(absl::string_view name,
                               const std::vector<std::string>& texts) {
  Rows rows;
  for (const std::string& text : texts) {
    for (absl::string_view row : absl::StrSplit(text, ';')) {
      const std::vector<absl::string_view> values = absl::StrSplit(row, ',');
      const int64_t width = static_cast<int64_t>(values.size());
      ++rows.count;
      if (rows.count == 1) rows.width = width;
      if (width != rows.width) {
        return InputError(
            name, absl::StrCat("row ", rows.count, " has ", width,
                               " values and row 1 has ", rows.width,
                               "; pad the shorter rows and give a mask"));
      }
      rows.values.insert(rows.values.end(), values.begin(), values.end());
    }
  }
  return rows;
}

// The described shape with its first extent for the rows, and the one other
// extent that is open, if any, for what is in a row.
absl::StatusOr<Shape> FitShape(const TensorDescription& description,
                               const Rows& rows) {
  const Shape& wanted = description.shape;
  if (wanted.size() == 1) return Shape{rows.count * rows.width};
  Shape shape = wanted;
  int64_t fixed = 1;
  size_t open = 0;
  for (size_t i = 1; i < wanted.size(); ++i) {
    if (wanted[i] < 0) {
      if (open != 0) {
        return InputError(description.name,
                          absl::StrCat("a row does not tell the extents of ",
                                       ToString(wanted)));
      }
      open = i;
    } else {
      fixed *= wanted[i];
    }
  }
  if (!shape.empty()) shape[0] = rows.count;
  if (open != 0 && fixed > 0) shape[open] = rows.width / fixed;
  if (NumElements(shape) != rows.count * rows.width) {
    return InputError(
        description.name,
        absl::StrCat(rows.count, " rows of ", rows.width,
                     " values do not fit shape ", ToString(wanted)));
  }
  return shape;
}

bool ParseValue(absl::string_view text, bool* value) {
  return absl::SimpleAtob(text, value);
}
bool ParseValue(absl::string_view text, float* value) {
  return absl::SimpleAtof(text, value);
}
bool ParseValue(absl::string_view text, double* value) {
  return absl::SimpleAtod(text, value);
}
bool ParseValue(absl::string_view text, uint64_t* value) {
  return absl::SimpleAtoi(text, value);
}
template <typename Integer>
bool ParseValue(absl::string_view text, Integer* value) {
  int64_t wide = 0;
  if (!absl::SimpleAtoi(text, &wide) ||
      wide < int64_t{std::numeric_limits<Integer>::min()} ||
      wide > int64_t{std::numeric_limits<Integer>::max()}) {
    return false;
  }
  *value = static_cast<Integer>(wide);
  return true;
}

template <typename T>
absl::Status FillValues(const TensorDescription& description, const Rows& rows,
                        HostTensor& tensor) {
  const absl::Span<T> elements = tensor.as<T>();
  for (size_t i = 0; i < rows.values.size(); ++i) {
    const absl::string_view text = absl::StripAsciiWhitespace(rows.values[i]);
    if (!ParseValue(text, &elements[i])) {
      const int64_t row = static_cast<int64_t>(i) / rows.width;
      return InputError(
          description.name,
          absl::StrCat("row ", row + 1, ": '", text, "' is not of type ",
                       description.datatype));
    }
  }
  return absl::OkStatus();
}

absl::Status Fill(const TensorDescription& description, const Rows& rows,
                  HostTensor& tensor) {
  switch (tensor.dtype) {
    case DType::kBool:
      return FillValues<bool>(description, rows, tensor);
    case DType::kU8:
      return FillValues<uint8_t>(description, rows, tensor);
    case DType::kU16:
      return FillValues<uint16_t>(description, rows, tensor);
    case DType::kU32:
      return FillValues<uint32_t>(description, rows, tensor);
    case DType::kU64:
      return FillValues<uint64_t>(description, rows, tensor);
    case DType::kI8:
      return FillValues<int8_t>(description, rows, tensor);
    case DType::kI16:
      return FillValues<int16_t>(description, rows, tensor);
    case DType::kI32:
      return FillValues<int32_t>(description, rows, tensor);
    case DType::kI64:
      return FillValues<int64_t>(description, rows, tensor);
    case DType::kF32:
      return FillValues<float>(description, rows, tensor);
    case DType::kF64:
      return FillValues<double>(description, rows, tensor);
    default:
      return InputError(description.name,
                        absl::StrCat("values of type ", description.datatype,
                                     " cannot be given here"));
  }
}

}  // namespace

absl::StatusOr<Tensor> ParseTensor(const TensorDescription& description,
                                   const std::vector<std::string>& texts) {
  if (description.datatype == kBytesDatatype) {
    Rows rows{static_cast<int64_t>(texts.size()), 1, {}};
    ASSIGN_OR_RETURN(Shape shape, FitShape(description, rows));
    return StringTensor{std::move(shape), texts};
  }
  const std::optional<DType> dtype = DTypeFromDatatype(description.datatype);
  if (!dtype.has_value()) {
    return InputError(
        description.name,
        absl::StrCat("unknown datatype '", description.datatype, "'"));
  }
  ASSIGN_OR_RETURN(const Rows rows, SplitRows(description.name, texts));
  ASSIGN_OR_RETURN(Shape shape, FitShape(description, rows));
  HostTensor tensor(*dtype, std::move(shape));
  RETURN_IF_ERROR(Fill(description, rows, tensor));
  return tensor;
}

}  // namespace transformerd
