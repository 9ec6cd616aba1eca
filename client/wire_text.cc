#include "client/wire_text.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/base/utf8.h"

namespace transformerd {
namespace {

using TextField = google::protobuf::RepeatedPtrField<std::string>;

absl::Status MoveTexts(absl::string_view field, std::vector<std::string> texts,
                       TextField& wire) {
  wire.Reserve(static_cast<int>(texts.size()));
  for (size_t i = 0; i < texts.size(); ++i) {
    if (const std::optional<size_t> bad = FindNonUtf8(texts[i])) {
      return WithField(
          absl::InvalidArgumentError(absl::StrCat(
              field, "[", i, "] is not UTF-8: byte ", *bad, " is 0x",
              absl::Hex(static_cast<uint8_t>(texts[i][*bad]),
                        absl::kZeroPad2))),
          field);
    }
    *wire.Add() = std::move(texts[i]);
  }
  return absl::OkStatus();
}

absl::Status CheckCount(absl::string_view what, size_t count,
                        size_t num_texts) {
  if (count == num_texts) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("the server sent ", count, " ", what,
                                          " for ", num_texts, " texts"));
}

absl::StatusOr<TextEncoding> FromWire(v1::Encoding& wire) {
  const int count = wire.ids_size();
  if (wire.tokens_size() != count || wire.type_ids_size() != count ||
      wire.offsets_size() != count) {
    return absl::InternalError(
        absl::StrCat("the server sent an encoding of ", count, " ids with ",
                     wire.tokens_size(), " tokens, ", wire.type_ids_size(),
                     " type ids and ", wire.offsets_size(), " offsets"));
  }
  TextEncoding encoding;
  encoding.ids.assign(wire.ids().begin(), wire.ids().end());
  encoding.type_ids.assign(wire.type_ids().begin(), wire.type_ids().end());
  encoding.tokens.reserve(count);
  encoding.offsets.reserve(count);
  for (int i = 0; i < count; ++i) {
    encoding.tokens.push_back(std::move(*wire.mutable_tokens(i)));
    encoding.offsets.push_back(
        {wire.offsets(i).begin(), wire.offsets(i).end()});
  }
  return encoding;
}

}  // namespace

absl::StatusOr<v1::EmbedRequest> ToWire(EmbedRequest request) {
  v1::EmbedRequest wire;
  wire.set_model(std::move(request.model));
  wire.set_version(std::move(request.version));
  RETURN_IF_ERROR(
      MoveTexts("text", std::move(request.texts), *wire.mutable_text()));
  wire.set_truncate(request.truncate);
  return wire;
}

absl::StatusOr<v1::TokenizeRequest> ToWire(TokenizeRequest request) {
  if (!request.text_pairs.empty() &&
      request.text_pairs.size() != request.texts.size()) {
    return WithField(
        absl::InvalidArgumentError(absl::StrCat(
            request.text_pairs.size(), " text pairs for ", request.texts.size(),
            " texts; give none, or one for each text")),
        "text_pair");
  }
  v1::TokenizeRequest wire;
  wire.set_model(std::move(request.model));
  wire.set_version(std::move(request.version));
  RETURN_IF_ERROR(
      MoveTexts("text", std::move(request.texts), *wire.mutable_text()));
  RETURN_IF_ERROR(MoveTexts("text_pair", std::move(request.text_pairs),
                            *wire.mutable_text_pair()));
  return wire;
}

absl::StatusOr<EmbedResult> FromWire(const v1::EmbedResponse& response,
                                     size_t num_texts) {
  RETURN_IF_ERROR(
      CheckCount("embeddings", response.embeddings_size(), num_texts));
  EmbedResult result;
  result.model = response.model();
  result.version = response.version();
  result.embeddings.reserve(num_texts);
  for (const v1::Embedding& wire : response.embeddings()) {
    TextEmbedding embedding;
    embedding.values.assign(wire.values().begin(), wire.values().end());
    embedding.num_tokens = wire.num_tokens();
    result.embeddings.push_back(std::move(embedding));
    const size_t width = result.embeddings.front().values.size();
    if (static_cast<size_t>(wire.values_size()) != width) {
      return absl::InternalError(absl::StrCat("the server sent embeddings of ",
                                              width, " values and of ",
                                              wire.values_size()));
    }
  }
  return result;
}

absl::StatusOr<TokenizeResult> FromWire(v1::TokenizeResponse response,
                                        size_t num_texts) {
  RETURN_IF_ERROR(
      CheckCount("encodings", response.encodings_size(), num_texts));
  TokenizeResult result;
  result.encodings.reserve(num_texts);
  for (v1::Encoding& wire : *response.mutable_encodings()) {
    ASSIGN_OR_RETURN(TextEncoding encoding, FromWire(wire));
    result.encodings.push_back(std::move(encoding));
  }
  return result;
}

}  // namespace transformerd
