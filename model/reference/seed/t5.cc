// Shapes: B batch, T tokens of the decoder, V vocabulary.
#include "model/reference/seed/t5.h"

#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tril.h>

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "model/reference/ops.h"
#include "model/reference/seed/seed_attention.h"
#include "model/reference/seed/t5_stack.h"
#include "model/runtime/tensor_spec.h"

namespace transformerd {
namespace {

void GiveEach(const std::string& name, const std::vector<at::Tensor>& tensors,
              SeedCall& call) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    call.Give(absl::StrCat(name, ".", i), tensors[i]);
  }
}

// Labels moved by one behind the start token.
at::Tensor ShiftRight(const T5Recipe& recipe, const at::Tensor& labels_BT) {
  at::Tensor ids_BT = at::full_like(labels_BT, recipe.decoder_start_token_id);
  const int64_t last = labels_BT.size(1) - 1;
  ids_BT.narrow(1, 1, last).copy_(labels_BT.narrow(1, 0, last));
  return ids_BT.masked_fill(ids_BT.eq(kIgnoredLabel), recipe.pad_token_id);
}

// The mask of the decoder over itself: what is behind a token is hidden. By
// default its padding is that of the labels as they are, not of the ids that
// they are moved to.
at::Tensor DecoderMask(const T5Recipe& recipe, const at::Tensor& asked,
                       const at::Tensor& labels, int64_t tokens,
                       const at::TensorOptions& options) {
  const at::Tensor causal_TT =
      at::tril(at::ones({tokens, tokens}, options)).unsqueeze(0);
  const at::ScalarType dtype = causal_TT.scalar_type();
  if (asked.defined()) return causal_TT.mul(asked.to(dtype).unsqueeze(1));
  if (!labels.defined()) return causal_TT;
  return causal_TT.mul(labels.ne(recipe.pad_token_id).to(dtype).unsqueeze(1));
}

// Over all labels, padding included, but those that are to be ignored.
at::Tensor Loss(const at::Tensor& logits_BTV, const at::Tensor& labels_BT) {
  return at::cross_entropy_loss(
             logits_BTV.to(at::kFloat).flatten(0, 1), labels_BT.flatten(),
             /*weight=*/{}, at::Reduction::Mean, kIgnoredLabel)
      .view({1});
}

void Decode(const T5Module& module, const T5StackResult& encoded,
            const at::Tensor& source_mask, SeedCall& call) {
  const at::Tensor labels_BT = call.Get("labels");
  at::Tensor ids_BT = call.Get("decoder_input_ids");
  if (!ids_BT.defined()) {
    if (!labels_BT.defined()) return;
    ids_BT = ShiftRight(module.recipe, labels_BT);
  }
  T5StackInput input;
  input.ids = ids_BT;
  input.mask = AdditiveMask(
      DecoderMask(module.recipe, call.Get("decoder_attention_mask"), labels_BT,
                  ids_BT.size(1), encoded.states.options()),
      encoded.states.scalar_type());
  input.source = encoded.states;
  input.source_mask = source_mask;
  const T5StackResult decoded = Encode(module.decoder, input);
  call.Give("decoder_last_hidden_state", decoded.states);
  GiveEach("decoder_hidden_states", decoded.hidden_states, call);
  GiveEach("decoder_attentions", decoded.attentions, call);
  GiveEach("cross_attentions", decoded.cross_attentions, call);
  if (!call.Wants("logits") && !call.Wants("loss")) return;
  // Scaled also where the embeddings are not tied.
  const double scale =
      1 / std::sqrt(static_cast<double>(module.recipe.hidden_size));
  const at::Tensor logits = Apply(module.lm_head, decoded.states.mul(scale));
  call.Give("logits", logits);
  if (labels_BT.defined()) call.Give("loss", Loss(logits, labels_BT));
}

}  // namespace

void Run(const T5Module& module, SeedCall& call) {
  T5StackInput input;
  input.ids = call.Get("input_ids");
  at::Tensor mask = call.Get("attention_mask");
  if (!mask.defined()) mask = input.ids.ne(module.recipe.pad_token_id);
  input.mask = AdditiveMask(mask, call.dtype());
  const T5StackResult encoded = Encode(module.encoder, input);
  call.Give("encoder_last_hidden_state", encoded.states);
  GiveEach("encoder_hidden_states", encoded.hidden_states, call);
  GiveEach("encoder_attentions", encoded.attentions, call);
  Decode(module, encoded, input.mask, call);
}

}  // namespace transformerd
