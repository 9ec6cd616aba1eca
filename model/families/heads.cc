#include "model/families/heads.h"

namespace transformerd {

HeadRecipe PlainHead(HeadKind kind, HeadPooling pooling) {
  HeadRecipe head;
  head.kind = kind;
  head.pooling = pooling;
  return head;
}

HeadRecipe FirstTokenHead(Activation activation) {
  HeadRecipe head =
      PlainHead(HeadKind::kSequenceClassification, HeadPooling::kFirst);
  head.dense = true;
  head.activation = activation;
  return head;
}

HeadRecipe MaskedLmHead(HeadKind kind, Activation activation,
                        const NormRecipe& norm) {
  HeadRecipe head = PlainHead(kind, HeadPooling::kTokens);
  head.dense = true;
  head.activation = activation;
  head.norm = norm;
  return head;
}

}  // namespace transformerd
