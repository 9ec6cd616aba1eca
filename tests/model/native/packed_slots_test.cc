#include "model/native/packed_slots.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/shape.h"
#include "model/kernels/layout.h"
#include "model/kernels/pack.h"
#include "model/kernels/quantize_weight.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::Contains;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

// No size of it is a whole number of panels or vectors.
Architecture OddArchitecture() {
  Architecture architecture;
  architecture.vocab_size = 11;
  architecture.hidden_size = 6;
  architecture.stack.num_hidden_layers = 1;
  architecture.stack.num_attention_heads = 2;
  architecture.stack.head_size = 3;
  architecture.stack.intermediate_size = 53;
  architecture.stack.block.mlp.bias = false;
  return architecture;
}

std::vector<std::string> NamesOf(const std::vector<PackedSlot>& slots) {
  std::vector<std::string> names;
  for (const PackedSlot& packed : slots) names.push_back(packed.slot->name());
  return names;
}

const PackedSlot& Find(const std::vector<PackedSlot>& slots,
                       const std::string& name) {
  const auto found = std::find_if(
      slots.begin(), slots.end(),
      [&](const PackedSlot& packed) { return packed.slot->name() == name; });
  CHECK(found != slots.end()) << name;
  return *found;
}

// Bytes that no two neighbours of any dtype have alike.
std::vector<std::byte> NumberedBytes(int64_t size) {
  std::vector<std::byte> bytes(size);
  for (int64_t i = 0; i < size; ++i) bytes[i] = std::byte(i * 7 % 251);
  return bytes;
}

std::vector<std::byte> PackedForm(const PackedSlot& packed,
                                  const std::byte* plain) {
  const DType dtype = packed.slot->dtype();
  const int64_t plain_bytes = packed.out * packed.in * BytesOf(dtype);
  const int64_t packed_bytes =
      kernels::PackedBytes(packed.out, packed.in, packed.dtype);
  std::vector<std::byte> storage(std::max(plain_bytes, packed_bytes));
  std::memcpy(storage.data(), plain, plain_bytes);
  const auto pack = packed.dtype == DType::kI8 ? kernels::QuantizeInPlace
                                               : kernels::PackInPlace;
  pack({packed.out, packed.in, dtype, packed.in_out}, storage.data());
  storage.resize(packed_bytes);
  return storage;
}

TEST(PackedSlotsTest, AreTheWeightsOfLinears) {
  const Architecture architecture = OddArchitecture();
  const Transformer transformer(architecture, DType::kF32);

  EXPECT_THAT(
      NamesOf(PackedSlotsOf(architecture, transformer)),
      UnorderedElementsAre(
          "layers.0.attention.query.weight", "layers.0.attention.key.weight",
          "layers.0.attention.value.weight", "layers.0.attention.output.weight",
          "layers.0.mlp.up.weight", "layers.0.mlp.down.weight"));
}

TEST(PackedSlotsTest, AreThoseOfPoolerHeadAndDecoderToo) {
  Architecture architecture = OddArchitecture();
  architecture.pooler = true;
  architecture.head.kind = HeadKind::kSequenceClassification;
  architecture.num_labels = 3;
  architecture.decoder = architecture.stack;
  architecture.decoder->block.cross_attention = true;
  const Transformer transformer(architecture, DType::kF32);

  const std::vector<std::string> names =
      NamesOf(PackedSlotsOf(architecture, transformer));

  EXPECT_THAT(names, Contains("pooler.dense.weight"));
  EXPECT_THAT(names, Contains("head.sequence_classifier.weight"));
  EXPECT_THAT(names, Contains("decoder.layers.0.mlp.up.weight"));
  EXPECT_THAT(names, Contains("decoder.layers.0.cross_attention.key.weight"));
}

TEST(PackedSlotsTest, AreThoseOfDistancesAndConvolutionsToo) {
  Architecture architecture = OddArchitecture();
  DisentangledRecipe& distances = architecture.stack.disentangled.emplace();
  distances.content_to_position = true;
  distances.position_to_content = true;
  ConvolutionRecipe& convolution = architecture.stack.convolution.emplace();
  convolution.kernel_size = 5;
  convolution.groups = 3;
  const Transformer transformer(architecture, DType::kF32);

  // What is read once, or stands once in a model, does not become I8.
  const std::vector<PackedSlot> slots =
      PackedSlotsOf(architecture, transformer, /*int8=*/true);

  for (const char* const name : {"position_key", "position_query"}) {
    const PackedSlot& packed =
        Find(slots, absl::StrCat("layers.0.attention.", name, ".weight"));
    EXPECT_EQ(packed.dtype, DType::kF32) << name;
  }
  const PackedSlot& groups = Find(slots, "convolution.weight");
  EXPECT_EQ(groups.parts, 3);
  EXPECT_EQ(groups.out, 2);
  EXPECT_EQ(groups.in, 2 * 5);
  EXPECT_EQ(groups.dtype, DType::kF32);
}

TEST(PackedSlotsTest, AreNotWhatMayShareATable) {
  Architecture architecture = OddArchitecture();
  architecture.head.kind = HeadKind::kCausalLm;
  const std::string output = "head.decoder.weight";
  architecture.tie_word_embeddings = false;
  const Transformer untied(architecture, DType::kF32);
  EXPECT_THAT(NamesOf(PackedSlotsOf(architecture, untied)), Contains(output));

  architecture.tie_word_embeddings = true;

  const Transformer tied(architecture, DType::kF32);
  EXPECT_THAT(NamesOf(PackedSlotsOf(architecture, tied)),
              Not(Contains(output)));
}

TEST(PackedSlotsTest, AFusedGateHasTwoParts) {
  Architecture architecture = OddArchitecture();
  architecture.stack.block.mlp.kind = MlpKind::kGatedFused;
  const Transformer transformer(architecture, DType::kBF16);
  const std::vector<PackedSlot> slots =
      PackedSlotsOf(architecture, transformer);

  const PackedSlot& gate_up = Find(slots, "layers.0.mlp.gate_up.weight");

  EXPECT_EQ(gate_up.parts, 2);
  EXPECT_EQ(gate_up.out, 53);
  EXPECT_EQ(gate_up.in, 6);
  // 53 outputs are filled up to 64, 6 inputs to a panel of 64 bytes.
  EXPECT_EQ(PackedPartOffset(gate_up, 1), 64 * 64);
  EXPECT_EQ(PackedBytes(gate_up), 2 * 64 * 64);
}

TEST(PackedSlotsTest, EachPartIsPackedByItselfWhereItLies) {
  for (const bool in_out : {false, true}) {
    for (const DType dtype : {DType::kF32, DType::kBF16}) {
      Architecture architecture = OddArchitecture();
      architecture.stack.block.weights_in_out = in_out;
      // Parts are cut from [out, in] alone.
      if (!in_out) architecture.stack.block.mlp.kind = MlpKind::kGatedFused;
      const Transformer transformer(architecture, dtype);
      const std::vector<PackedSlot> slots =
          PackedSlotsOf(architecture, transformer);
      ReservePackedSlots(slots);
      std::vector<std::vector<std::byte>> storages;
      for (const PackedSlot& packed : slots) {
        EXPECT_EQ(packed.in_out, in_out);
        ASSERT_EQ(packed.slot->reserved_bytes(), PackedBytes(packed));
        storages.push_back(NumberedBytes(PackedBytes(packed)));
        packed.slot->Fill(storages.back().data());
      }
      const std::vector<std::vector<std::byte>> plain = storages;

      ASSERT_THAT(PackSlots(slots, LoadControl()), IsOk());

      for (size_t i = 0; i < slots.size(); ++i) {
        std::vector<std::byte> want;
        for (int part = 0; part < slots[i].parts; ++part) {
          const std::vector<std::byte> packed = PackedForm(
              slots[i], plain[i].data() +
                            part * slots[i].out * slots[i].in * BytesOf(dtype));
          want.insert(want.end(), packed.begin(), packed.end());
        }
        EXPECT_EQ(storages[i], want) << slots[i].slot->name();
      }
    }
  }
}

TEST(PackedSlotsTest, InInt8AreTheBlocksButForTheirRouters) {
  Architecture architecture = OddArchitecture();
  architecture.pooler = true;
  architecture.stack.block.mlp.num_experts = 2;
  architecture.decoder = architecture.stack;
  architecture.decoder->block.cross_attention = true;
  const Transformer transformer(architecture, DType::kBF16);

  std::vector<std::string> others;
  for (const PackedSlot& packed :
       PackedSlotsOf(architecture, transformer, /*int8=*/true)) {
    if (packed.dtype == DType::kI8) continue;
    EXPECT_EQ(packed.dtype, DType::kBF16);
    others.push_back(packed.slot->name());
  }

  EXPECT_THAT(others, UnorderedElementsAre("layers.0.router.weight",
                                           "decoder.layers.0.router.weight",
                                           "pooler.dense.weight"));
}

// Narrow inputs make the packed form longer than the plain one, wide ones
// shorter.
TEST(PackedSlotsTest, EachPartIsQuantizedByItselfWhereItLies) {
  for (const int64_t hidden_size : {6, 200}) {
    Architecture architecture = OddArchitecture();
    architecture.hidden_size = hidden_size;
    architecture.stack.block.mlp.kind = MlpKind::kGatedFused;
    const Transformer transformer(architecture, DType::kBF16);
    const PackedSlot gate_up =
        Find(PackedSlotsOf(architecture, transformer, /*int8=*/true),
             "layers.0.mlp.gate_up.weight");
    ASSERT_EQ(gate_up.dtype, DType::kI8);
    ReservePackedSlots({gate_up});
    const int64_t plain_bytes = gate_up.slot->size_bytes();
    std::vector<std::byte> storage =
        NumberedBytes(std::max(plain_bytes, gate_up.slot->reserved_bytes()));
    gate_up.slot->Fill(storage.data());
    const std::vector<std::byte> plain = storage;
    ASSERT_EQ(PackedBytes(gate_up) > plain_bytes, hidden_size == 6);

    ASSERT_THAT(PackSlots({gate_up}, LoadControl()), IsOk());

    std::vector<std::byte> want = PackedForm(gate_up, plain.data());
    const std::vector<std::byte> second =
        PackedForm(gate_up, plain.data() + plain_bytes / 2);
    want.insert(want.end(), second.begin(), second.end());
    storage.resize(want.size());
    EXPECT_EQ(storage, want);
  }
}

TEST(PackedSlotsTest, WhatTheCheckpointLacksIsLeftAlone) {
  Architecture architecture = OddArchitecture();
  architecture.pooler = architecture.pooler_optional = true;
  const Transformer transformer(architecture, DType::kF32);
  const PackedSlot pooler =
      Find(PackedSlotsOf(architecture, transformer), "pooler.dense.weight");

  ASSERT_THAT(PackSlots({pooler}, LoadControl()), IsOk());

  EXPECT_FALSE(pooler.slot->is_filled());
}

TEST(PackedSlotsTest, ACancelledLoadStopsBeforeTheNextSlot) {
  const Transformer transformer(OddArchitecture(), DType::kF32);
  const std::vector<PackedSlot> slots =
      PackedSlotsOf(OddArchitecture(), transformer);
  std::vector<std::byte> storage = NumberedBytes(PackedBytes(slots.front()));
  const std::vector<std::byte> plain = storage;
  slots.front().slot->Fill(storage.data());
  LoadControl control;
  control.Cancel(absl::CancelledError("asked to"));

  EXPECT_THAT(PackSlots(slots, control),
              StatusIs(absl::StatusCode::kCancelled, "asked to"));
  EXPECT_EQ(storage, plain);
}

}  // namespace
}  // namespace transformerd
