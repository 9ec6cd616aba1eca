#include "client/commands/error_report.h"

#include <string>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"

namespace transformerd {
namespace {

using ::testing::EndsWith;

std::string Describe(const absl::Status& status) {
  static const Command kLoad = {"load", "NAME", 1, "", {}, nullptr};
  CommandLine line;
  line.command = &kLoad;
  line.arguments = {"minilm"};
  line.connection.address = "host:1";
  line.connection.default_timeout = absl::Seconds(5);
  return DescribeFailure(status, line);
}

TEST(ErrorReportTest, AnUnreachableServerIsNamedWithItsFlag) {
  EXPECT_EQ(Describe(absl::UnavailableError("connection refused")),
            "transformerctl load: UNAVAILABLE: connection refused\n"
            "hint: nothing answers at host:1: start transformerd there, or "
            "name its address with --server=HOST:PORT; a server with TLS "
            "wants --tls, and may want --tls_cert and --tls_key\n");
}

TEST(ErrorReportTest, AServerThatIsNotBelievedIsToldApart) {
  EXPECT_EQ(
      Describe(absl::UnavailableError("Ssl handshake failed: SSL_ERROR_SSL: "
                                      "certificate verify failed")),
      "transformerctl load: UNAVAILABLE: Ssl handshake failed: "
      "SSL_ERROR_SSL: certificate verify failed\n"
      "hint: name the authority of the server's certificate with "
      "--tls_ca=FILE, and the host as the certificate does\n");
}

TEST(ErrorReportTest, ABusyServerSaysWhenToTryAgain) {
  EXPECT_EQ(Describe(WithRetryDelay(absl::UnavailableError("model is loading"),
                                    absl::Seconds(2))),
            "transformerctl load: UNAVAILABLE: model is loading\n"
            "hint: try again in 2s\n");
}

TEST(ErrorReportTest, ARefusedLoadShowsReasonReportAndRemedy) {
  const absl::Status status =
      WithFullReport(LoadError(Reason::kUnexpectedKey, "1 unexpected (a, ...)"),
                     "unexpected:\na\nb");

  EXPECT_EQ(Describe(status),
            "transformerctl load: FAILED_PRECONDITION (UNEXPECTED_KEY): 1 "
            "unexpected (a, ...)\n"
            "  unexpected:\n"
            "  a\n"
            "  b\n"
            "hint: --param strict=false loads what fits\n");
}

struct HintCase {
  absl::Status status;
  std::string end;
};

TEST(ErrorReportTest, CodesLeadToAHint) {
  const HintCase cases[] = {
      {absl::NotFoundError("x"),
       "hint: `transformerctl list` shows the models of this server\n"},
      {absl::DeadlineExceededError("x"),
       "hint: no answer within 5s: give more time with --timeout=DURATION\n"},
      {absl::UnimplementedError("x"),
       "hint: `transformerctl status` shows what this server can do\n"},
      {absl::InternalError("x"),
       "hint: this is a fault of the server: its log says more\n"},
      {absl::InvalidArgumentError("x"), "INVALID_ARGUMENT: x\n"},
  };
  for (const HintCase& c : cases) {
    EXPECT_THAT(Describe(c.status), EndsWith(c.end));
  }
}

TEST(ErrorReportTest, TheHintOfTheCommandComesFirst) {
  EXPECT_THAT(Describe(WithHint(absl::UnimplementedError("x"), "do y")),
              EndsWith(": x\nhint: do y\n"));
}

TEST(ErrorReportTest, MessagesCannotSteerTheTerminal) {
  EXPECT_THAT(Describe(absl::AbortedError("a\x1b[2J")), EndsWith("a [2J\n"));
}

}  // namespace
}  // namespace transformerd
