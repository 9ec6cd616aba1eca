#include "model/families/encoder_decoder_config.h"

#include "model/base/status_macros.h"
#include "model/families/heads.h"

namespace transformerd {

HeadRecipe EncoderDecoderHead(HeadKind kind) {
  if (kind != HeadKind::kSequenceClassification) {
    return PlainHead(kind, HeadPooling::kTokens);
  }
  HeadRecipe head = PlainHead(kind, HeadPooling::kLastEosOfInput);
  head.dense = true;
  head.activation = Activation::kTanh;
  return head;
}

absl::Status ReadDecoderTokens(const ConfigReader& config,
                               const DecoderTokens& otherwise,
                               Architecture& out) {
  const int64_t last = out.vocab_size - 1;
  out.decoder_start_token_id = otherwise.start;
  if (config.Has("decoder_start_token_id")) {
    ASSIGN_OR_RETURN(out.decoder_start_token_id,
                     config.RequiredInt("decoder_start_token_id", 0, last));
  }
  if (out.head.pooling == HeadPooling::kLastEosOfInput) {
    ASSIGN_OR_RETURN(out.eos_token_id,
                     config.Int("eos_token_id", otherwise.end, 0, last));
  }
  return absl::OkStatus();
}

}  // namespace transformerd
