// MemoryPlan: how much memory a model on this machine takes, and what context that gives; known
// from its config, before it is loaded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <retort/result.h>

#include "engine/speculation.h"
#include "model/kv_cache.h"

namespace retort::provider {

struct LocalModelOptions {
  std::filesystem::path path;  // a GGUF file or a Hugging Face folder; empty: the bundled model
  std::string id;              // empty: the model's own name, or its file's
  std::optional<std::int64_t> context;  // tokens; the model's own where not set
  std::optional<std::int64_t> kv_bytes;
  // Keys and values take so much at most where kv_bytes is not set; 0: a quarter of the machine's
  // memory.
  std::int64_t kv_bytes_unasked = 0;
  std::optional<model::KvType> kv_type;  // not set: by the weights' type
  engine::SpeculationMode speculation = engine::SpeculationMode::automatic;
  std::filesystem::path draft_path;  // of a smaller model of the same vocabulary; empty: none
  std::size_t batch_sequences_max = 32;
  std::size_t waiting_max = 256;
};

struct MemoryPlan {
  std::int64_t context = 0;     // tokens of prompt and answer together
  bool context_is_cut = false;  // unasked, for want of memory
  model::KvType kv_type = model::KvType::f16;
  std::size_t kv_pages = 0;
  std::int64_t kv_bytes = 0;
};

// Of the machine; 4 GiB where the system does not say.
std::int64_t machine_memory_bytes();

// Of a model and its draft model, where there is one. `id` stands in errors (config): a context
// that is more than the model was made for.
Result<MemoryPlan> plan_memory(const model::ModelConfig& config, const model::ModelConfig* draft,
                               const LocalModelOptions& options, const std::string& id);

}  // namespace retort::provider
