// What the config.json files of Qwen2 and Qwen3 have in common.
#pragma once

#include <cstdint>

#include "model/base/status_macros.h"
#include "model/families/decoder_config.h"

namespace transformerd {

// `head_size` is the default; 0: hidden_size / num_attention_heads.
constexpr DecoderKeys QwenKeys(int64_t head_size) {
  DecoderKeys keys;
  keys.vocab_size.default_value = 151936;
  keys.num_key_value_heads.default_value = 32;
  keys.head_size.default_value = head_size;
  keys.intermediate_size.default_value = 22016;
  keys.max_position_embeddings.default_value = 32768;
  return keys;
}

// The layers from max_window_layers on see a window, if there is one.
inline absl::Status SetQwenWindows(const ConfigReader& config,
                                   StackRecipe& stack) {
  ASSIGN_OR_RETURN(const bool has_window,
                   config.Bool("use_sliding_window", false));
  ASSIGN_OR_RETURN(int64_t window, ReadWindow(config, 4096));
  if (!has_window) window = 0;
  ASSIGN_OR_RETURN(const int64_t first,
                   config.Int("max_window_layers", 28, 0, kMaxLayers));
  return SetSlidingLayers(
      config, window,
      [&](int64_t layer) { return window > 0 && layer >= first; }, stack);
}

}  // namespace transformerd
