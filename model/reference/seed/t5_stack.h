// One of the two stacks of AllenNLP's T5 over padded rows.
//
// Shapes: B batch, T tokens, S tokens of the source, D hidden, H heads.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "model/modules/seed/seed_modules.h"

namespace transformerd {

struct T5StackInput {
  at::Tensor ids;   // [B,T]
  at::Tensor mask;  // additive, [B,1,1,T] or [B,1,T,T]
  // Of a decoder.
  at::Tensor source;       // [B,S,D]
  at::Tensor source_mask;  // additive, [B,1,1,S]
};

struct T5StackResult {
  at::Tensor states;
  // What enters each block, and `states`: what the last block gives before the
  // final norm is not among them.
  std::vector<at::Tensor> hidden_states;
  std::vector<at::Tensor> attentions, cross_attentions;  // [B,H,T,T or S]
};

// Pure.
T5StackResult Encode(const T5Stack& stack, const T5StackInput& input);

}  // namespace transformerd
