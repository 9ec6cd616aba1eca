#include "server/flags.h"

#include <string>
#include <vector>

#include "absl/flags/reflection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/flag_definitions.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const char kRepository[] = "--model_repository=/models";

// Reads with the required flag in place; Abseil's flags are restored after.
absl::StatusOr<Flags> Read(std::vector<std::string> arguments,
                           const Environment& environment = {}) {
  const absl::FlagSaver saver;
  arguments.push_back(kRepository);
  return ReadFlags(arguments, environment);
}

TEST(FlagsTest, DefaultsAreThoseOfTheInterface) {
  ASSERT_OK_AND_ASSIGN(const Flags flags, Read({}));
  const ServerOptions& server = flags.server;
  EXPECT_EQ(server.repository.root, "/models");
  EXPECT_FALSE(server.repository.allow_control);
  EXPECT_EQ(server.repository.readiness, ReadinessPolicy::kAll);
  EXPECT_EQ(server.repository.host_memory_limit_bytes, 0);
  EXPECT_THAT(server.load_at_start, ElementsAre("*"));
  EXPECT_EQ(server.grpc_address, "127.0.0.1");
  EXPECT_EQ(server.grpc_port, 8001);
  EXPECT_EQ(server.metrics_port, 8002);
  EXPECT_EQ(server.health_port, std::nullopt);
  EXPECT_TRUE(server.enable_reflection);
  EXPECT_EQ(server.max_connection_age, absl::InfiniteDuration());
  EXPECT_EQ(server.default_request_timeout, absl::Seconds(60));
  EXPECT_EQ(server.max_request_bytes, int64_t{1} << 30);
  EXPECT_EQ(server.drain_delay, absl::Seconds(5));
  EXPECT_EQ(server.drain_timeout, absl::Seconds(30));
  EXPECT_EQ(server.watchdog_timeout, absl::Seconds(60));
  EXPECT_FALSE(server.security.has_tls());
  EXPECT_FALSE(server.security.knows_clients());
  EXPECT_EQ(flags.log_format, LogFormat::kText);
  EXPECT_THAT(flags.workers.devices, ElementsAre("auto"));
  EXPECT_EQ(flags.workers.load_bandwidth_limit, 0);
  EXPECT_EQ(flags.workers.device_memory_limit, 0);
  EXPECT_TRUE(flags.workers.engine.cuda_graphs);
  EXPECT_EQ(flags.workers.replicas.cpu_replicas, CpuReplicas::kAuto);
  EXPECT_EQ(flags.workers.replicas.transport, std::nullopt);
  EXPECT_EQ(flags.workers.replicas.loading_strategy,
            LoadingStrategy::kMemoryEfficient);
}

TEST(FlagsTest, ServingDefaultsAreThoseOfTheInterface) {
  ASSERT_OK_AND_ASSIGN(const Flags flags, Read({}));
  const ServingOptions& serving = flags.server.repository.defaults.serving;
  EXPECT_EQ(serving.max_batch_tokens, 16384);
  EXPECT_EQ(serving.max_batch_requests, 256);
  EXPECT_EQ(serving.max_queue_requests, 4096);
  EXPECT_EQ(serving.max_queue_tokens, 1048576);
  EXPECT_EQ(serving.max_queue_delay, absl::ZeroDuration());
}

TEST(FlagsTest, TakesEachWayOfWriting) {
  ASSERT_OK_AND_ASSIGN(
      const Flags flags,
      Read({"--grpc_port=0", "--metrics_port", "9", "-drain_delay=0s",
            "--noenable_reflection", "--devices", "cpu,cpu"}));
  EXPECT_EQ(flags.server.grpc_port, 0);
  EXPECT_EQ(flags.server.metrics_port, 9);
  EXPECT_EQ(flags.server.drain_delay, absl::ZeroDuration());
  EXPECT_FALSE(flags.server.enable_reflection);
  EXPECT_THAT(flags.workers.devices, ElementsAre("cpu", "cpu"));
}

TEST(FlagsTest, TakesFilesForTlsAndTokens) {
  ASSERT_OK_AND_ASSIGN(
      const Flags flags,
      Read({"--tls_cert_file=cert", "--tls_key_file=key",
            "--tls_client_ca_file=ca", "--auth_token_file=tokens"}));
  const SecurityOptions& security = flags.server.security;
  EXPECT_EQ(security.tls.certificate, "cert");
  EXPECT_EQ(security.tls.key, "key");
  EXPECT_EQ(security.tls.client_ca, "ca");
  EXPECT_EQ(security.auth_token_file, "tokens");
}

TEST(FlagsTest, ACertificateNeedsItsKey) {
  for (const char* flag : {"--tls_cert_file=a", "--tls_key_file=a"}) {
    EXPECT_THAT(Read({flag}), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("need each other")));
  }
  EXPECT_THAT(Read({"--tls_client_ca_file=a"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("needs --tls_cert_file")));
}

TEST(FlagsTest, TakesTheFormatOfTheLog) {
  ASSERT_OK_AND_ASSIGN(const Flags flags, Read({"--log_format=json"}));
  EXPECT_EQ(flags.log_format, LogFormat::kJson);
  EXPECT_THAT(Read({"--log_format=xml"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("expected text or json")));
}

TEST(FlagsTest, TakesHowWeightsAreLoaded) {
  ASSERT_OK_AND_ASSIGN(
      const Flags flags,
      Read({"--transport=gloo", "--cpu_replicas=private", "--devices=cuda:1",
            "--loading_strategy=Free_For_All"}));
  EXPECT_EQ(flags.workers.replicas.transport, TransportKind::kGloo);
  EXPECT_EQ(flags.workers.replicas.cpu_replicas, CpuReplicas::kPrivate);
  EXPECT_EQ(flags.workers.replicas.loading_strategy,
            LoadingStrategy::kFreeForAll);
  EXPECT_THAT(flags.workers.devices, ElementsAre("cuda:1"));
}

TEST(FlagsTest, TheLastOfTwoEqualFlagsCounts) {
  ASSERT_OK_AND_ASSIGN(const Flags flags,
                       Read({"--grpc_port=1", "--grpc_port=2"}));
  EXPECT_EQ(flags.server.grpc_port, 2);
}

TEST(FlagsTest, ExplicitModeLoadsWhatIsListed) {
  ASSERT_OK_AND_ASSIGN(const Flags flags, Read({"--model_control_mode=explicit",
                                                "--load_model=a, b,,c"}));
  EXPECT_TRUE(flags.server.repository.allow_control);
  EXPECT_THAT(flags.server.load_at_start, ElementsAre("a", "b", "c"));
}

TEST(FlagsTest, ExplicitModeLoadsNothingByItself) {
  ASSERT_OK_AND_ASSIGN(const Flags flags,
                       Read({"--model_control_mode=explicit"}));
  EXPECT_THAT(flags.server.load_at_start, IsEmpty());
}

TEST(FlagsTest, TheEnvironmentCountsWhereThereIsNoFlag) {
  ASSERT_OK_AND_ASSIGN(
      const Flags flags,
      Read({"--grpc_port=1"}, {{"TRANSFORMERD_GRPC_PORT", "2"},
                               {"TRANSFORMERD_METRICS_PORT", "3"},
                               {"TRANSFORMERD_ENABLE_REFLECTION", "false"}}));
  EXPECT_EQ(flags.server.grpc_port, 1);
  EXPECT_EQ(flags.server.metrics_port, 3);
  EXPECT_FALSE(flags.server.enable_reflection);
}

TEST(FlagsTest, EmptyAndForeignVariablesAreIgnored) {
  EXPECT_THAT(Read({}, {{"TRANSFORMERD_GRPC_PORT", ""},
                        {"TRANSFORMERD_SERVICE_HOST", "10.0.0.1"},
                        {"TRANSFORMERD_PORT", "tcp://10.0.0.1:8001"}}),
              IsOk());
}

TEST(FlagsTest, TellsWhatDiffersAndWhereItCameFrom) {
  ASSERT_OK_AND_ASSIGN(const Flags flags,
                       Read({"--grpc_port=5", "--metrics_port=8002"},
                            {{"TRANSFORMERD_DRAIN_DELAY", "1s"}}));
  std::vector<std::string> settings;
  for (const Flags::Setting& setting : flags.settings) {
    settings.push_back(setting.name + "=" + setting.value + " from " +
                       setting.source);
  }
  EXPECT_THAT(settings,
              ElementsAre("model_repository=/models from command line",
                          "grpc_port=5 from command line",
                          "drain_delay=1s from environment"));
}

TEST(FlagsTest, TheRepositoryIsRequired) {
  const absl::FlagSaver saver;
  EXPECT_THAT(ReadFlags({}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--model_repository is required")));
}

TEST(FlagsTest, HelpAndVersionNeedNoRepository) {
  const absl::FlagSaver saver;
  EXPECT_TRUE(ReadFlags({"--help"}, {})->show_help);
  EXPECT_TRUE(ReadFlags({"--version"}, {})->show_version);
}

TEST(FlagsTest, HelpNamesEveryFlag) {
  const std::string help = FlagsHelp();
  for (const absl::string_view name : FlagNames()) {
    EXPECT_THAT(help, HasSubstr("  --" + std::string(name) + "\n"));
  }
}

TEST(FlagsTest, EachFlagThatIsNotThereYetIsRefused) {
  for (const absl::string_view name : UnsupportedFlagNames()) {
    const std::string value = IsBoolFlag(name)                      ? "true"
                              : ExpectedValue(name) == "an integer" ? "1"
                                                                    : "x";
    EXPECT_THAT(Read({"--" + std::string(name) + "=" + value}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("not supported by this version")))
        << name;
  }
}

struct BadFlags {
  std::vector<std::string> arguments;
  std::string message;
};

class BadFlagsTest : public ::testing::TestWithParam<BadFlags> {};

TEST_P(BadFlagsTest, AreRefusedInOneLine) {
  const auto flags = Read(GetParam().arguments);
  EXPECT_THAT(flags, StatusIs(absl::StatusCode::kInvalidArgument,
                              HasSubstr(GetParam().message)));
  EXPECT_THAT(std::string(flags.status().message()), Not(HasSubstr("\n")));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadFlagsTest,
    ::testing::Values(
        BadFlags{{"--grpc_prt=1"}, "did you mean --grpc_port?"},
        BadFlags{{"--banana"}, "unknown flag '--banana'"},
        BadFlags{{"--ban\nana"}, "unknown flag"},
        BadFlags{{"models"}, "unexpected argument 'models'"},
        BadFlags{{"--undefok=banana"}, "unknown flag"},
        BadFlags{{"--nogrpc_port"}, "unknown flag"},
        BadFlags{{"--noenable_reflection=true"}, "takes no value"},
        BadFlags{{"--grpc_port=x"},
                 "flag --grpc_port is 'x', expected an integer"},
        BadFlags{{"--grpc_port=65536"}, "a port from 0 to 65535"},
        BadFlags{{"--grpc_port=-1"}, "a port from 0 to 65535"},
        BadFlags{{"--grpc_port=8002"},
                 "--grpc_port and --metrics_port are both 8002"},
        BadFlags{{"--health_port=8001"}, "are both 8001"},
        BadFlags{{"--model_control_mode=poll"}, "not supported"},
        BadFlags{{"--model_control_mode=all"}, "expected none or explicit"},
        BadFlags{{"--load_model=a"},
                 "--load_model needs --model_control_mode=explicit"},
        BadFlags{{"--readiness=some"}, "expected all or any"},
        BadFlags{{"--metrics_compat=other"}, "expected triton or nothing"},
        BadFlags{{"--dtype=float31"}, "flag --dtype is \"float31\""},
        BadFlags{{"--devices=auto,cpu"}, "expected auto, cuda, or a list"},
        BadFlags{{"--devices=cpu,"}, "expected auto, cuda, or a list"},
        BadFlags{{"--devices="}, "expected auto, cuda, or a list"},
        BadFlags{{"--threads_per_worker=-1"}, "from 0 to 1024"},
        BadFlags{{"--load_bandwidth_limit=-1"}, "expected 0 or more"},
        BadFlags{{"--device_memory_limit=-1"}, "expected 0 or more"},
        BadFlags{{"--transport=pigeon"}, "expected auto, in_process, gloo or"},
        BadFlags{{"--loading_strategy=greedy"}, "or free_for_all"},
        BadFlags{{"--transport=gloo", "--cpu_replicas=shared"},
                 "transport=gloo contradicts cpu_replicas=shared"},
        BadFlags{{"--loading_strategy=free_for_all", "--cpu_replicas=shared"},
                 "free_for_all contradicts cpu_replicas=shared"},
        BadFlags{{"--cpu_replicas=some"}, "expected auto, shared or private"},
        BadFlags{{"--max_batch_tokens=0"}, "expected an integer from 1"},
        BadFlags{{"--max_batch_requests=3000000000"}, "to 2147483647"},
        BadFlags{{"--max_queue_delay=-1ms"}, "from 0s on"},
        BadFlags{{"--max_queue_delay=5"}, "expected a duration"},
        BadFlags{{"--drain_timeout=inf"}, "from 0s on"},
        BadFlags{{"--watchdog_timeout=0s"}, "expected more"},
        BadFlags{{"--default_request_timeout=0s"}, "more than 0s"},
        BadFlags{{"--max_request_bytes=0"}, "from 1 to 2147483647"},
        BadFlags{{"--host_memory_limit=-1"}, "from 0 to"},
        BadFlags{{"--enable_reflection=maybe"}, "expected true or false"}));

TEST(FlagsTest, ABadVariableIsNamed) {
  EXPECT_THAT(Read({}, {{"TRANSFORMERD_GRPC_PORT", "tcp://10.0.0.1:8001"}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("variable TRANSFORMERD_GRPC_PORT is "
                                 "'tcp://10.0.0.1:8001'")));
}

TEST(FlagsTest, AFlagWithoutItsValueIsRefused) {
  const absl::FlagSaver saver;
  EXPECT_THAT(ReadFlags({"--grpc_port"}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--grpc_port has no value")));
}

}  // namespace
}  // namespace transformerd
