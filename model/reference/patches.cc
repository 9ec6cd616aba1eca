// Shapes: B images, C channels, P patches of one image, D hidden.
#include "model/reference/patches.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/conv2d.h>

#include "absl/types/span.h"
#include "model/reference/tensors.h"

namespace transformerd {

at::Tensor EmbedPatches(const Embeddings& embeddings, const PatchRecipe& recipe,
                        const PackedBatch& batch) {
  const at::Tensor weight = TensorOf(*embeddings.patch.weight);
  const at::Tensor pixels_BChw =
      ToDevice(
          TensorOf(absl::MakeConstSpan(batch.pixel_values), recipe.image_width),
          weight.device())
          .view({-1, recipe.channels, recipe.image_height, recipe.image_width})
          .to(weight.scalar_type());
  const at::Tensor patches_BPD =
      at::conv2d(pixels_BChw, weight, TensorOf(*embeddings.patch.bias),
                 {recipe.patch_height, recipe.patch_width})
          .flatten(2)
          .transpose(1, 2);
  const at::Tensor class_tokens_B1D =
      TensorOf(*embeddings.class_token).expand({patches_BPD.size(0), -1, -1});
  return at::cat({class_tokens_B1D, patches_BPD}, 1)
      .add(TensorOf(*embeddings.position))
      .flatten(0, 1);
}

}  // namespace transformerd
