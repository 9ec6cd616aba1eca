#include "proto/tensor_codec.h"

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <utility>

#include "glog/logging.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/datatype.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::inference::ModelInferRequest;
using ::inference::ModelInferResponse;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

ModelInferRequest Request(const std::string& text) {
  ModelInferRequest request;
  CHECK(google::protobuf::TextFormat::ParseFromString(text, &request));
  return request;
}

TEST(DecodeInputTest, ReadsTypedContents) {
  const ModelInferRequest request = Request(R"(
      inputs { name: "input_ids" datatype: "INT64" shape: [2, 2]
               contents { int64_contents: [101, 7592, 102, 0] } })");

  ASSERT_OK_AND_ASSIGN(const HostTensor tensor, DecodeInput(request, 0));

  EXPECT_EQ(tensor.dtype, DType::kI64);
  EXPECT_EQ(tensor.shape, (Shape{2, 2}));
  EXPECT_THAT(tensor.as<int64_t>(), ElementsAre(101, 7592, 102, 0));
}

TEST(DecodeInputTest, ReadsRawContentsInTheOrderOfInputs) {
  const ModelInferRequest request = Request(R"(
      inputs { name: "a" datatype: "UINT8" shape: 1 }
      inputs { name: "b" datatype: "INT16" shape: [1, 1] }
      raw_input_contents: ["\001", "\377\377"])");

  ASSERT_OK_AND_ASSIGN(const HostTensor a, DecodeInput(request, 0));
  ASSERT_OK_AND_ASSIGN(const HostTensor b, DecodeInput(request, 1));

  EXPECT_THAT(a.as<uint8_t>(), ElementsAre(1));
  EXPECT_THAT(b.as<int16_t>(), ElementsAre(-1));
}

TEST(DecodeInputTest, PassesOverInputsInSharedMemory) {
  const ModelInferRequest request = Request(R"(
      inputs { name: "a" datatype: "UINT8" shape: 1
               parameters { key: "shared_memory_region"
                            value { string_param: "region" } } }
      inputs { name: "b" datatype: "UINT8" shape: 1 }
      raw_input_contents: "\007")");

  EXPECT_THAT(CheckContents(request), IsOk());
  ASSERT_OK_AND_ASSIGN(const HostTensor b, DecodeInput(request, 1));
  EXPECT_THAT(b.as<uint8_t>(), ElementsAre(7));
  EXPECT_THAT(DecodeInput(request, 0),
              StatusIs(kInvalid, HasSubstr("lies in shared memory")));
}

TEST(DecodeInputTest, ReadsStringsInBothForms) {
  const char* tensor = "name: 'text' datatype: 'BYTES' shape: [2, 1]";
  const ModelInferRequest typed = Request(absl::StrCat(
      "inputs { ", tensor, " contents { bytes_contents: ['hello', ''] } }"));
  const ModelInferRequest raw =
      Request(absl::StrCat("inputs { ", tensor, " } ",
                           R"(raw_input_contents: "\005\0\0\0hello\0\0\0\0")"));

  for (const ModelInferRequest& request : {typed, raw}) {
    EXPECT_THAT(DecodeBytesInput(request, 0),
                IsOkAndHolds(ElementsAre("hello", "")));
  }
}

struct Bad {
  const char* name;
  const char* request;
  const char* message;
};

class BadInputTest : public ::testing::TestWithParam<Bad> {};

TEST_P(BadInputTest, IsRefusedByName) {
  const ModelInferRequest request = Request(GetParam().request);

  const absl::Status status = DecodeInput(request, 0).status();

  EXPECT_THAT(status, StatusIs(kInvalid, AllOf(HasSubstr("input 'x': "),
                                               HasSubstr(GetParam().message))));
  EXPECT_EQ(FieldOf(status), "x");
}

INSTANTIATE_TEST_SUITE_P(
    Inputs, BadInputTest,
    ::testing::Values(
        Bad{"UnknownDatatype",
            "inputs { name: 'x' datatype: 'FLOAT\\n' shape: 1 }",
            "datatype 'FLOAT\\n', expected BOOL"},
        Bad{"NoDatatype", "inputs { name: 'x' shape: 1 }",
            "datatype '', expected"},
        Bad{"StringsForNumbers",
            "inputs { name: 'x' datatype: 'BYTES' shape: 1 }",
            "datatype 'BYTES', expected"},
        Bad{"NegativeExtent",
            "inputs { name: 'x' datatype: 'INT64' shape: [1, -1] }",
            "shape [1,-1], expected extents of 0 or more"},
        Bad{"NegativeExtentBesideZero",
            "inputs { name: 'x' datatype: 'INT64' shape: [0, -1] }",
            "shape [0,-1], expected extents of 0 or more"},
        Bad{"ElementsOverflow",
            "inputs { name: 'x' datatype: 'UINT8' "
            "shape: [4294967296, 4294967296] }",
            "fits int64"},
        Bad{"BytesOverflow",
            "inputs { name: 'x' datatype: 'INT64' "
            "shape: [4611686018427387904] } raw_input_contents: ''",
            "more than int64 holds"},
        Bad{"TooManyDimensions",
            "inputs { name: 'x' datatype: 'INT64' "
            "shape: [1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1] }",
            "17 dimensions, expected at most 16"},
        Bad{"NoContents", "inputs { name: 'x' datatype: 'INT64' shape: 3 }",
            "0 elements, expected 3"},
        Bad{"FewElements",
            "inputs { name: 'x' datatype: 'INT64' shape: [1, 3] "
            "contents { int64_contents: [1, 2] } }",
            "2 elements, expected 3"},
        Bad{"ManyElements",
            "inputs { name: 'x' datatype: 'INT64' shape: [] "
            "contents { int64_contents: [1, 2] } }",
            "2 elements, expected 1"},
        Bad{"ElementsOfAnotherType",
            "inputs { name: 'x' datatype: 'INT64' shape: 1 "
            "contents { int_contents: 1 } }",
            "elements in int_contents, expected them in int64_contents"},
        Bad{"TypedHalf",
            "inputs { name: 'x' datatype: 'FP16' shape: 1 "
            "contents { fp32_contents: 1 } }",
            "FP16 has no typed contents"},
        Bad{"RawTooShort",
            "inputs { name: 'x' datatype: 'FP32' shape: [1, 2] } "
            "raw_input_contents: '1234567'",
            "raw contents of 7 bytes, expected 8 for FP32 of shape [1,2]"},
        Bad{"RawTooLong",
            "inputs { name: 'x' datatype: 'BF16' shape: [] } "
            "raw_input_contents: '123'",
            "raw contents of 3 bytes, expected 2 for BF16 of shape []"},
        Bad{"RawForAnEmptyTensor",
            "inputs { name: 'x' datatype: 'INT8' shape: [4, 0] } "
            "raw_input_contents: '1'",
            "raw contents of 1 bytes, expected 0"},
        Bad{"BothForms",
            "inputs { name: 'x' datatype: 'INT8' shape: 1 "
            "contents { int_contents: 1 } } raw_input_contents: '1'",
            "typed contents beside raw_input_contents"}),
    [](const auto& info) { return info.param.name; });

TEST(DecodeInputTest, QuotesLongNamesInPart) {
  ModelInferRequest request;
  request.add_inputs()->set_name(std::string(1 << 20, 'n'));

  const absl::Status status = DecodeInput(request, 0).status();

  EXPECT_LT(status.message().size(), 400);
  EXPECT_THAT(std::string(status.message()), HasSubstr("expected BOOL"));
}

TEST(DecodeInputTest, RefusesAnInputWithoutARawEntry) {
  const ModelInferRequest request = Request(R"(
      inputs { name: "a" datatype: "UINT8" shape: 1 }
      inputs { name: "b" datatype: "UINT8" shape: 1 }
      raw_input_contents: "1")");

  EXPECT_THAT(DecodeInput(request, 1),
              StatusIs(kInvalid, HasSubstr("no entry in raw_input_contents")));
}

TEST(DecodeBytesInputTest, RefusesOtherDatatypesAndMissingElements) {
  EXPECT_THAT(
      DecodeBytesInput(Request("inputs { name: 'x' datatype: 'INT8' }"), 0),
      StatusIs(kInvalid, HasSubstr("datatype 'INT8', expected BYTES")));
  EXPECT_THAT(
      DecodeBytesInput(Request("inputs { name: 'x' datatype: 'BYTES' shape: 2 "
                               "contents { bytes_contents: 'a' } }"),
                       0),
      StatusIs(kInvalid, HasSubstr("input 'x': 1 elements, expected 2")));
  EXPECT_THAT(
      DecodeBytesInput(Request("inputs { name: 'x' datatype: 'BYTES' shape: 1 }"
                               "raw_input_contents: '\\005\\000\\000\\000ab'"),
                       0),
      StatusIs(kInvalid, HasSubstr("input 'x': string 0 of 1: 2 bytes left")));
}

TEST(CheckContentsTest, WantsARawEntryForEachInput) {
  EXPECT_THAT(CheckContents(Request("inputs {} inputs {} "
                                    "raw_input_contents: ['', '', '']")),
              StatusIs(kInvalid, HasSubstr("has 3 entries, expected 2")));
  EXPECT_THAT(CheckContents(Request("inputs {} inputs {} "
                                    "raw_input_contents: ''")),
              StatusIs(kInvalid, HasSubstr("has 1 entries, expected 2")));
  EXPECT_THAT(CheckContents(Request("inputs {} inputs {} "
                                    "raw_input_contents: ['', '']")),
              IsOk());
}

TEST(CheckContentsTest, RefusesBothFormsInOneRequest) {
  const absl::Status status = CheckContents(Request(R"(
      inputs { name: "a" }
      inputs { name: "b" contents { int_contents: 1 } }
      raw_input_contents: "1")"));

  EXPECT_THAT(status, StatusIs(kInvalid, HasSubstr("input 'b': typed")));
  EXPECT_EQ(FieldOf(status), "b");
}

TEST(CheckContentsTest, RefusesContentsOfAnInputInSharedMemory) {
  EXPECT_THAT(
      CheckContents(Request(R"(
          inputs { name: "a" contents { int_contents: 1 }
                   parameters { key: "shared_memory_region" value {} } })")),
      StatusIs(kInvalid, HasSubstr("both in shared memory and in contents")));
}

TEST(UsesRawContentsTest, IsTrueUnlessAnInputIsTyped) {
  EXPECT_TRUE(UsesRawContents(Request("inputs {} raw_input_contents: ''")));
  EXPECT_TRUE(UsesRawContents(Request("inputs { contents {} }")));
  EXPECT_FALSE(
      UsesRawContents(Request("inputs { contents { bytes_contents: '' } }")));
}

TEST(EncodeOutputTest, MovesRawBytesIntoTheResponse) {
  HostTensor tensor(DType::kF32, {64, 64});
  const char* bytes = tensor.bytes.data();
  ModelInferResponse response;

  EncodeOutput("logits", std::move(tensor), /*raw=*/true, &response);

  EXPECT_EQ(response.raw_output_contents(0).data(), bytes);
  EXPECT_EQ(response.outputs(0).name(), "logits");
  EXPECT_EQ(response.outputs(0).datatype(), "FP32");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(64, 64));
  EXPECT_FALSE(response.outputs(0).has_contents());
}

TEST(EncodeOutputTest, KeepsTheOrderOfOutputs) {
  ModelInferResponse response;

  EncodeOutput("b", HostTensor(DType::kI8, {1}), /*raw=*/true, &response);
  EncodeOutput("a", HostTensor(DType::kI8, {0}), /*raw=*/true, &response);

  EXPECT_EQ(response.outputs(0).name(), "b");
  EXPECT_EQ(response.outputs(1).name(), "a");
  EXPECT_THAT(response.raw_output_contents(),
              ElementsAre(std::string(1, '\0'), ""));
}

TEST(EncodeOutputTest, WritesTypedContents) {
  constexpr float kValues[] = {0.5f, -1.0f};
  ModelInferResponse response;

  EncodeOutput("logits", MakeTensor({1, 2}, kValues), /*raw=*/false, &response);

  EXPECT_THAT(response.outputs(0).contents().fp32_contents(),
              ElementsAre(0.5f, -1.0f));
  EXPECT_EQ(response.raw_output_contents_size(), 0);
}

TEST(EncodeOutputTest, Types16BitFloatsAsFp32) {
  HostTensor tensor(DType::kBF16, {1});
  tensor.as<uint16_t>()[0] = 0x3F80;
  ModelInferResponse response;

  EncodeOutput("logits", std::move(tensor), /*raw=*/false, &response);

  EXPECT_EQ(response.outputs(0).datatype(), "FP32");
  EXPECT_THAT(response.outputs(0).contents().fp32_contents(),
              ElementsAre(1.0f));
}

TEST(EncodeOutputDeathTest, RefusesTensorsThatContradictThemselves) {
  HostTensor tensor(DType::kF32, {2});
  tensor.bytes.resize(7);
  ModelInferResponse response;

  EXPECT_DEATH(EncodeOutput("y", tensor, true, &response), "7 bytes for shape");
}

// An answer made into a request by its fields, which have the same types.
ModelInferRequest Echo(const ModelInferResponse& response) {
  ModelInferRequest request;
  for (const auto& output : response.outputs()) {
    auto& input = *request.add_inputs();
    input.set_name(output.name());
    input.set_datatype(output.datatype());
    *input.mutable_shape() = output.shape();
    if (output.has_contents()) *input.mutable_contents() = output.contents();
  }
  *request.mutable_raw_input_contents() = response.raw_output_contents();
  return request;
}

TEST(TensorCodecTest, RandomTensorsMakeTheTripThereAndBack) {
  constexpr DType kTypes[] = {DType::kBool, DType::kU8,  DType::kU16,
                              DType::kU32,  DType::kU64, DType::kI8,
                              DType::kI16,  DType::kI32, DType::kI64,
                              DType::kF32,  DType::kF64};
  std::mt19937 random(7);
  for (int i = 0; i < 5000; ++i) {
    Shape shape(random() % 4);
    for (int64_t& extent : shape) extent = random() % 5;
    HostTensor tensor(kTypes[random() % std::size(kTypes)], shape);
    const bool is_bool = tensor.dtype == DType::kBool;
    for (char& byte : tensor.bytes) byte = random() % (is_bool ? 2 : 256);
    ModelInferResponse response;

    EncodeOutput("t", tensor, /*raw=*/random() % 2 == 0, &response);
    ASSERT_OK_AND_ASSIGN(const HostTensor back, DecodeInput(Echo(response), 0));

    EXPECT_EQ(back.dtype, tensor.dtype);
    EXPECT_EQ(back.shape, tensor.shape);
    EXPECT_EQ(back.bytes, tensor.bytes);
  }
}

}  // namespace
}  // namespace transformerd
