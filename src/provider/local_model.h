// A model on this machine, whole: weights, tokenizer, chat template, and the engine that runs it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include <retort/result.h>

#include "base/log.h"
#include "base/turn_lock.h"
#include "engine/engine.h"
#include "grammar/token_trie.h"
#include "model/model.h"
#include "provider/constraint_cache.h"
#include "provider/memory_plan.h"
#include "text/chat_template.h"
#include "text/chat_template_input.h"
#include "text/reasoning_parser.h"
#include "text/tokenizer.h"
#include "text/tool_call_parser.h"

namespace retort::provider {

// What models are computed with, each of them; all of it outlives them.
struct Machine {
  const tensor::Kernels& kernels;
  tensor::ThreadPool& pool;
  base::TurnLock& turns;  // at the pool
  const base::Log& log;
};

// What is known of a model from its file's header.
struct LocalModelOutline {
  std::string id;
  std::int64_t created = 0;       // seconds since 1970: the file's time
  std::int64_t memory_bytes = 0;  // that it will take, about: weights, keys and values
};

// Immutable but for the engine behind it; thread-safe.
struct LocalModel {
  std::string id;
  std::int64_t created = 0;  // seconds since 1970: the file's time
  // Weights, build, kernel class, and a type of keys and values that was asked for: what an
  // answer's bytes depend on.
  std::string fingerprint;
  std::int64_t context = 0;       // tokens of prompt and answer together
  std::int64_t memory_bytes = 0;  // weights, keys and values
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
  std::size_t longest_piece = 0;                // bytes of the longest token
  std::unique_ptr<model::Model> draft_weights;  // null: none
  std::unique_ptr<engine::Engine> engine;       // last: it uses the weights

  // Reads the header alone. Errors as load().
  static Result<LocalModelOutline> outline(const LocalModelOptions& options);

  // Errors name the file and what is wrong with it; cancelled where `stop` was requested.
  static Result<std::unique_ptr<LocalModel>> load(const LocalModelOptions& options,
                                                  const Machine& machine,
                                                  const std::stop_token& stop);
};

}  // namespace retort::provider
