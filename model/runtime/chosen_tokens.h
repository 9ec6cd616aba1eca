// Which token of each row stands for the row.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "model/runtime/packing.h"

namespace transformerd {

// All give one index into the packed tokens for each row; a row without such a
// token gives its first.
std::vector<int64_t> FirstTokens(const PackedRows& rows);
// The last that is not padding, by id: one without an id is not. The last of
// the row where there is no such id.
std::vector<int64_t> LastTokens(const PackedRows& rows,
                                std::optional<int64_t> pad_token_id);
// The last under mask 1.
std::vector<int64_t> LastVisibleTokens(const PackedRows& rows);
// The first that is `end_of_text`; nothing stands for the row's highest id.
std::vector<int64_t> EndsOfText(const PackedRows& rows,
                                std::optional<int64_t> end_of_text);
// Of `tokens`, those at the places where `rows` have `id` last. Every row has
// it, at a place that its row of `tokens` has too (CHECK).
std::vector<int64_t> TokensAtLast(const PackedRows& rows, int64_t id,
                                  const PackedRows& tokens);

}  // namespace transformerd
