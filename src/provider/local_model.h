// A model on this machine, whole: weights, tokenizer, chat template, and the engine that runs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <retort/result.h>

#include "base/log.h"
#include "engine/engine.h"
#include "grammar/token_trie.h"
#include "model/model.h"
#include "provider/constraint_cache.h"
#include "text/chat_template.h"
#include "text/chat_template_input.h"
#include "text/reasoning_parser.h"
#include "text/tokenizer.h"
#include "text/tool_call_parser.h"

namespace retort::provider {

struct LocalModelOptions {
  std::filesystem::path path;  // a GGUF file or a Hugging Face folder; empty: the bundled model
  std::string id;              // empty: the model's own name, or its file's
  std::optional<std::int64_t> context;   // tokens; the model's own where not set
  std::optional<std::int64_t> kv_bytes;  // where not set: a quarter of the machine's memory at most
  std::size_t batch_sequences_max = 32;
  std::size_t waiting_max = 256;
};

// Immutable but for the engine behind it; thread-safe.
struct LocalModel {
  std::string id;
  std::int64_t created = 0;  // seconds since 1970: the file's time
  std::string fingerprint;   // weights, build and kernel class: what an answer's bytes depend on
  std::int64_t context = 0;  // tokens of prompt and answer together
  std::unique_ptr<model::Model> weights;
  std::unique_ptr<text::Tokenizer> tokenizer;
  std::unique_ptr<text::ChatTemplate> chat_template;
  text::TemplateTraits template_traits;
  text::TemplateInput template_input;
  const text::ToolCallFormat* tool_calls = nullptr;  // how it writes calls; null: it knows none
  const text::ReasoningFormat* reasoning = nullptr;  // how it marks its thinking; null: it does not
  std::vector<text::TokenId> end_tokens;
  std::shared_ptr<const grammar::TokenTrie> token_trie;  // also of the constraints it holds
  std::unique_ptr<ConstraintCache> constraints;
  std::size_t longest_piece = 0;           // bytes of the longest token
  std::unique_ptr<engine::Engine> engine;  // last: it uses the weights

  // `kernels`, `pool` and `log` outlive the model. Errors name the file and what is wrong with it.
  static Result<LocalModel> load(const LocalModelOptions& options, const tensor::Kernels& kernels,
                                 tensor::ThreadPool& pool, const base::Log& log);
};

}  // namespace retort::provider
