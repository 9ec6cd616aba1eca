// On the fake GPUs, which have 8 GiB each.
#include "model/runtime/device_room.h"

#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
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

const std::vector<Device> kDevices = {
    Device(), {DeviceKind::kCuda, 0}, {DeviceKind::kCuda, 1}};

TEST(DeviceRoomTest, GpusSayWhatTheyHave) {
  EXPECT_THAT(
      DeviceRoom().Free(kDevices),
      ElementsAre(Pair("cuda:0", Gt(1 << 30)), Pair("cuda:1", Gt(1 << 30))));
}

TEST(DeviceRoomTest, WhatIsNotFreeIsRefusedWithBothNumbers) {
  DeviceRoom room;
  const int64_t free = room.Free(kDevices).at("cuda:0");
  EXPECT_THAT(room.Reserve(kDevices, free), IsOk());
  EXPECT_THAT(
      room.Reserve(kDevices, free + 1).status(),
      AllOf(StatusIs(absl::StatusCode::kResourceExhausted,
                     AllOf(HasSubstr(" bytes on cuda:0"),
                           HasSubstr(absl::StrCat(free, " bytes are free")))),
            HasReason(Reason::kResourceLimit)));
}

TEST(DeviceRoomTest, ALimitIsForAllModelsOnADevice) {
  DeviceRoom room(/*limit_bytes=*/100);
  const DeviceRoom copy = room;
  ASSERT_OK_AND_ASSIGN(std::optional<DeviceRoom::Reservation> on_both,
                       room.Reserve(kDevices, 60));
  EXPECT_THAT(copy.Free(kDevices),
              ElementsAre(Pair("cuda:0", 40), Pair("cuda:1", 40)));
  ASSERT_OK_AND_ASSIGN(const DeviceRoom::Reservation on_one,
                       room.Reserve({kDevices[2]}, 40));

  EXPECT_THAT(room.Reserve(kDevices, 1).status(),
              AllOf(StatusIs(absl::StatusCode::kResourceExhausted,
                             HasSubstr("1 bytes on cuda:1: 0 of the 100 bytes "
                                       "of device_memory_limit are free")),
                    HasReason(Reason::kResourceLimit)));
  EXPECT_THAT(copy.Free(kDevices),
              ElementsAre(Pair("cuda:0", 40), Pair("cuda:1", 0)))
      << "a refusal holds nothing";
  on_both.reset();
  EXPECT_THAT(copy.Free(kDevices),
              ElementsAre(Pair("cuda:0", 100), Pair("cuda:1", 60)));
}

TEST(DeviceRoomTest, AReservationCanBeMovedAndOutlivesTheRoom) {
  std::optional<DeviceRoom> room(DeviceRoom(/*limit_bytes=*/100));
  const DeviceRoom copy = *room;
  DeviceRoom::Reservation kept;
  {
    ASSERT_OK_AND_ASSIGN(DeviceRoom::Reservation first,
                         room->Reserve(kDevices, 10));
    ASSERT_OK_AND_ASSIGN(kept, room->Reserve(kDevices, 30));
    kept = std::move(first);
  }
  room.reset();
  EXPECT_EQ(copy.Free(kDevices).at("cuda:1"), 90);
}

TEST(DeviceRoomTest, TheCpuIsAskedForElsewhere) {
  DeviceRoom room(/*limit_bytes=*/1);
  EXPECT_THAT(room.Reserve({Device()}, 100), IsOk());
}

}  // namespace
}  // namespace transformerd
