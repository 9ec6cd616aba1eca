#include "model/loading/in_process.h"

#include "gtest/gtest.h"
#include "tests/model/loading/transport_suite.h"

namespace transformerd {
namespace {

INSTANTIATE_TEST_SUITE_P(InProcess, TransportTest,
                         testing::Values(TransportCase{MakeInProcessGroup, 1},
                                         TransportCase{MakeInProcessGroup, 2},
                                         TransportCase{MakeInProcessGroup, 3},
                                         TransportCase{MakeInProcessGroup, 4},
                                         TransportCase{MakeInProcessGroup, 8}));

}  // namespace
}  // namespace transformerd
