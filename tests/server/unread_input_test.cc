#include "server/unread_input.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

TEST(UnreadInputTest, IsThereUntilSomebodyReadsIt) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  EXPECT_FALSE(HasUnreadInput());
  ASSERT_EQ(write(ends[0], "call", 4), 4);
  EXPECT_TRUE(HasUnreadInput());
  char bytes[4];
  ASSERT_EQ(read(ends[1], bytes, 3), 3);
  EXPECT_TRUE(HasUnreadInput());
  ASSERT_EQ(read(ends[1], bytes, 1), 1);
  EXPECT_FALSE(HasUnreadInput());
  close(ends[0]);
  close(ends[1]);
}

TEST(UnreadInputTest, FilesAreNone) {
  const int file = open("/proc/self/exe", O_RDONLY);
  ASSERT_GE(file, 0);
  EXPECT_FALSE(HasUnreadInput());
  close(file);
}

}  // namespace
}  // namespace transformerd
