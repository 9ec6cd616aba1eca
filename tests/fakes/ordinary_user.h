// A test that runs as root, without what root may do to files.
#pragma once

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gtest/gtest.h"

namespace transformerd {

// The thread that makes it obeys the permissions of files and folders until it
// is destroyed there; for users other than root that changes nothing.
class AsOrdinaryUser {
 public:
  AsOrdinaryUser() {
    EXPECT_EQ(syscall(SYS_capget, &header_, before_), 0);
    __user_cap_data_struct without[_LINUX_CAPABILITY_U32S_3] = {before_[0],
                                                                before_[1]};
    without[0].effective &=
        ~(CAP_TO_MASK(CAP_DAC_OVERRIDE) | CAP_TO_MASK(CAP_DAC_READ_SEARCH));
    EXPECT_EQ(syscall(SYS_capset, &header_, without), 0);
  }
  ~AsOrdinaryUser() { EXPECT_EQ(syscall(SYS_capset, &header_, before_), 0); }
  AsOrdinaryUser(const AsOrdinaryUser&) = delete;
  AsOrdinaryUser& operator=(const AsOrdinaryUser&) = delete;

 private:
  __user_cap_header_struct header_ = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct before_[_LINUX_CAPABILITY_U32S_3] = {};
};

}  // namespace transformerd
