#include "client/commands/tensor_element.h"

#include <cmath>
#include <cstring>
#include <string>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

// A tensor of one element with these bits.
template <typename T>
Tensor OneElement(DType dtype, T value) {
  HostTensor tensor(dtype, {1});
  std::memcpy(tensor.bytes.data(), &value, sizeof(value));
  return tensor;
}

double FloatAt(const Tensor& tensor) {
  return std::get<double>(ElementAt(tensor, 0));
}

TEST(TensorElementTest, PrintsEveryDatatype) {
  EXPECT_EQ(ToString(ElementAt(OneElement(DType::kBool, true), 0)), "true");
  EXPECT_EQ(ToString(ElementAt(OneElement<int8_t>(DType::kI8, -1), 0)), "-1");
  EXPECT_EQ(ToString(ElementAt(OneElement<int16_t>(DType::kI16, -2), 0)), "-2");
  EXPECT_EQ(ToString(ElementAt(OneElement<int32_t>(DType::kI32, -3), 0)), "-3");
  EXPECT_EQ(ToString(ElementAt(OneElement<int64_t>(DType::kI64, -4), 0)), "-4");
  EXPECT_EQ(ToString(ElementAt(OneElement<uint8_t>(DType::kU8, 255), 0)),
            "255");
  EXPECT_EQ(ToString(ElementAt(OneElement<uint16_t>(DType::kU16, 65535), 0)),
            "65535");
  EXPECT_EQ(ToString(ElementAt(OneElement<uint32_t>(DType::kU32, 7), 0)), "7");
  EXPECT_EQ(ToString(ElementAt(OneElement<uint64_t>(DType::kU64, ~0ull), 0)),
            "18446744073709551615");
  EXPECT_EQ(ToString(ElementAt(OneElement(DType::kF32, 0.125f), 0)), "0.125");
  EXPECT_EQ(ToString(ElementAt(OneElement(DType::kF64, -1e30), 0)), "-1e+30");
  EXPECT_EQ(ToString(ElementAt(StringTensor{{1}, {"a b"}}, 0)), "\"a b\"");
}

TEST(TensorElementTest, WidensHalfPrecision) {
  const auto half = [](uint16_t bits) {
    return FloatAt(OneElement(DType::kF16, bits));
  };
  EXPECT_EQ(half(0x3C00), 1.0);
  EXPECT_EQ(half(0xC000), -2.0);
  EXPECT_EQ(half(0x7BFF), 65504.0);
  EXPECT_EQ(half(0x0001), std::ldexp(1.0, -24));
  EXPECT_EQ(half(0x7C00), INFINITY);
  EXPECT_TRUE(std::isnan(half(0x7E00)));
}

TEST(TensorElementTest, WidensBFloat16) {
  EXPECT_EQ(FloatAt(OneElement<uint16_t>(DType::kBF16, 0x3F80)), 1.0);
  EXPECT_EQ(FloatAt(OneElement<uint16_t>(DType::kBF16, 0xC040)), -3.0);
}

TEST(TensorElementTest, JsonHasNullForWhatItLacks) {
  EXPECT_EQ(ToJson(Element(int64_t{3})).dump(), "3");
  EXPECT_EQ(ToJson(Element(0.5)).dump(), "0.5");
  EXPECT_EQ(ToJson(Element(double{NAN})).dump(), "null");
  EXPECT_EQ(ToJson(Element(std::string("a"))).dump(), "\"a\"");
}

TEST(TensorElementTest, NamesTypesAsTheProtocolDoes) {
  EXPECT_EQ(DatatypeOf(Tensor(HostTensor(DType::kBF16, {1}))), "BF16");
  EXPECT_EQ(DatatypeOf(Tensor(StringTensor())), "BYTES");
}

}  // namespace
}  // namespace transformerd
