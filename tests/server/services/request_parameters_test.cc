#include "server/services/request_parameters.h"

#include <limits>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using inference::InferParameter;
using inference::ModelInferRequest;
using ::testing::HasSubstr;

ModelInferRequest With(const std::string& name, const InferParameter& value) {
  ModelInferRequest request;
  (*request.mutable_parameters())[name] = value;
  return request;
}

InferParameter Int64(int64_t value) {
  InferParameter parameter;
  parameter.set_int64_param(value);
  return parameter;
}

InferParameter Uint64(uint64_t value) {
  InferParameter parameter;
  parameter.set_uint64_param(value);
  return parameter;
}

InferParameter Text(const std::string& value) {
  InferParameter parameter;
  parameter.set_string_param(value);
  return parameter;
}

TEST(RequestParametersTest, NoneMeansDefaults) {
  ASSERT_OK_AND_ASSIGN(const RequestParameters parameters,
                       ReadRequestParameters({}));

  EXPECT_EQ(parameters.priority, 0u);
  EXPECT_EQ(parameters.timeout, std::nullopt);
  EXPECT_EQ(parameters.raw_outputs, std::nullopt);
}

TEST(RequestParametersTest, PriorityIsSignedOrUnsigned) {
  ASSERT_OK_AND_ASSIGN(const RequestParameters is_signed,
                       ReadRequestParameters(With("priority", Int64(3))));
  ASSERT_OK_AND_ASSIGN(const RequestParameters is_unsigned,
                       ReadRequestParameters(With("priority", Uint64(4))));

  EXPECT_EQ(is_signed.priority, 3u);
  EXPECT_EQ(is_unsigned.priority, 4u);
}

TEST(RequestParametersTest, TimeoutIsInMicroseconds) {
  ASSERT_OK_AND_ASSIGN(
      const RequestParameters parameters,
      ReadRequestParameters(With("timeout", Int64(1'500'000))));

  EXPECT_EQ(parameters.timeout, absl::Milliseconds(1500));
}

TEST(RequestParametersTest, TimeoutOfZeroIsNone) {
  ASSERT_OK_AND_ASSIGN(const RequestParameters parameters,
                       ReadRequestParameters(With("timeout", Int64(0))));

  EXPECT_EQ(parameters.timeout, std::nullopt);
}

TEST(RequestParametersTest, RefusesNegativeNumbers) {
  EXPECT_THAT(ReadRequestParameters(With("timeout", Int64(-1))),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("request parameter 'timeout' is -1")));
  EXPECT_THAT(
      ReadRequestParameters(
          With("priority", Int64(std::numeric_limits<int64_t>::min()))),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'priority'")));
}

TEST(RequestParametersTest, RefusesNumbersBeyondInt64) {
  EXPECT_THAT(ReadRequestParameters(With(
                  "timeout", Uint64(std::numeric_limits<uint64_t>::max()))),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("is 18446744073709551615, expected")));
}

TEST(RequestParametersTest, TakesTheLongestTimeout) {
  EXPECT_THAT(ReadRequestParameters(
                  With("timeout", Int64(std::numeric_limits<int64_t>::max()))),
              IsOk());
}

TEST(RequestParametersTest, RefusesWrongTypes) {
  EXPECT_THAT(ReadRequestParameters(With("timeout", Text("1s"))),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("'timeout': expected an integer")));
  EXPECT_THAT(ReadRequestParameters(With("binary_data_output", Int64(1))),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("'binary_data_output': expected a bool")));
  EXPECT_THAT(ReadRequestParameters(With("priority", InferParameter())),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(RequestParametersTest, IgnoresWhatItDoesNotKnow) {
  EXPECT_THAT(ReadRequestParameters(
                  With("triton_enable_empty_final_response", Text("yes"))),
              IsOk());
  EXPECT_THAT(ReadRequestParameters(With("sequence_id", Int64(7))), IsOk());
  EXPECT_THAT(ReadRequestParameters(With("mine", Text("x"))), IsOk());
}

TEST(RequestParametersTest, RefusesOutputsInSharedMemory) {
  ModelInferRequest request;
  auto* output = request.add_outputs();
  output->set_name("logits");
  (*output->mutable_parameters())["shared_memory_region"].set_string_param("x");

  EXPECT_THAT(CheckTensorParameters(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("output 'logits': parameter "
                                 "'shared_memory_region'")));
}

TEST(RequestParametersTest, RefusesClassification) {
  ModelInferRequest request;
  auto* output = request.add_outputs();
  output->set_name("logits");
  (*output->mutable_parameters())["classification"].set_int64_param(3);

  EXPECT_THAT(CheckTensorParameters(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("asks for a classification")));
}

TEST(RequestParametersTest, IgnoresOtherParametersOfTensors) {
  ModelInferRequest request;
  auto* input = request.add_inputs();
  (*input->mutable_parameters())["note"].set_string_param("x");

  EXPECT_THAT(CheckTensorParameters(request), IsOk());
}

}  // namespace
}  // namespace transformerd
