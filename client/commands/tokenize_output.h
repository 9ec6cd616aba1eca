// How transformerctl prints tokens.
#pragma once

#include <string>

#include "client/types.h"
#include "nlohmann/json.hpp"

namespace transformerd {

// Each text (and pair), cut to `columns`, above a table with a line for each of
// its tokens. Offsets are as in Python: text[begin:end].
std::string TokenizeResultAsText(const TokenizeRequest& request,
                                 const TokenizeResult& result, int columns);

// Model and a list of objects with text, text_pair where there is one, ids,
// tokens, type_ids and offsets as pairs of numbers.
nlohmann::json TokenizeResultAsJson(const TokenizeRequest& request,
                                    const TokenizeResult& result);

}  // namespace transformerd
