#include "model/native/distance_tables.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "model/base/dtype.h"
#include "model/base/shape.h"
#include "model/kernels/layout.h"
#include "model/native/buffer.h"

namespace transformerd {
namespace {

// Places of a block's projections, which are always separate.
constexpr int kQuery = 0, kKey = 1;

// Rows that are projected at once.
constexpr int64_t kBlockRows = 256;

// Where the tables of a stack lie in the room of its slot.
struct Room {
  Room(const StackRecipe& recipe, const ParameterSlot& slot)
      : stride(slot.shape()[0] * kernels::kPanelBytes),
        panels(recipe.num_attention_heads *
               kernels::NumPanels(recipe.head_size, slot.dtype())),
        first(kernels::RoundUp(slot.size_bytes(), kernels::kPanelBytes)) {}

  int64_t stride;  // from a panel to the next
  int64_t panels;  // of a table
  int64_t first;   // where the first table begins
};

// A table and what makes it.
struct Projection {
  const NativeLinear* linear = nullptr;
  std::byte* table = nullptr;
};

// Reads blocks of rows of the table of distances.
class RowReader {
 public:
  RowReader(const NativeStack& stack, int64_t columns, const RowOps& ops)
      : stack_(stack), columns_(columns), ops_(ops), ids_(kBlockRows) {
    std::iota(ids_.begin(), ids_.end(), 0);
    rows_.Resize(kBlockRows, columns);
    panels_.ResizeFor(kBlockRows, columns, ops.dtype());
  }

  // `count` rows from `first` on, normed, as the rows of a block.
  PanelBuffer& Read(int64_t first, const RowBlock& block) {
    kernels::EmbedCall call;
    call.table = stack_.distances;
    call.ids = ids_.data();
    call.id_offset = first;
    call.rows = block.count;
    call.columns = columns_;
    call.rows_out = rows_.row(block.first);
    call.stride = rows_.stride();
    ops_.kernels().embed(call);
    if (stack_.distance_norm) {
      NormTarget target;
      target.panels = &panels_;
      ops_.Norm(*stack_.distance_norm, rows_, columns_, block, target);
    } else {
      ops_.Pack(rows_, columns_, block, panels_);
    }
    return panels_;
  }

 private:
  const NativeStack& stack_;
  const int64_t columns_;
  const RowOps& ops_;
  std::vector<int64_t> ids_;
  RowBuffer rows_;
  PanelBuffer panels_;
};

void Reserve(const StackRecipe& recipe, const Stack& stack) {
  if (!recipe.disentangled) return;
  // A plan refuses what no memory has room for.
  constexpr int64_t kTooMuch = std::numeric_limits<int64_t>::max();
  const Room room(recipe, *stack.distances);
  const int64_t kinds = recipe.disentangled->content_to_position +
                        recipe.disentangled->position_to_content;
  const auto blocks = static_cast<int64_t>(stack.blocks.size());
  const std::optional<int64_t> tables =
      NumElements({blocks, kinds, room.panels, room.stride});
  stack.distances->Reserve(
      CheckedAdd(room.first, tables.value_or(kTooMuch)).value_or(kTooMuch));
}

}  // namespace

void ReserveDistanceTables(const Architecture& architecture,
                           const Transformer& transformer) {
  Reserve(architecture.stack, transformer.stack());
  if (architecture.decoder) {
    Reserve(*architecture.decoder, *transformer.decoder());
  }
}

void ProjectDistances(const StackRecipe& recipe, const Stack& stack,
                      const RowOps& ops, NativeStack& native) {
  const DisentangledRecipe& disentangled = *recipe.disentangled;
  const Room room(recipe, *stack.distances);
  std::byte* next = stack.distances->storage() + room.first;
  std::vector<Projection> projections;
  const auto add = [&](const std::optional<NativeLinear>& own,
                       const NativeProjection& shared,
                       kernels::PanelRows& table) {
    projections.push_back({own ? &*own : &shared.linear, next});
    table.data = next;
    table.stride = room.stride;
    next += room.panels * room.stride;
  };
  for (NativeBlock& block : native.blocks) {
    NativeAttention& attention = block.attention;
    if (disentangled.content_to_position) {
      add(attention.position_key, attention.projections[kKey],
          attention.distance_key);
    }
    if (disentangled.position_to_content) {
      add(attention.position_query, attention.projections[kQuery],
          attention.distance_query);
    }
  }
  if (projections.empty()) return;
  const int64_t num_rows = stack.distances->shape()[0];
  RowReader reader(native, stack.distances->shape()[1], ops);
  for (int64_t first = 0; first < num_rows; first += kBlockRows) {
    const RowBlock block = {0, std::min(kBlockRows, num_rows - first)};
    PanelBuffer& rows = reader.Read(first, block);
    // Either all of them are int8 or none is.
    ops.PrepareFor(*projections.front().linear, rows, block);
    for (const Projection& projection : projections) {
      LinearTarget target;
      target.panels = projection.table + first * kernels::kPanelBytes;
      target.stride = room.stride;
      target.map = {native.heads.query.data(), native.heads.by_lanes};
      ops.Multiply(*projection.linear, rows.rows(0), block.count, target);
    }
  }
}

}  // namespace transformerd
