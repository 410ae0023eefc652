// SmolLM 3: llama in which some layers, every fourth by default, do not turn queries and keys.
#include "arch/architecture.h"

namespace retort::arch {
namespace {

// A GGUF file does not say which layers turn; llama.cpp has the default built in.
void read_turning_layers(ConfigReader& read, ModelConfig& config) {
  std::int64_t interval = 4;
  read.optional({"", "no_rope_layer_interval"}, interval);
  if (interval < 1) return read.refuse("a no_rope_layer_interval of 0");
  std::vector<float> turns;  // of each layer: 1 where it turns
  read.optional({"", "no_rope_layers"}, turns);
  for (std::size_t i = 0; i < config.layer_configs.size(); ++i) {
    const bool turning =
        i < turns.size() ? turns[i] != 0 : (i + 1) % static_cast<std::size_t>(interval) != 0;
    config.layer_configs[i].rope = turning ? LayerRope::global : LayerRope::none;
  }
}

// Where windows are on, the layers that do not turn have them.
void read_sliding_layers(ConfigReader& read, ModelConfig& config) {
  bool used = false;
  std::int64_t window = 0;
  read.optional({"", "use_sliding_window"}, used);
  read.optional({"", "sliding_window"}, window);
  if (!used || window == 0) return;
  if (read.has({"", "layer_types"})) return read_windows(read, window, 1, config);
  for (LayerConfig& layer : config.layer_configs) {
    if (layer.rope == LayerRope::none) layer.window = window;
  }
}

void describe(ConfigReader& read, ModelConfig& config) {
  config.norm_epsilon = 1e-6;  // transformers' defaults
  config.tied_output = true;
  config.rope.base = 2'000'000;
  read_decoder(read, true, config);
  read_turning_layers(read, config);
  read_sliding_layers(read, config);
}

}  // namespace

const Architecture kSmollm3 = {"smollm3", "smollm3", describe, {}};

}  // namespace retort::arch
