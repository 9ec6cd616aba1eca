#include "gtest/gtest.h"
#include "model/loading/in_process.h"
#include "tests/model/loading/load_fault_suite.h"

namespace transformerd {
namespace {

INSTANTIATE_TEST_SUITE_P(InProcess, LoadFaultTest,
                         testing::Values(TransportCase{MakeInProcessGroup, 1},
                                         TransportCase{MakeInProcessGroup, 2},
                                         TransportCase{MakeInProcessGroup, 4}));

}  // namespace
}  // namespace transformerd
