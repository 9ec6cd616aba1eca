// What clients sent and this process has not looked at yet.
#pragma once

namespace transformerd {

// Whether any socket of this process has bytes that lie unread in the kernel.
// Standard input and output do not count. False where /proc is not mounted.
bool HasUnreadInput();

}  // namespace transformerd
