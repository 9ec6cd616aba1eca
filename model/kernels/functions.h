// Exponentials and activations of vectors.
//
// `E` is the dtype that a model computes in: for bfloat16, whose rounding
// dwarfs their errors, shorter polynomials do.
#pragma once

#include <math.h>

#include "model/config/block_recipe.h"
#include "model/kernels/elements.h"

namespace transformerd::kernels {

// 2^x: a polynomial around the nearest whole number, fitted for the least
// largest relative error (7.5e-8 of degree 5, 7.5e-5 of degree 3); 0 for -inf.
// The short one gains 1 % to 1.5 % of a pass (docs/inference.md).
template <typename V, typename E>
TRANSFORMERD_INLINE typename V::Floats Exp2(typename V::Floats x) {
  using F = typename V::Floats;
  // A NaN in the second place stays one.
  const F bounded = V::Max(V::Set(-200), x);
  const F whole = V::Round(bounded);
  const F rest = V::Sub(bounded, whole);
  F value;
  if constexpr (E::kIsPrecise) {
    value = V::Set(0.001327647187f);
    value = V::Fma(value, rest, V::Set(0.009675541334f));
    value = V::Fma(value, rest, V::Set(0.05550713274f));
    value = V::Fma(value, rest, V::Set(0.2402211972f));
    value = V::Fma(value, rest, V::Set(0.6931469671f));
    value = V::Fma(value, rest, V::Set(1.000000072f));
  } else {
    value = V::Set(0.05517166802f);
    value = V::Fma(value, rest, V::Set(0.2426111221f));
    value = V::Fma(value, rest, V::Set(0.6932609857f));
    value = V::Fma(value, rest, V::Set(0.9999280735f));
  }
  return V::Scale(value, whole);
}

inline constexpr float kLog2E = 1.44269504f;

// Infinity from 89 on, which float32 does not hold.
template <typename V, typename E>
TRANSFORMERD_INLINE typename V::Floats Exp(typename V::Floats x) {
  return Exp2<V, E>(V::Mul(V::Min(V::Set(89), x), V::Set(kLog2E)));
}

// 1 / (1 + 2^x).
template <typename V, typename E>
TRANSFORMERD_INLINE typename V::Floats Logistic2(typename V::Floats x) {
  const auto one = V::Set(1);
  // 2^130 is infinity; 2^infinity would be NaN here.
  return V::Div(one, V::Add(one, Exp2<V, E>(V::Min(V::Set(130), x))));
}

template <typename V, typename E>
TRANSFORMERD_INLINE typename V::Floats Sigmoid(typename V::Floats x) {
  return Logistic2<V, E>(V::Mul(x, V::Set(-kLog2E)));
}

// (1 - e) / (1 + e) of e = exp(-2 |x|), with the sign of x: absolute error
// 1.3e-7. Near zero the error of e is all that is left, so the short polynomial
// would not do for bfloat16 either: it makes 4e-5 of zero.
template <typename V>
TRANSFORMERD_INLINE typename V::Floats Tanh(typename V::Floats x) {
  const auto one = V::Set(1);
  const auto e = Exp<V, Float32>(V::Mul(V::Abs(x), V::Set(-2)));
  return V::CopySign(V::Div(V::Sub(one, e), V::Add(one, e)), x);
}

// Abramowitz and Stegun, 1964, 7.1.26: absolute error 1.5e-7.
template <typename V>
TRANSFORMERD_INLINE typename V::Floats Erf(typename V::Floats x) {
  using F = typename V::Floats;
  const F magnitude = V::Abs(x);
  const F one = V::Set(1);
  const F t = V::Div(one, V::Fma(V::Set(0.3275911f), magnitude, one));
  F series = V::Set(1.061405429f);
  series = V::Fma(series, t, V::Set(-1.453152027f));
  series = V::Fma(series, t, V::Set(1.421413741f));
  series = V::Fma(series, t, V::Set(-0.284496736f));
  series = V::Fma(series, t, V::Set(0.254829592f));
  const F tail = V::Mul(V::Mul(series, t),
                        Exp<V, Float32>(V::Sub(V::Zero(), V::Mul(x, x))));
  return V::CopySign(V::Sub(one, tail), x);
}

// x Phi(x). For bfloat16, Phi as the logistic function of an odd polynomial,
// 1.59502 x + 0.074011 x^3 - 0.000703 x^5: absolute error 4e-5, half the work:
// 1.5 % of a pass.
template <typename V, typename E>
TRANSFORMERD_INLINE typename V::Floats Gelu(typename V::Floats x) {
  using F = typename V::Floats;
  if constexpr (E::kIsPrecise) {
    const F phi = V::Fma(V::Set(0.5f), Erf<V>(V::Mul(x, V::Set(0.70710678f))),
                         V::Set(0.5f));
    return V::Mul(x, phi);
  } else {
    const F square = V::Min(V::Set(50), V::Mul(x, x));
    F slope =
        V::Fma(V::Set(0.000703f * kLog2E), square, V::Set(-0.074011f * kLog2E));
    slope = V::Fma(slope, square, V::Set(-1.59502f * kLog2E));
    return V::Mul(x, Logistic2<V, E>(V::Mul(x, slope)));
  }
}

template <typename V, typename E>
TRANSFORMERD_INLINE typename V::Floats GeluTanh(typename V::Floats x) {
  using F = typename V::Floats;
  // sqrt(2 / pi) (x + 0.044715 x^3); tanh(y) = 2 sigmoid(2 y) - 1.
  const F inner =
      V::Mul(x, V::Fma(V::Mul(x, x), V::Set(2 * 0.79788456f * 0.044715f),
                       V::Set(2 * 0.79788456f)));
  return V::Mul(x, Sigmoid<V, E>(inner));
}

// Those that are too rare to be worth more.
TRANSFORMERD_INLINE float ActivateOne(Activation activation, float x) {
  switch (activation) {
    case Activation::kLaplace:
      return 0.5f * (1 + erff((x - 0.707107f) / (0.282095f * 1.41421356f)));
    case Activation::kMish:
      return x * tanhf(x > 20 ? x : log1pf(expf(x)));
    case Activation::kSqrtSoftplus:
      return sqrtf(x > 20 ? x : log1pf(expf(x)));
    default:
      return x;
  }
}

// A call: inlined, its code would stand in the loop of each kernel.
template <typename V>
[[gnu::noinline]] typename V::Floats ActivateRare(Activation activation,
                                                  typename V::Floats x) {
  float lanes[16];
  V::Store(lanes, x);
  for (float& lane : lanes) lane = ActivateOne(activation, lane);
  return V::Load(lanes);
}

template <typename V, typename E, Activation kActivation>
TRANSFORMERD_INLINE typename V::Floats Activate(typename V::Floats x) {
  const auto zero = V::Zero();
  switch (kActivation) {
    case Activation::kGelu:
      return Gelu<V, E>(x);
    case Activation::kGelu10:
      return V::Max(V::Set(-10), V::Min(V::Set(10), Gelu<V, E>(x)));
    case Activation::kGeluTanh:
      return GeluTanh<V, E>(x);
    case Activation::kHardSwish:
      return V::Mul(V::Mul(x, V::Set(1.0f / 6)),
                    V::Min(V::Set(6), V::Max(zero, V::Add(x, V::Set(3)))));
    case Activation::kIdentity:
      return x;
    case Activation::kLeakyRelu:
      return V::Max(V::Mul(x, V::Set(0.01f)), x);
    case Activation::kQuickGelu:
      return V::Mul(x, Sigmoid<V, E>(V::Mul(x, V::Set(1.702f))));
    case Activation::kRelu:
      return V::Max(zero, x);
    case Activation::kRelu2: {
      const auto positive = V::Max(zero, x);
      return V::Mul(positive, positive);
    }
    case Activation::kRelu6:
      return V::Min(V::Set(6), V::Max(zero, x));
    case Activation::kSigmoid:
      return Sigmoid<V, E>(x);
    case Activation::kSilu:
      return V::Mul(x, Sigmoid<V, E>(x));
    case Activation::kTanh:
      return Tanh<V>(x);
    case Activation::kLaplace:
    case Activation::kMish:
    case Activation::kSqrtSoftplus:
      return ActivateRare<V>(kActivation, x);
  }
  return x;
}

template <typename V, typename E, int kVectors, Activation kActivation>
TRANSFORMERD_INLINE void ActivateAll(typename V::Floats* x) {
#pragma GCC unroll 3
  for (int v = 0; v < kVectors; ++v) x[v] = Activate<V, E, kActivation>(x[v]);
}

// One branch for `kVectors` vectors: it is the same for a whole matrix.
template <typename V, typename E, int kVectors>
TRANSFORMERD_INLINE void ActivateAll(Activation activation,
                                     typename V::Floats* x) {
  switch (activation) {
    case Activation::kGelu:
      return ActivateAll<V, E, kVectors, Activation::kGelu>(x);
    case Activation::kGelu10:
      return ActivateAll<V, E, kVectors, Activation::kGelu10>(x);
    case Activation::kGeluTanh:
      return ActivateAll<V, E, kVectors, Activation::kGeluTanh>(x);
    case Activation::kHardSwish:
      return ActivateAll<V, E, kVectors, Activation::kHardSwish>(x);
    case Activation::kIdentity:
      return ActivateAll<V, E, kVectors, Activation::kIdentity>(x);
    case Activation::kLaplace:
      return ActivateAll<V, E, kVectors, Activation::kLaplace>(x);
    case Activation::kLeakyRelu:
      return ActivateAll<V, E, kVectors, Activation::kLeakyRelu>(x);
    case Activation::kMish:
      return ActivateAll<V, E, kVectors, Activation::kMish>(x);
    case Activation::kQuickGelu:
      return ActivateAll<V, E, kVectors, Activation::kQuickGelu>(x);
    case Activation::kRelu:
      return ActivateAll<V, E, kVectors, Activation::kRelu>(x);
    case Activation::kRelu2:
      return ActivateAll<V, E, kVectors, Activation::kRelu2>(x);
    case Activation::kRelu6:
      return ActivateAll<V, E, kVectors, Activation::kRelu6>(x);
    case Activation::kSigmoid:
      return ActivateAll<V, E, kVectors, Activation::kSigmoid>(x);
    case Activation::kSilu:
      return ActivateAll<V, E, kVectors, Activation::kSilu>(x);
    case Activation::kSqrtSoftplus:
      return ActivateAll<V, E, kVectors, Activation::kSqrtSoftplus>(x);
    case Activation::kTanh:
      return ActivateAll<V, E, kVectors, Activation::kTanh>(x);
  }
}

}  // namespace transformerd::kernels
