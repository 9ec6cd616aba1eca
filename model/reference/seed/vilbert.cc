#include "model/reference/seed/vilbert.h"

#include "model/reference/seed/bimodal.h"
#include "model/reference/seed/seed_embeddings.h"

namespace transformerd {

void Run(const VilbertBackboneModule& module, SeedCall& call) {
  TextInput text;
  text.ids = call.Get("token_ids");
  if (module.text_embeddings.token_type != nullptr) {
    text.type_ids = call.Get("type_ids");
  }
  BiModalInput input;
  input.states1 = Embed(module.text_embeddings, text);
  input.states2 = Embed(module.image_embeddings, call.Get("box_features"),
                        call.Get("box_coordinates"));
  input.mask1 = call.Get("mask");
  input.mask2 = call.Get("box_mask");
  const BiModalResult result = Encode(module.encoder, input);
  // The states behind the last connection: layers that come after it have no
  // effect, as in the original.
  const at::Tensor encoded_text = result.encoded1.select(-1, -1);
  const at::Tensor encoded_boxes = result.encoded2.select(-1, -1);
  const at::Tensor pooled_text = Pool(module.text_pooler, encoded_text);
  const at::Tensor pooled_boxes = Pool(module.image_pooler, encoded_boxes);
  call.Give("encoded_boxes", encoded_boxes);
  call.Give("encoded_boxes_mask", input.mask2);
  call.Give("encoded_boxes_pooled", pooled_boxes);
  call.Give("encoded_text", encoded_text);
  if (input.mask1.defined()) call.Give("encoded_text_mask", input.mask1);
  call.Give("encoded_text_pooled", pooled_text);
  call.Give("pooled_boxes_and_text", module.recipe.fusion == Fusion::kSum
                                         ? pooled_text.add(pooled_boxes)
                                         : pooled_text.mul(pooled_boxes));
}

}  // namespace transformerd
