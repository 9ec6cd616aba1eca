// How config.json files describe rotary position embeddings.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/config/architecture.h"
#include "model/config/config_reader.h"

namespace transformerd {

// What the class of a family fixes, and where older files keep the rest.
struct RotarySource {
  int64_t head_size = 0;
  // max_position_embeddings.
  int64_t max_position = 0;
  // The base: "rope_theta" of the parameters, else this key beside them.
  absl::string_view theta_key = "rope_theta";
  double theta = 10000;
  // The part of each head that is rotated: "partial_rotary_factor", likewise.
  absl::string_view part_key = "partial_rotary_factor";
  double part = 1;
  // False: the class rotates whole heads, and anything else is refused.
  bool is_partial = false;
  // Of original_max_position_embeddings beside the parameters; nothing: the
  // parameters' own counts, else max_position.
  std::optional<int64_t> original_max_position;
};

// The parameters of a config whose layers all rotate alike: "rope_parameters"
// as transformers 5 writes it, or "rope_scaling" of the releases before.
absl::StatusOr<ConfigReader> RotaryParameters(const ConfigReader& config);

// The parameters of one type of layers, where each type has an object of its
// own in "rope_parameters"; empty if absent. UNSUPPORTED where parameters of
// all layers stand there.
absl::StatusOr<ConfigReader> RotaryParametersOf(const ConfigReader& config,
                                                absl::string_view layer_type);

// Reads `parameters`, which are those above or an object of one layer type,
// with what stands beside them in `config`. Nothing where no number of a head
// is rotated.
// Errors: CONFIG_INVALID naming the key; UNSUPPORTED for a type of scaling that
// is not known.
absl::StatusOr<std::optional<RotaryRecipe>> ReadRotary(
    const ConfigReader& config, const ConfigReader& parameters,
    const RotarySource& source);

// The longest row, in tokens, that a model takes whose max_position_embeddings
// are `max_position`. Files with linear or dynamic scaling state the length of
// the training there, those with yarn do in either place: such rows are
// stretched by the factor. The other types state the stretched length.
int64_t LongestRow(const RotaryRecipe& rotary, int64_t max_position);

// Lets all layers rotate by the config's parameters; the sizes in `source` are
// filled in here. The longest row is then LongestRow(): no table of positions
// ends, but a model is of little use far beyond the lengths that it knows, and
// a limit bounds what one request can cost.
absl::Status SetRotary(const ConfigReader& config, RotarySource source,
                       Architecture& out);

}  // namespace transformerd
