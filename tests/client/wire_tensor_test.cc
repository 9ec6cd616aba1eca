#include "client/wire_tensor.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// An answer with one output that has neither contents nor raw contents yet.
oip::ModelInferResponse Answer(const std::string& datatype,
                               const std::vector<int64_t>& shape) {
  oip::ModelInferResponse response;
  auto& output = *response.add_outputs();
  output.set_name("y");
  output.set_datatype(datatype);
  output.mutable_shape()->Assign(shape.begin(), shape.end());
  return response;
}

TEST(AddInputTest, SendsNumbersRaw) {
  oip::ModelInferRequest request;
  const int64_t ids[] = {101, 102};

  ASSERT_THAT(AddInput({"input_ids", MakeTensor({1, 2}, ids)}, request),
              IsOk());

  EXPECT_EQ(request.inputs(0).name(), "input_ids");
  EXPECT_EQ(request.inputs(0).datatype(), "INT64");
  EXPECT_THAT(request.inputs(0).shape(), ElementsAre(1, 2));
  EXPECT_EQ(request.raw_input_contents(0),
            std::string(reinterpret_cast<const char*>(ids), sizeof(ids)));
}

TEST(AddInputTest, SendsStringsWithTheirLengths) {
  oip::ModelInferRequest request;

  ASSERT_THAT(AddInput({"text", StringTensor{{2}, {"hé", ""}}}, request),
              IsOk());

  EXPECT_EQ(request.inputs(0).datatype(), "BYTES");
  EXPECT_EQ(request.raw_input_contents(0),
            std::string("\3\0\0\0h\xc3\xa9\0\0\0\0", 11));
}

TEST(AddInputTest, RefusesSizesThatDoNotFitTheShape) {
  oip::ModelInferRequest request;
  HostTensor tensor(DType::kF32, {2, 3});
  tensor.bytes.resize(20);

  const absl::Status numbers = AddInput({"x", std::move(tensor)}, request);
  const absl::Status strings =
      AddInput({"text", StringTensor{{3}, {"a"}}}, request);

  EXPECT_THAT(numbers,
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "input 'x': 20 bytes of FP32 do not fit shape [2,3]"));
  EXPECT_EQ(FieldOf(numbers), "x");
  EXPECT_THAT(strings,
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "input 'text': 1 strings do not fit shape [3]"));
}

TEST(AddInputTest, RefusesTypesThatTheProtocolLacks) {
  oip::ModelInferRequest request;

  EXPECT_THAT(AddInput({"x", HostTensor(DType::kF8E4M3, {1})}, request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("no datatype for F8_E4M3")));
}

TEST(TakeOutputsTest, TakesRawNumbers) {
  const float values[] = {0.5f, -1.0f};
  oip::ModelInferResponse response = Answer("FP32", {2, 1});
  response.add_raw_output_contents(values, sizeof(values));

  ASSERT_OK_AND_ASSIGN(const std::vector<NamedTensor> outputs,
                       TakeOutputs(response));

  const auto& tensor = std::get<HostTensor>(outputs[0].tensor);
  EXPECT_EQ(outputs[0].name, "y");
  EXPECT_EQ(tensor.shape, Shape({2, 1}));
  EXPECT_THAT(tensor.as<float>(), ElementsAre(0.5f, -1.0f));
}

TEST(TakeOutputsTest, TakesStringsInBothForms) {
  oip::ModelInferResponse raw = Answer("BYTES", {2});
  raw.add_raw_output_contents("\1\0\0\0a\0\0\0\0", 9);
  oip::ModelInferResponse typed = Answer("BYTES", {2});
  typed.mutable_outputs(0)->mutable_contents()->add_bytes_contents("a");
  typed.mutable_outputs(0)->mutable_contents()->add_bytes_contents("");

  for (oip::ModelInferResponse* response : {&raw, &typed}) {
    ASSERT_OK_AND_ASSIGN(const std::vector<NamedTensor> outputs,
                         TakeOutputs(*response));
    EXPECT_THAT(std::get<StringTensor>(outputs[0].tensor).values,
                ElementsAre("a", ""));
  }
}

// Each typed field, filled with the one value 1.
TEST(TakeOutputsTest, TakesEveryTypedForm) {
  oip::InferTensorContents contents;
  contents.add_bool_contents(true);
  contents.add_int_contents(1);
  contents.add_int64_contents(1);
  contents.add_uint_contents(1);
  contents.add_uint64_contents(1);
  contents.add_fp32_contents(1);
  contents.add_fp64_contents(1);
  for (const auto& [datatype, bytes] :
       std::vector<std::pair<std::string, int>>{{"BOOL", 1},
                                                {"INT8", 1},
                                                {"INT16", 2},
                                                {"INT32", 4},
                                                {"INT64", 8},
                                                {"UINT8", 1},
                                                {"UINT16", 2},
                                                {"UINT32", 4},
                                                {"UINT64", 8},
                                                {"FP32", 4},
                                                {"FP64", 8}}) {
    oip::ModelInferResponse response = Answer(datatype, {1});
    *response.mutable_outputs(0)->mutable_contents() = contents;

    ASSERT_OK_AND_ASSIGN(const std::vector<NamedTensor> outputs,
                         TakeOutputs(response));
    const std::string& taken = std::get<HostTensor>(outputs[0].tensor).bytes;
    EXPECT_EQ(taken.size(), bytes) << datatype;
    EXPECT_NE(taken, std::string(bytes, '\0')) << datatype;
  }
}

struct BadAnswer {
  std::string datatype;
  std::vector<int64_t> shape;
  std::string raw;
  absl::StatusCode code;
  std::string message;
};

TEST(TakeOutputsTest, RefusesAnswersThatContradictThemselves) {
  const BadAnswer cases[] = {
      {"FP32",
       {2},
       "1234567",
       absl::StatusCode::kInternal,
       "7 bytes of FP32 do not fit shape [2]"},
      {"FP32", {-1}, "1234", absl::StatusCode::kInternal, "shape [-1]"},
      {"INT64",
       {int64_t{1} << 62, 16},
       "1234",
       absl::StatusCode::kInternal,
       "do not fit shape"},
      {"BYTES", {1}, "\1\0\0", absl::StatusCode::kInternal, "output 'y'"},
      {"BYTES", {-2}, "", absl::StatusCode::kInternal, "shape [-2]"},
      {"FP8",
       {1},
       "1",
       absl::StatusCode::kUnimplemented,
       "unknown datatype 'FP8'"},
  };
  for (const BadAnswer& bad : cases) {
    oip::ModelInferResponse response = Answer(bad.datatype, bad.shape);
    response.add_raw_output_contents(bad.raw);
    EXPECT_THAT(TakeOutputs(response),
                StatusIs(bad.code, HasSubstr(bad.message)));
  }
}

TEST(TakeOutputsTest, RefusesAWrongNumberOfRawContents) {
  oip::ModelInferResponse response = Answer("FP32", {1});
  response.add_raw_output_contents("1234");
  response.add_raw_output_contents("1234");

  EXPECT_THAT(TakeOutputs(response),
              StatusIs(absl::StatusCode::kInternal,
                       "the server sent 2 raw contents for 1 outputs"));
}

}  // namespace
}  // namespace transformerd
