#include "model/runtime/devices.h"

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

absl::StatusOr<std::string> Resolve(const std::string& names,
                                    const absl::StatusOr<int>& num_gpus) {
  const std::vector<std::string> list = absl::StrSplit(names, ',');
  absl::StatusOr<std::vector<Device>> devices = ResolveDevices(list, num_gpus);
  if (!devices.ok()) return devices.status();
  return absl::StrJoin(*devices, ",",
                       [](std::string* out, const Device& device) {
                         out->append(NameOf(device));
                       });
}

const absl::Status kNotBuilt = absl::UnimplementedError("not in this build");

TEST(DevicesTest, AutoIsEveryGpuOrTheCpu) {
  EXPECT_EQ(*Resolve("auto", 2), "cuda:0,cuda:1");
  EXPECT_EQ(*Resolve("auto", kNotBuilt), "cpu");
}

TEST(DevicesTest, EachNameIsAWorker) {
  EXPECT_EQ(*Resolve("cpu", kNotBuilt), "cpu");
  EXPECT_EQ(*Resolve("cpu,cpu", 2), "cpu,cpu");
  EXPECT_EQ(*Resolve("cuda:1,cuda:0", 2), "cuda:1,cuda:0");
  EXPECT_EQ(*Resolve("cuda", 3), "cuda:0,cuda:1,cuda:2");
}

TEST(DevicesTest, RefusesWithTheReason) {
  struct Case {
    const char* names;
    absl::StatusOr<int> num_gpus;
    const char* device;
    const char* reason;
  };
  const Case cases[] = {
      {"cuda:0", kNotBuilt, "\"cuda:0\"", "not in this build"},
      {"cuda", kNotBuilt, "\"cuda\"", "not in this build"},
      {"cuda:2", 2, "\"cuda:2\"", "expected at most \"cuda:1\""},
      {"cpu,tpu", 2, "\"tpu\"", "expected \"auto\""},
      {"auto,cpu", 2, "\"auto\"", "expected \"auto\""},
      {"cpu,cuda:0", 2, "\"cuda:0\"", "do not go together"},
      {"cuda:0,cpu", 2, "\"cpu\"", "do not go together"},
      {"cuda:1,cuda", 2, "\"cuda\"", "cuda:1 is there twice"},
  };
  for (const Case& c : cases) {
    EXPECT_THAT(Resolve(c.names, c.num_gpus),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr(c.device), HasSubstr(c.reason))))
        << c.names;
  }
}

}  // namespace
}  // namespace transformerd
