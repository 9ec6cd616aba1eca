#include "server/services/decoder_rows.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "server/services/integer_input.h"

namespace transformerd {
namespace {

// Each row needs `id`, and a token of the decoder at its last place.
absl::Status CheckLastPlaces(int64_t id, const InferenceInput& input) {
  auto begin = input.input_ids.begin();
  for (int64_t row = 0; row < input.batch; ++row) {
    const auto end = begin + input.lengths[row];
    // From the back: the first token that is `id`.
    const auto found = std::find(std::make_reverse_iterator(end),
                                 std::make_reverse_iterator(begin), id);
    const int64_t length = found.base() - begin;  // up to and with it
    if (length == 0) {
      return RefuseInput(
          "input_ids", absl::StrCat("row ", row, " has no token ", id,
                                    ", where the model looks for its answer"));
    }
    if (input.decoder.batch > 0 && length > input.decoder.lengths[row]) {
      return RefuseInput(
          "decoder_input_ids",
          absl::StrCat("row ", row, " has ", input.decoder.lengths[row],
                       " tokens, expected at least ", length, ": token ", id,
                       " has this place in input_ids, and the model looks for "
                       "its answer there"));
    }
    begin = end;
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CompleteDecoder(const Signature& signature,
                             InferenceInput& input) {
  if (signature.has_decoder() && input.decoder.batch == 0) {
    CHECK(signature.decoder_start_token_id.has_value());
    if (!input.inputs_embeds.empty()) {
      return RefuseInput("decoder_input_ids",
                         "missing, expected beside inputs_embeds: the decoder "
                         "can repeat input_ids, but no vectors");
    }
    input.decoder = ShiftRight(input, *signature.decoder_start_token_id);
  }
  if (!signature.eos_token_id.has_value()) return absl::OkStatus();
  return CheckLastPlaces(*signature.eos_token_id, input);
}

}  // namespace transformerd
