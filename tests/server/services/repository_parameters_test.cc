#include "server/services/repository_parameters.h"

#include <string>
#include <variant>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using inference::RepositoryModelLoadRequest;
using inference::RepositoryModelUnloadRequest;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(RepositoryParametersTest, ReadsEachType) {
  RepositoryModelLoadRequest request;
  auto& parameters = *request.mutable_parameters();
  parameters["dtype"].set_string_param("float32");
  parameters["strict"].set_bool_param(true);
  parameters["num_hidden_layers"].set_int64_param(3);

  ASSERT_OK_AND_ASSIGN(const LoadParameters read, ReadLoadParameters(request));

  EXPECT_THAT(read, UnorderedElementsAre(
                        Pair("dtype", LoadParameter(std::string("float32"))),
                        Pair("strict", LoadParameter(true)),
                        Pair("num_hidden_layers", LoadParameter(int64_t{3}))));
}

TEST(RepositoryParametersTest, RefusesBytes) {
  RepositoryModelLoadRequest request;
  (*request.mutable_parameters())["dtype"].set_bytes_param("float32");

  const absl::Status status = ReadLoadParameters(request).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               HasSubstr("parameter 'dtype' is bytes")));
  EXPECT_EQ(FieldOf(status), "dtype");
}

TEST(RepositoryParametersTest, LeavesFilesToBeRefusedByName) {
  RepositoryModelLoadRequest request;
  (*request.mutable_parameters())["file:1/model.bin"].set_bytes_param("x");

  ASSERT_OK_AND_ASSIGN(const LoadParameters read, ReadLoadParameters(request));

  EXPECT_EQ(read.count("file:1/model.bin"), 1u);
}

TEST(RepositoryParametersTest, RefusesAParameterWithoutValue) {
  RepositoryModelLoadRequest request;
  (*request.mutable_parameters())["dtype"];

  EXPECT_THAT(ReadLoadParameters(request),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("parameter 'dtype' has no value")));
}

TEST(RepositoryParametersTest, RefusesRepositoryNames) {
  RepositoryModelLoadRequest load;
  load.set_repository_name("hub");
  RepositoryModelUnloadRequest unload;
  unload.set_repository_name("hub");

  EXPECT_THAT(ReadLoadParameters(load),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("repository_name is 'hub'")));
  EXPECT_THAT(CheckUnloadRequest(unload),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(RepositoryParametersTest, UnloadTakesUnloadDependents) {
  RepositoryModelUnloadRequest request;
  (*request.mutable_parameters())["unload_dependents"].set_bool_param(true);

  EXPECT_THAT(CheckUnloadRequest(request), IsOk());
}

TEST(RepositoryParametersTest, UnloadRefusesAllElse) {
  RepositoryModelUnloadRequest text, unknown;
  (*text.mutable_parameters())["unload_dependents"].set_string_param("yes");
  (*unknown.mutable_parameters())["force"].set_bool_param(true);

  EXPECT_THAT(CheckUnloadRequest(text),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("expected a bool")));
  EXPECT_THAT(CheckUnloadRequest(unknown),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("parameter 'force' is unknown")));
}

}  // namespace
}  // namespace transformerd
