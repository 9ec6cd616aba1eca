#include "client/commands/load_progress.h"

#include <sstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

v1::WatchModelResponse Update(v1::LoadPhase phase, int64_t done, int64_t total,
                              int64_t phase_seconds = 0) {
  v1::WatchModelResponse update;
  update.set_model("m");
  update.set_version("1");
  update.set_operation(1);
  v1::LoadProgress& progress = *update.mutable_progress();
  progress.set_phase(phase);
  progress.set_bytes_done(done);
  progress.set_bytes_total(total);
  progress.mutable_phase_time()->set_seconds(phase_seconds);
  return update;
}

TEST(BytesTextTest, ScalesByThousands) {
  EXPECT_EQ(BytesText(0), "0 bytes");
  EXPECT_EQ(BytesText(999), "999 bytes");
  EXPECT_EQ(BytesText(1500), "1.5 kB");
  EXPECT_EQ(BytesText(90852864), "90.9 MB");
  EXPECT_EQ(BytesText(3100000000), "3.1 GB");
}

TEST(ProgressTextTest, TellsBytesRateAndTimeOfAStream) {
  v1::WatchModelResponse update = Update(v1::STREAM, 1900000000, 3100000000);
  update.mutable_progress()->set_bytes_per_second(1.8e9);
  update.mutable_progress()->mutable_time_left()->set_nanos(700000000);
  EXPECT_EQ(ProgressText(update.progress()),
            "stream 61 % 1.9/3.1 GB, 1.8 GB/s, 0.7 s left");
  EXPECT_EQ(ProgressText(Update(v1::WARM_UP, 1, 1).progress()), "warm_up");
  EXPECT_EQ(ProgressText(Update(v1::STREAM, 0, 0).progress()),
            "stream 0 % 0/0 bytes");
}

TEST(ProgressBarTest, FillsUp) {
  const std::string empty(24, '-'), full(24, '#');
  EXPECT_THAT(ProgressBar(Update(v1::PLAN, 0, 0).progress()),
              HasSubstr("[" + empty + "] plan"));
  EXPECT_THAT(ProgressBar(Update(v1::STREAM, 1, 2).progress()),
              HasSubstr("[############------------] stream 50 %"));
  EXPECT_THAT(ProgressBar(Update(v1::WARM_UP, 2, 2).progress()),
              HasSubstr("[" + full + "] warm_up"));
}

TEST(ProgressDisplayTest, OnATerminalOneLineChanges) {
  std::ostringstream out;
  {
    ProgressDisplay display(out, /*is_terminal=*/true);
    display.Show(Update(v1::STREAM, 1, 4));
    display.Show(Update(v1::STREAM, 2, 4));
  }
  EXPECT_THAT(out.str(), HasSubstr("stream 25 %"));
  EXPECT_THAT(out.str(), HasSubstr("stream 50 %"));
  EXPECT_THAT(out.str(), testing::Not(HasSubstr("\n")));
  EXPECT_THAT(out.str(), EndsWith("\r\033[K"));
}

TEST(ProgressDisplayTest, ElsewhereALineAPhaseAndOneEveryFewSeconds) {
  std::ostringstream out;
  ProgressDisplay display(out, /*is_terminal=*/false);
  display.Show(Update(v1::PLAN, 0, 4));
  display.Show(Update(v1::STREAM, 0, 4, /*phase_seconds=*/0));
  display.Show(Update(v1::STREAM, 1, 4, /*phase_seconds=*/1));
  display.Show(Update(v1::STREAM, 2, 4, /*phase_seconds=*/5));
  display.Show(Update(v1::STREAM, 3, 4, /*phase_seconds=*/9));
  EXPECT_EQ(out.str(),
            "model 'm' version 1: plan\n"
            "model 'm' version 1: stream 0 % 0/4 bytes\n"
            "model 'm' version 1: stream 50 % 2/4 bytes\n");
}

TEST(ProgressDisplayTest, ShowsNothingOfUpdatesWithoutProgress) {
  std::ostringstream out;
  v1::WatchModelResponse end = Update(v1::DONE, 4, 4);
  end.mutable_outcome()->set_code("OK");
  {
    ProgressDisplay display(out, /*is_terminal=*/true);
    display.Show(v1::WatchModelResponse());
    display.Show(end);
  }
  EXPECT_EQ(out.str(), "");
}

TEST(ProgressDisplayTest, WhatCouldSteerATerminalIsLeftOut) {
  std::ostringstream out;
  v1::WatchModelResponse update = Update(v1::PLAN, 0, 0);
  update.set_model("\033[2J");
  ProgressDisplay(out, /*is_terminal=*/false).Show(update);
  EXPECT_THAT(out.str(), testing::Not(HasSubstr("\033")));
}

}  // namespace
}  // namespace transformerd
