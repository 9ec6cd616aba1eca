#include "model/base/device.h"

#include "gtest/gtest.h"

namespace transformerd {
namespace {

TEST(DeviceTest, IsTheCpuByDefault) {
  EXPECT_TRUE(Device().is_cpu());
  EXPECT_EQ(NameOf(Device()), "cpu");
}

TEST(DeviceTest, NamesAreRead) {
  for (const char* name : {"cpu", "cuda:0", "cuda:12"}) {
    const std::optional<Device> device = DeviceFromName(name);
    ASSERT_TRUE(device.has_value()) << name;
    EXPECT_EQ(NameOf(*device), name);
  }
  EXPECT_EQ(DeviceFromName("cuda:3"), (Device{DeviceKind::kCuda, 3}));
}

TEST(DeviceTest, OtherNamesAreNone) {
  for (const char* name :
       {"", "cuda", "cuda:", "cuda:-1", "cuda:+1", "cuda:01", "cuda: 1",
        "cuda:1 ", "cuda:99999999999", "cpu:0", "CPU", "tpu"}) {
    EXPECT_EQ(DeviceFromName(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace transformerd
