#include "client/commands/message_json.h"

#include "gtest/gtest.h"
#include "proto/model_service.pb.h"

namespace transformerd {
namespace {

using nlohmann::json;

TEST(MessageJsonTest, NumbersAreNumbersAndEnumsNames) {
  v1::LoadProgress progress;
  progress.set_phase(v1::STREAM);
  progress.set_bytes_done(int64_t{1} << 40);
  progress.set_bytes_per_second(2.5);
  progress.mutable_phase_time()->set_seconds(1);
  progress.mutable_phase_time()->set_nanos(500000000);

  const json object = AsJson(progress);

  EXPECT_EQ(object["phase"], "STREAM");
  EXPECT_EQ(object["bytes_done"], int64_t{1} << 40);
  EXPECT_EQ(object["tensors_done"], 0);
  EXPECT_EQ(object["bytes_per_second"], 2.5);
  EXPECT_EQ(object["phase_time"], 1.5);
  EXPECT_FALSE(object.contains("time_left"));
}

TEST(MessageJsonTest, ListsAndMapsKeepTheirForm) {
  v1::Model model;
  model.set_name("m");
  (*model.mutable_properties())["dtype"] = "F32";
  model.mutable_report()->add_warnings("careful");
  model.mutable_report()->add_phases()->set_phase(v1::PLAN);

  const json object = AsJson(model);

  EXPECT_EQ(object["properties"], json({{"dtype", "F32"}}));
  EXPECT_EQ(object["report"]["warnings"], json({"careful"}));
  EXPECT_EQ(object["report"]["phases"][0]["phase"], "PLAN");
  EXPECT_EQ(object["report"]["devices"], json::array());
}

}  // namespace
}  // namespace transformerd
