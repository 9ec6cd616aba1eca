// Shapes: T tokens of all rows, of the decoder's where there is one, E of the
// encoder's, D hidden.
#include "model/reference/forward_pass.h"

#include <algorithm>
#include <vector>

#include "glog/logging.h"
#include "model/reference/block.h"
#include "model/reference/convolution.h"
#include "model/reference/cross_attention.h"
#include "model/reference/head.h"
#include "model/reference/ops.h"
#include "model/reference/patches.h"

namespace transformerd {
namespace {

bool GivesLogits(OutputKind kind) {
  return kind == OutputKind::kLogits || kind == OutputKind::kTextEmbeds ||
         kind == OutputKind::kStartLogits || kind == OutputKind::kEndLogits;
}

bool NeedsPooler(const OutputSpec& output, const Architecture& architecture) {
  return output.kind == OutputKind::kPoolerOutput ||
         output.kind == OutputKind::kPairLogits ||
         (GivesLogits(output.kind) &&
          architecture.head.pooling == HeadPooling::kPooler);
}

StackInputs MakeStackInputs(const StackRecipe& recipe, const Stack& stack,
                            const PackedRows& rows, bool has_ids) {
  StackInputs inputs;
  if (has_ids) {
    inputs.table_rows = FindTableRows(stack.embeddings, recipe.embedding, rows);
  }
  inputs.attention = MakeAttentionInputs(recipe, rows);
  return inputs;
}

}  // namespace

// The outputs that a batch wants, in whatever order they come to be.
class ForwardPass::OutputCollector {
 public:
  OutputCollector(const Signature& signature, const PackedBatch& batch,
                  Give give)
      : signature_(signature), wanted_(batch.outputs), give_(give) {}

  bool Wants(OutputKind kind, int layer = 0) const {
    return Find(kind, layer) >= 0;
  }

  bool WantsLogits() const {
    return std::any_of(wanted_.begin(), wanted_.end(), [&](int output) {
      return GivesLogits(signature_.outputs[output].kind);
    });
  }

  // Gives `tensor` away if it is wanted.
  void Offer(OutputKind kind, const at::Tensor& tensor, int layer = 0) {
    const int found = Find(kind, layer);
    if (found >= 0) give_(found, tensor);
  }

 private:
  // Index into wanted_, -1 if the output is not wanted.
  int Find(OutputKind kind, int layer) const {
    for (size_t i = 0; i < wanted_.size(); ++i) {
      const OutputSpec& spec = signature_.outputs[wanted_[i]];
      if (spec.kind == kind && spec.layer == layer) {
        return static_cast<int>(i);
      }
    }
    return -1;
  }

  const Signature& signature_;
  const std::vector<int>& wanted_;
  const Give give_;
};

// One stack in a forward pass, and what its layers give.
struct ForwardPass::StackPass {
  const StackRecipe& recipe;
  const Stack& stack;
  const PackedRows& rows;
  const StackInputs& inputs;
  OutputKind hidden_state = OutputKind::kHiddenState;
  OutputKind attention = OutputKind::kAttention;
};

ForwardPass::ForwardPass(const Architecture& architecture,
                         const Transformer& transformer,
                         const Signature& signature, const Options& options)
    : architecture_(architecture),
      transformer_(transformer),
      signature_(signature),
      options_(options) {}

PassInputs ForwardPass::MakeInputs(const PackedBatch& batch) const {
  PassInputs inputs;
  inputs.encoder =
      MakeStackInputs(architecture_.stack, transformer_.stack(), batch,
                      architecture_.input == ModelInput::kTokens);
  if (architecture_.decoder) {
    inputs.decoder =
        MakeStackInputs(*architecture_.decoder, *transformer_.decoder(),
                        batch.decoder, /*has_ids=*/true);
  }
  bool needs_pooler = false, needs_head = false;
  for (const int wanted : batch.outputs) {
    const OutputSpec& output = signature_.outputs[wanted];
    needs_pooler = needs_pooler || NeedsPooler(output, architecture_);
    needs_head = needs_head || GivesLogits(output.kind);
    if (output.kind == OutputKind::kSentenceEmbedding) {
      inputs.sentence_tokens =
          TokensOf(options_.pooling, TopRows(architecture_, batch));
    }
  }
  if (needs_pooler) {
    inputs.pooler_tokens =
        TokensOf(architecture_.pooler_pooling, architecture_, batch);
  }
  if (needs_head) {
    inputs.head_tokens =
        TokensOf(architecture_.head.pooling, architecture_, batch);
  }
  return inputs;
}

void ForwardPass::Run(const PackedBatch& batch, const PassInputs& inputs,
                      Give give) const {
  OutputCollector outputs(signature_, batch, give);
  at::Tensor hidden_TD = Encode(batch, inputs, outputs);
  if (architecture_.decoder) {
    outputs.Offer(OutputKind::kEncoderLastHiddenState, hidden_TD);
    hidden_TD = Decode(batch, inputs, hidden_TD, outputs);
  }
  RunTop(inputs, hidden_TD, outputs);
}

bool ForwardPass::DependsOnSizeAlone(const PackedBatch& batch,
                                     const PassSize& size) const {
  const StackRecipe& recipe = architecture_.stack;
  if (architecture_.input != ModelInput::kTokens || architecture_.decoder ||
      recipe.block.mlp.num_experts > 0 || recipe.convolution ||
      !batch.inputs_embeds.empty()) {
    return false;
  }
  const auto& masks = batch.sequence_has_mask;
  if (std::find(masks.begin(), masks.end(), true) != masks.end()) return false;
  for (const int wanted : batch.outputs) {
    if (signature_.outputs[wanted].rows == OutputRows::kTokenPair) return false;
  }
  for (int64_t layer = 0; layer < recipe.num_hidden_layers; ++layer) {
    const PackedKernel kernel =
        PackedKernelFor(recipe, transformer_.stack(), layer, size.rows,
                        /*longest=*/size.tokens, options_.weights);
    if (kernel == PackedKernel::kNone) return false;
  }
  return true;
}

// What enters the first block, [T, D].
at::Tensor ForwardPass::EnterBlocks(const PackedBatch& batch,
                                    const PassInputs& inputs) const {
  const Embeddings& embeddings = transformer_.stack().embeddings;
  const EmbeddingRecipe& recipe = architecture_.stack.embedding;
  switch (architecture_.input) {
    case ModelInput::kTokens:
      return Embed(embeddings, recipe, batch, inputs.encoder.table_rows);
    case ModelInput::kPixels:
      return EmbedPatches(embeddings, *recipe.patches, batch);
  }
  LOG(FATAL) << "unknown ModelInput";
}

// Embeddings and blocks: the last hidden states, [T, D].
at::Tensor ForwardPass::Encode(const PackedBatch& batch,
                               const PassInputs& inputs,
                               OutputCollector& outputs) const {
  const StackPass pass = {architecture_.stack, transformer_.stack(), batch,
                          inputs.encoder};
  return Leave(pass, RunBlocks(pass, EnterBlocks(batch, inputs), outputs),
               outputs);
}

// The same of the decoder's rows, which look at the encoder's, [E, D].
at::Tensor ForwardPass::Decode(const PackedBatch& batch,
                               const PassInputs& inputs,
                               const at::Tensor& encoded_ED,
                               OutputCollector& outputs) const {
  const StackRecipe& recipe = *architecture_.decoder;
  const Stack& stack = *transformer_.decoder();
  const StackPass pass = {recipe,
                          stack,
                          batch.decoder,
                          inputs.decoder,
                          OutputKind::kDecoderHiddenState,
                          OutputKind::kDecoderAttention};
  const CrossContext cross(recipe, batch.decoder,
                           inputs.decoder.attention.borders, batch,
                           inputs.encoder.attention.borders, options_.weights);
  const at::Tensor hidden_TD = Embed(stack.embeddings, recipe.embedding,
                                     batch.decoder, inputs.decoder.table_rows);
  return Leave(pass, RunBlocks(pass, hidden_TD, outputs, &cross, encoded_ED),
               outputs);
}

// All layers of a stack: [T, D] -> [T, D]. A decoder's have `cross` and what
// the encoder gave.
at::Tensor ForwardPass::RunBlocks(const StackPass& pass, at::Tensor hidden_TD,
                                  OutputCollector& outputs,
                                  const CrossContext* cross,
                                  const at::Tensor& encoded_ED) const {
  AttentionContext context(pass.recipe, pass.stack, pass.rows,
                           pass.inputs.attention, options_.weights);
  if (pass.recipe.block.float32_residual &&
      options_.weights.dtype() == at::kHalf) {
    hidden_TD = hidden_TD.to(at::kFloat);
  }
  const int num_layers = static_cast<int>(pass.recipe.num_hidden_layers);
  for (int layer = 0; layer < num_layers; ++layer) {
    outputs.Offer(pass.hidden_state, hidden_TD, layer);
    at::Tensor probabilities, cross_probabilities;
    const bool keep = outputs.Wants(pass.attention, layer);
    const bool keep_cross =
        cross != nullptr && outputs.Wants(OutputKind::kCrossAttention, layer);
    const Block& block = BlockOf(pass.stack, pass.recipe, layer);
    at::Tensor* const kept = keep ? &probabilities : nullptr;
    at::Tensor output_TD;
    if (cross == nullptr) {
      output_TD = Apply(block, layer, context, hidden_TD, kept);
    } else {
      const CrossMemory memory =
          MakeCrossMemory(*block.cross_attention, pass.recipe, encoded_ED);
      const CrossInput input = {*cross, memory,
                                keep_cross ? &cross_probabilities : nullptr};
      output_TD = Apply(block, layer, context, hidden_TD, kept, &input);
    }
    if (keep) outputs.Offer(pass.attention, probabilities, layer);
    if (keep_cross) {
      outputs.Offer(OutputKind::kCrossAttention, cross_probabilities, layer);
    }
    hidden_TD =
        layer == 0 && pass.stack.convolution
            ? Convolve(*pass.stack.convolution, *pass.recipe.convolution,
                       context, hidden_TD, output_TD)
            : output_TD;
  }
  return hidden_TD;
}

// Behind the last block: the last hidden states.
at::Tensor ForwardPass::Leave(const StackPass& pass, at::Tensor hidden_TD,
                              OutputCollector& outputs) const {
  const int last = static_cast<int>(pass.recipe.num_hidden_layers);
  if (!pass.recipe.last_hidden_state_is_normed) {
    outputs.Offer(pass.hidden_state, hidden_TD, last);
  }
  hidden_TD = ApplyIfAny(pass.stack.final_norm, hidden_TD);
  if (pass.stack.output_projection) {
    hidden_TD = Apply(*pass.stack.output_projection, hidden_TD);
  }
  if (pass.recipe.last_hidden_state_is_normed) {
    outputs.Offer(pass.hidden_state, hidden_TD, last);
  }
  return hidden_TD;
}

// What stands on the stack: pooler, sentence vectors, heads.
void ForwardPass::RunTop(const PassInputs& inputs, const at::Tensor& hidden_TD,
                         OutputCollector& outputs) const {
  outputs.Offer(OutputKind::kLastHiddenState, hidden_TD);
  if (outputs.Wants(OutputKind::kPoolerOutput)) {
    outputs.Offer(OutputKind::kPoolerOutput,
                  RunPooler(architecture_, transformer_, inputs.pooler_tokens,
                            hidden_TD));
  }
  if (outputs.Wants(OutputKind::kSentenceEmbedding)) {
    outputs.Offer(
        OutputKind::kSentenceEmbedding,
        EmbedSentences(inputs.sentence_tokens, options_.normalize, hidden_TD));
  }
  if (outputs.Wants(OutputKind::kPairLogits)) {
    outputs.Offer(OutputKind::kPairLogits,
                  Apply(*transformer_.head().relationship,
                        RunPooler(architecture_, transformer_,
                                  inputs.pooler_tokens, hidden_TD)));
  }
  OfferLogits(inputs, hidden_TD, outputs);
}

void ForwardPass::OfferLogits(const PassInputs& inputs,
                              const at::Tensor& hidden_TD,
                              OutputCollector& outputs) const {
  if (!outputs.WantsLogits()) return;
  const at::Tensor logits =
      RunHead(architecture_, transformer_, inputs.pooler_tokens,
              inputs.head_tokens, hidden_TD);
  if (architecture_.head.kind == HeadKind::kQuestionAnswering) {
    outputs.Offer(OutputKind::kStartLogits, logits.select(1, 0));
    outputs.Offer(OutputKind::kEndLogits, logits.select(1, 1));
  } else if (architecture_.head.kind == HeadKind::kReplacedToken) {
    outputs.Offer(OutputKind::kLogits, logits.select(1, 0));
  } else if (architecture_.head.kind == HeadKind::kTextProjection) {
    outputs.Offer(OutputKind::kTextEmbeds, logits);
  } else {
    outputs.Offer(OutputKind::kLogits, logits);
  }
}

}  // namespace transformerd
