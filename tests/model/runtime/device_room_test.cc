#include "model/runtime/device_room.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/fakes/fake_gpu.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(DeviceRoomTest, GpusSayWhatTheyHave) {
  const std::vector<Device> devices = {
      Device(), {DeviceKind::kCuda, 0}, {DeviceKind::kCuda, 1}};
  EXPECT_THAT(FreeBytesOf(devices), ElementsAre(Pair("cuda:0", Gt(1 << 30)),
                                                Pair("cuda:1", Gt(1 << 30))));
}

TEST(DeviceRoomTest, TheFirstDeviceWithoutRoomIsNamedWithBothNumbers) {
  const DeviceBytes free = {{"cuda:0", 100}, {"cuda:1", 99}};
  EXPECT_THAT(CheckRoom({{"cuda:0", 100}, {"cuda:1", 99}}, free), IsOk());
  EXPECT_THAT(CheckRoom({{"cuda:0", 100}, {"cuda:1", 100}}, free),
              AllOf(StatusIs(absl::StatusCode::kResourceExhausted,
                             AllOf(HasSubstr("100 bytes on cuda:1"),
                                   HasSubstr("99 bytes are free"))),
                    HasReason(Reason::kResourceLimit)));
}

TEST(DeviceRoomTest, ADeviceThatDoesNotSayHasEnough) {
  EXPECT_THAT(CheckRoom({{"cpu", 100}}, {}), IsOk());
}

}  // namespace
}  // namespace transformerd
