#include "proto/status_codec.h"

#include <string>

#include "absl/time/time.h"
#include "glog/logging.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "proto/rpc_details.pb.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::StartsWith;

google::rpc::Status DetailsOf(const grpc::Status& status) {
  google::rpc::Status details;
  CHECK(details.ParseFromString(status.error_details()));
  return details;
}

TEST(StatusCodecTest, EveryCodeMakesTheTripThereAndBack) {
  for (int code = 1; code <= 16; ++code) {
    const absl::Status status(static_cast<absl::StatusCode>(code), "why");

    const grpc::Status sent = ToGrpcStatus(status);

    EXPECT_EQ(static_cast<int>(sent.error_code()), code);
    EXPECT_EQ(FromGrpcStatus(sent), status);
  }
}

TEST(StatusCodecTest, OkStaysOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_THAT(FromGrpcStatus(grpc::Status::OK), IsOk());
}

TEST(StatusCodecTest, SendsNoDetailsWhereThereAreNone) {
  EXPECT_EQ(ToGrpcStatus(absl::NotFoundError("no model 'x'")).error_details(),
            "");
}

TEST(StatusCodecTest, RestoresWhatWasAttached) {
  absl::Status status = LoadError(Reason::kMissingKey, "does not fit");
  status = WithRetryDelay(status, absl::Milliseconds(2500));
  status = WithField(status, "input_ids");

  const absl::Status restored = FromGrpcStatus(ToGrpcStatus(status));

  EXPECT_THAT(restored,
              StatusIs(absl::StatusCode::kFailedPrecondition, "does not fit"));
  EXPECT_THAT(ReasonOf(restored), Optional(std::string("MISSING_KEY")));
  EXPECT_THAT(RetryDelayOf(restored), Optional(absl::Milliseconds(2500)));
  EXPECT_EQ(FieldOf(restored), "input_ids");
}

TEST(StatusCodecTest, RestoresEveryReason) {
  for (int i = 0; i <= static_cast<int>(Reason::kResourceLimit); ++i) {
    const Reason reason = static_cast<Reason>(i);
    EXPECT_THAT(FromGrpcStatus(ToGrpcStatus(LoadError(reason, "no"))),
                HasReason(reason));
  }
}

TEST(StatusCodecTest, SendsAReasonAsErrorInfo) {
  const google::rpc::Status details =
      DetailsOf(ToGrpcStatus(LoadError(Reason::kZipInvalid, "damaged")));

  EXPECT_EQ(details.code(), 9);
  EXPECT_EQ(details.message(), "damaged");
  ASSERT_EQ(details.details_size(), 1);
  EXPECT_EQ(details.details(0).type_url(),
            "type.googleapis.com/google.rpc.ErrorInfo");
  google::rpc::ErrorInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.reason(), "ZIP_INVALID");
  EXPECT_EQ(info.domain(), "transformerd");
}

TEST(StatusCodecTest, SendsADelayAsRetryInfo) {
  const google::rpc::Status details = DetailsOf(ToGrpcStatus(WithRetryDelay(
      absl::UnavailableError("loading"), absl::Milliseconds(1250))));

  google::rpc::RetryInfo info;
  ASSERT_TRUE(details.details(0).UnpackTo(&info));
  EXPECT_EQ(info.retry_delay().seconds(), 1);
  EXPECT_EQ(info.retry_delay().nanos(), 250000000);
}

TEST(StatusCodecTest, SendsNoNegativeOrEndlessDelays) {
  for (const auto& [given, seconds] :
       {std::pair(-absl::Seconds(5), int64_t{0}),
        // Nanoseconds in int64 end earlier than protobuf's Duration.
        std::pair(absl::InfiniteDuration(), int64_t{9223372036})}) {
    const google::rpc::Status details = DetailsOf(
        ToGrpcStatus(WithRetryDelay(absl::UnavailableError("x"), given)));

    google::rpc::RetryInfo info;
    ASSERT_TRUE(details.details(0).UnpackTo(&info));
    EXPECT_EQ(info.retry_delay().seconds(), seconds);
    EXPECT_GE(info.retry_delay().nanos(), 0);
  }
}

TEST(StatusCodecTest, SendsAFieldAsBadRequest) {
  const google::rpc::Status details = DetailsOf(ToGrpcStatus(
      WithField(absl::InvalidArgumentError("id 7 is too large"), "input_ids")));

  google::rpc::BadRequest bad;
  ASSERT_TRUE(details.details(0).UnpackTo(&bad));
  EXPECT_EQ(bad.field_violations(0).field(), "input_ids");
  EXPECT_EQ(bad.field_violations(0).description(), "id 7 is too large");
}

TEST(StatusCodecTest, KeepsTheFullReportInTheProcess) {
  const grpc::Status sent = ToGrpcStatus(
      WithFullReport(LoadError(Reason::kMissingKey, "short"), "secret"));

  EXPECT_THAT(sent.error_details(), Not(HasSubstr("secret")));
}

TEST(StatusCodecTest, MakesMessagesPrintable) {
  const grpc::Status sent = ToGrpcStatus(
      WithField(absl::InvalidArgumentError("name '\xFF\n'"), "\xFF"));

  EXPECT_EQ(sent.error_message(), "name '\\xff\\n'");
  EXPECT_EQ(DetailsOf(sent).message(), "name '\\xff\\n'");
}

// Message and details as they travel, but for base64.
size_t SizeOf(const grpc::Status& status) {
  size_t size = status.error_details().size();
  for (char byte : status.error_message()) {
    size += byte >= 0x20 && byte < 0x7F && byte != '%' ? 1 : 3;
  }
  return size;
}

TEST(StatusCodecTest, CutsLongMessagesWithAndWithoutDetails) {
  for (const std::string piece : {"a", "%", "\xE2\x82\xAC", "\n", "\xFF"}) {
    std::string text = "begins ";
    for (int i = 0; i < 10000; ++i) text += piece;
    absl::Status status = absl::FailedPreconditionError(text);

    const grpc::Status plain = ToGrpcStatus(status);
    status = WithReason(std::move(status), Reason::kMissingKey);
    status = WithField(WithRetryDelay(status, absl::Seconds(1)), text);
    const grpc::Status detailed = ToGrpcStatus(status);

    for (const grpc::Status& sent : {plain, detailed}) {
      EXPECT_LE(SizeOf(sent), kMaxStatusBytes);
      EXPECT_GT(SizeOf(sent), kMaxStatusBytes / 2);
      EXPECT_THAT(sent.error_message(),
                  AllOf(StartsWith("begins "), EndsWith("...")));
    }
    EXPECT_EQ(DetailsOf(detailed).message(), detailed.error_message());
  }
}

TEST(StatusCodecTest, LeavesMessagesThatFitWhole) {
  const std::string text(1700, 'k');

  EXPECT_EQ(ToGrpcStatus(LoadError(Reason::kMissingKey, text)).error_message(),
            text);
}

TEST(FromGrpcStatusTest, PassesOverDetailsThatItDoesNotKnow) {
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  info.set_reason("MISSING_KEY");
  info.set_domain("example.com");
  details.add_details()->PackFrom(info);
  details.add_details()->set_type_url("type.googleapis.com/example.Detail");
  google::protobuf::Any& damaged = *details.add_details();
  damaged.set_type_url("type.googleapis.com/google.rpc.RetryInfo");
  damaged.set_value("\xFF");

  const absl::Status status = FromGrpcStatus(
      grpc::Status(grpc::ABORTED, "why", details.SerializeAsString()));

  EXPECT_EQ(status, absl::AbortedError("why"));
}

TEST(FromGrpcStatusTest, PassesOverDamagedDetails) {
  EXPECT_EQ(FromGrpcStatus(grpc::Status(grpc::ABORTED, "why", "\xFF\xFF")),
            absl::AbortedError("why"));
}

TEST(FromGrpcStatusTest, TakesUndefinedCodesForUnknown) {
  EXPECT_EQ(
      FromGrpcStatus(grpc::Status(static_cast<grpc::StatusCode>(99), "?")),
      absl::UnknownError("?"));
}

TEST(FromGrpcStatusTest, MakesMessagesPrintable) {
  EXPECT_EQ(FromGrpcStatus(grpc::Status(grpc::ABORTED, "\x1B[31m")),
            absl::AbortedError("\\x1b[31m"));
}

}  // namespace
}  // namespace transformerd
