// Heads as most encoder families build them.
#pragma once

#include "model/config/architecture.h"

namespace transformerd {

// The output layer alone, on what `pooling` gives.
HeadRecipe PlainHead(HeadKind kind, HeadPooling pooling);

// RoBERTa's classifier: token 0, a dense layer and its activation.
HeadRecipe FirstTokenHead(Activation activation);

// BERT's masked language model: a dense layer, its activation, a norm and the
// decoder with a bias.
HeadRecipe MaskedLmHead(HeadKind kind, Activation activation,
                        const NormRecipe& norm);

}  // namespace transformerd
