// The copies for client programs, linked beside the originals: the two do not
// clash and mean the same on the wire.
#include "google/protobuf/descriptor.h"
#include "gtest/gtest.h"
#include "proto/client_inference.grpc.pb.h"
#include "proto/client_rpc_details.pb.h"
#include "proto/inference.grpc.pb.h"
#include "proto/rpc_details.pb.h"

namespace transformerd {
namespace {

TEST(RenamedCopyTest, LiesInAPackageOfItsOwn) {
  EXPECT_EQ(oip::ModelInferRequest::descriptor()->full_name(),
            "transformerd.oip.ModelInferRequest");
  EXPECT_EQ(rpc::ErrorInfo::descriptor()->full_name(),
            "transformerd.rpc.ErrorInfo");
}

TEST(RenamedCopyTest, ReadsWhatTheOriginalWrites) {
  inference::ModelConfigResponse original;
  original.mutable_config()->set_max_batch_size(256);
  original.mutable_config()->add_input()->set_data_type(inference::TYPE_BF16);

  oip::ModelConfigResponse copy;
  ASSERT_TRUE(copy.ParseFromString(original.SerializeAsString()));

  EXPECT_EQ(copy.config().max_batch_size(), 256);
  EXPECT_EQ(copy.config().input(0).data_type(), oip::TYPE_BF16);
}

TEST(RenamedCopyTest, HasAllOfTheOriginalService) {
  const auto& original =
      *google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
          inference::GRPCInferenceService::service_full_name());
  const auto& copy =
      *google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
          "transformerd.oip.GRPCInferenceService");

  ASSERT_EQ(copy.method_count(), original.method_count());
  for (int i = 0; i < copy.method_count(); ++i) {
    EXPECT_EQ(copy.method(i)->name(), original.method(i)->name());
  }
}

}  // namespace
}  // namespace transformerd
