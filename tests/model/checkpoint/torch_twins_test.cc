// The golden files of torch.save against what Python's own zipfile and pickle
// read from them, which lies in tests/testdata/twins as safetensors.
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/host_tensor.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/safetensors.h"
#include "tests/fakes/read_tensor.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

std::map<std::string, HostTensor> ReadAll(const CheckpointReader& reader) {
  std::map<std::string, HostTensor> tensors;
  for (const CheckpointEntry& entry : reader.entries()) {
    HostTensor& tensor = tensors[entry.key];
    tensor = HostTensor(entry.dtype, entry.shape);
    const auto bytes = ReadTensor(reader, entry);
    EXPECT_THAT(bytes, IsOk());
    tensor.bytes = bytes.value_or("");
  }
  return tensors;
}

class TorchTwinsTest : public testing::TestWithParam<const char*> {};

TEST_P(TorchTwinsTest, HoldsTheSameTensors) {
  const std::string name = GetParam();
  ASSERT_OK_AND_ASSIGN(
      const auto reader,
      OpenCheckpoint("tests/testdata/goldens/" + name + "/model"));
  ASSERT_OK_AND_ASSIGN(
      const auto twin,
      OpenSafetensors("tests/testdata/twins/" + name + ".safetensors"));

  const auto got = ReadAll(*reader), want = ReadAll(*twin);

  ASSERT_FALSE(want.empty());
  EXPECT_EQ(got.size(), want.size());
  for (const auto& [key, tensor] : want) {
    const auto found = got.find(key);
    ASSERT_NE(found, got.end()) << key;
    EXPECT_EQ(found->second.dtype, tensor.dtype) << key;
    EXPECT_EQ(found->second.shape, tensor.shape) << key;
    EXPECT_EQ(found->second.bytes, tensor.bytes) << key;
  }
}

INSTANTIATE_TEST_SUITE_P(All, TorchTwinsTest,
                         testing::Values("bert_bin_bf16", "bert_bin_legacy",
                                         "bert_bin_params", "bert_bin_sharded",
                                         "bert_bin_views", "bert_bin_zip"),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace transformerd
