// Texts, embeddings and encodings as protobuf messages, and back.
#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "client/types.h"
#include "proto/text_service.pb.h"

namespace transformerd {

// INVALID_ARGUMENT for a text that is not UTF-8, which no server could read,
// and for pairs that are not one for each text; FieldOf() names the field.
absl::StatusOr<v1::EmbedRequest> ToWire(EmbedRequest request);
absl::StatusOr<v1::TokenizeRequest> ToWire(TokenizeRequest request);

// INTERNAL for an answer that contradicts itself, or is not one of `num_texts`.
absl::StatusOr<EmbedResult> FromWire(const v1::EmbedResponse& response,
                                     size_t num_texts);
absl::StatusOr<TokenizeResult> FromWire(v1::TokenizeResponse response,
                                        size_t num_texts);

}  // namespace transformerd
