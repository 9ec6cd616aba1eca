#include "model/native/embedder.h"

#include <algorithm>

#include "glog/logging.h"
#include "model/native/masked_rows.h"

namespace transformerd {
namespace {

int64_t NarrowSize(const EmbeddingRecipe& recipe, int64_t hidden_size) {
  if (recipe.patches) {
    return recipe.patches->channels * recipe.patches->patch_height *
           recipe.patches->patch_width;
  }
  return TokenVectorSize(recipe, hidden_size);
}

}  // namespace

Embedder::Embedder(const StackRecipe& recipe, int64_t hidden_size,
                   const NativeEmbeddings& embeddings, const RowOps& ops)
    : recipe_(recipe),
      hidden_size_(hidden_size),
      narrow_size_(NarrowSize(recipe.embedding, hidden_size)),
      embeddings_(embeddings),
      ops_(ops) {}

void Embedder::Resize(const RowRange& range) {
  vector_places_.clear();
  if (!range.rows->inputs_embeds.empty()) {
    const auto ids = range.rows->input_ids.begin();
    const auto first = ids + range.first_token;
    int64_t place = std::count(ids, first, kNoId);
    for (auto id = first; id != first + range.num_tokens; ++id) {
      vector_places_.push_back(place);
      if (*id == kNoId) ++place;
    }
  }
  if (!embeddings_.projection) return;
  narrow_.Resize(range.num_tokens, narrow_size_);
  panels_.ResizeFor(range.num_tokens, narrow_size_, ops_.dtype());
}

void Embedder::Embed(const RowRange& range, const RowBlock& block,
                     const std::vector<float>& pixel_values,
                     RowBuffer& stream) {
  if (recipe_.embedding.patches) {
    EmbedPatches(range, block, pixel_values, stream);
  } else {
    EmbedTokens(range, block, stream);
  }
  if (recipe_.embedding.masked_as_zeros) {
    ClearMasked(range, block, hidden_size_, stream);
  }
}

void Embedder::EmbedTokens(const RowRange& range, const RowBlock& block,
                           RowBuffer& stream) {
  const EmbeddingProjection projection = recipe_.embedding.projection;
  RowBuffer& tokens =
      projection == EmbeddingProjection::kNone ? stream : narrow_;
  TakeTokens(range, block, tokens);
  const auto norm = [&](RowBuffer& rows, int64_t columns) {
    if (!embeddings_.norm) return;
    NormTarget target;
    target.rows = &rows;
    ops_.Norm(*embeddings_.norm, rows, columns, block, target);
  };
  switch (projection) {
    case EmbeddingProjection::kNone:
      AddTables(range, block, hidden_size_, stream);
      norm(stream, hidden_size_);
      return;
    case EmbeddingProjection::kTokens:
      Project(*embeddings_.projection, block, stream);
      AddTables(range, block, hidden_size_, stream);
      norm(stream, hidden_size_);
      return;
    case EmbeddingProjection::kBeforeNorm:
      AddTables(range, block, narrow_size_, narrow_);
      Project(*embeddings_.projection, block, stream);
      norm(stream, hidden_size_);
      return;
    case EmbeddingProjection::kSum:
      AddTables(range, block, narrow_size_, narrow_);
      norm(narrow_, narrow_size_);
      Project(*embeddings_.projection, block, stream);
      return;
  }
  LOG(FATAL) << "unknown EmbeddingProjection";
}

void Embedder::TakeTokens(const RowRange& range, const RowBlock& block,
                          RowBuffer& tokens) const {
  const int64_t* const ids =
      range.rows->input_ids.data() + range.first_token + block.first;
  kernels::EmbedCall call;
  call.table = embeddings_.token;
  call.columns = narrow_size_;
  call.scale = static_cast<float>(recipe_.embedding.scale);
  call.stride = tokens.stride();
  // Runs of tokens that have ids, between those that have vectors.
  for (int64_t i = 0; i < block.count; i += std::max<int64_t>(call.rows, 1)) {
    call.rows = std::find(ids + i, ids + block.count, kNoId) - (ids + i);
    if (call.rows > 0) {
      call.ids = ids + i;
      call.rows_out = tokens.row(block.first + i);
      ops_.kernels().embed(call);
    } else {
      std::copy_n(range.rows->inputs_embeds.begin() +
                      vector_places_[block.first + i] * narrow_size_,
                  narrow_size_, tokens.row(block.first + i));
    }
  }
}

void Embedder::AddTables(const RowRange& range, const RowBlock& block,
                         int64_t columns, RowBuffer& sums) const {
  kernels::EmbedCall call;
  call.rows = block.count;
  call.columns = columns;
  call.accumulate = true;
  call.rows_out = sums.row(block.first);
  call.stride = sums.stride();
  const int64_t token = range.first_token + block.first;
  if (embeddings_.token_type != nullptr) {
    call.table = embeddings_.token_type;
    call.ids = range.rows->token_type_ids.data() + token;
    ops_.kernels().embed(call);
  }
  if (embeddings_.position != nullptr) {
    call.table = embeddings_.position;
    call.ids = range.rows->position_ids.data() + token;
    call.id_offset = recipe_.embedding.position_offset;
    ops_.kernels().embed(call);
  }
}

void Embedder::Project(const NativeLinear& linear, const RowBlock& block,
                       RowBuffer& stream) {
  ops_.Pack(narrow_, narrow_size_, block, panels_);
  ops_.Multiply(linear, panels_.rows(block.first), block.count,
                LinearTarget::Rows(stream, block.first));
}

void Embedder::EmbedPatches(const RowRange& range, const RowBlock& block,
                            const std::vector<float>& pixel_values,
                            RowBuffer& stream) {
  const PatchRecipe& recipe = *recipe_.embedding.patches;
  const int64_t tokens = recipe.num_patches() + 1;
  const int64_t image_size =
      recipe.channels * recipe.image_height * recipe.image_width;
  // The place of each token in its image; 0 is the class token.
  std::vector<int64_t> places(block.count);
  for (int64_t i = 0; i < block.count; ++i) {
    const int64_t token = range.first_token + block.first + i;
    places[i] = token % tokens;
    float* const to = narrow_.row(block.first + i);
    if (places[i] == 0) {
      std::fill_n(to, narrow_size_, 0.0f);
    } else {
      CopyPatch(places[i] - 1, &pixel_values[token / tokens * image_size], to);
    }
  }
  Project(*embeddings_.projection, block, stream);
  kernels::EmbedCall call;
  call.columns = hidden_size_;
  call.stride = stream.stride();
  for (int64_t i = 0; i < block.count; ++i) {
    if (places[i] != 0) continue;
    call.table = embeddings_.class_token;
    call.ids = &places[i];
    call.rows = 1;
    call.rows_out = stream.row(block.first + i);
    ops_.kernels().embed(call);
  }
  call.table = embeddings_.position;
  call.ids = places.data();
  call.rows = block.count;
  call.accumulate = true;
  call.rows_out = stream.row(block.first);
  ops_.kernels().embed(call);
}

void Embedder::CopyPatch(int64_t patch, const float* image, float* to) const {
  const PatchRecipe& recipe = *recipe_.embedding.patches;
  const int64_t across = recipe.image_width / recipe.patch_width;
  const int64_t top = patch / across * recipe.patch_height;
  const int64_t left = patch % across * recipe.patch_width;
  for (int64_t channel = 0; channel < recipe.channels; ++channel) {
    for (int64_t y = 0; y < recipe.patch_height; ++y) {
      const float* const from =
          image +
          (channel * recipe.image_height + top + y) * recipe.image_width + left;
      to = std::copy_n(from, recipe.patch_width, to);
    }
  }
}

}  // namespace transformerd
