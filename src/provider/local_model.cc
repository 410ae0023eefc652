#include "provider/local_model.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "base/build_id.h"
#include "base/crypto.h"
#include "provider/model_files.h"

namespace retort::provider {
namespace {

namespace fs = std::filesystem;

std::int64_t file_time(const fs::path& path) {
  std::error_code error;
  const fs::file_time_type time = fs::last_write_time(path, error);
  if (error) return 0;
  const auto since = std::chrono::file_clock::to_sys(time).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

// A quarter of the machine's memory: the most that keys and values take unasked.
std::int64_t default_kv_bytes() {
  const long pages = sysconf(_SC_PHYS_PAGES);
  const long page_bytes = sysconf(_SC_PAGE_SIZE);
  if (pages <= 0 || page_bytes <= 0) return std::int64_t{1} << 30;
  return std::int64_t{pages} * page_bytes / 4;
}

std::string id_of(const LocalModelOptions& options, const model::ModelConfig& config) {
  if (!options.id.empty()) return options.id;
  if (options.path.empty()) return config.name;
  const fs::path path = options.path.lexically_normal();
  return path.has_filename() ? path.stem().string() : path.parent_path().filename().string();
}

std::string fingerprint_of(const model::Model& weights, const tensor::Kernels& kernels) {
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016" PRIx64, weights.weights_hash());
  const std::string whole =
      std::string(hash) + "/" + base::build_id() + "/" + std::string(kernels.name);
  return "fp_" + base::to_hex(base::sha256(whole)).substr(0, 16);
}

Result<void> load_text(LocalModel& model, const fs::path& path) {
  Result<text::Tokenizer> tokenizer = load_tokenizer(path);
  if (!tokenizer) return std::move(tokenizer).error();
  model.tokenizer = std::make_unique<text::Tokenizer>(std::move(*tokenizer));
  model.end_tokens = model.tokenizer->end_of_generation();
  for (std::size_t id = 0; id < model.tokenizer->vocab_size(); ++id) {
    const auto token = static_cast<text::TokenId>(id);
    model.longest_piece = std::max(model.longest_piece, model.tokenizer->piece(token).size());
  }
  if (static_cast<std::int64_t>(model.tokenizer->vocab_size()) >
      model.weights->config().vocab_size) {
    return Error(ErrorKind::malformed, model_file_name(path) + ": the tokenizer has " +
                                           std::to_string(model.tokenizer->vocab_size()) +
                                           " tokens, more than the model's " +
                                           std::to_string(model.weights->config().vocab_size));
  }
  const auto& templates = model.tokenizer->chat_templates();
  const auto chosen = templates.find("default");
  if (chosen == templates.end()) {
    return Error(ErrorKind::malformed,
                 model_file_name(path) +
                     ": the model has no chat template, so it cannot answer chats; use a chat "
                     "(instruct) model");
  }
  Result<text::ChatTemplate> chat_template =
      text::ChatTemplate::parse(chosen->second, model_file_name(path));
  if (!chat_template) return std::move(chat_template).error();
  model.chat_template = std::make_unique<text::ChatTemplate>(std::move(*chat_template));
  model.template_traits = text::probe_traits(*model.chat_template);
  const auto text_of = [&model](const std::optional<text::TokenId>& id) {
    return id ? std::string(model.tokenizer->token_text(*id)) : std::string();
  };
  model.template_input.bos_token = text_of(model.tokenizer->bos());
  model.template_input.eos_token = text_of(model.tokenizer->eos());
  model.tool_calls = text::find_tool_call_format(chosen->second);
  model.reasoning = text::find_reasoning_format(chosen->second);
  return {};
}

// The vocabulary as constraints see it. Of the control tokens they allow those alone that are marks
// of a call, and know those that are marks of thinking.
Result<void> load_token_trie(LocalModel& model) {
  std::vector<std::string> pieces(static_cast<std::size_t>(model.weights->config().vocab_size));
  std::vector<std::uint32_t> hidden, marks;
  for (std::size_t id = 0; id < model.tokenizer->vocab_size(); ++id) {
    const auto token = static_cast<text::TokenId>(id);
    const std::string_view name = model.tokenizer->token_text(token);
    if (model.tool_calls != nullptr && model.tool_calls->has_mark(name)) {
      marks.push_back(static_cast<std::uint32_t>(id));
    } else if (model.reasoning != nullptr && model.reasoning->has_mark(name)) {
      hidden.push_back(static_cast<std::uint32_t>(id));
    } else if (model.tokenizer->is_control(token)) {
      continue;
    }
    pieces[id] = model.tokenizer->piece(token);
  }
  Result<grammar::TokenTrie> trie = grammar::TokenTrie::make(pieces, hidden, marks);
  if (!trie) return std::move(trie).error();
  model.token_trie = std::make_shared<const grammar::TokenTrie>(std::move(*trie));
  model.constraints = std::make_unique<ConstraintCache>();
  return {};
}

// How many tokens of keys and values there is room for, and from it the context.
Result<std::size_t> plan_memory(LocalModel& model, const LocalModelOptions& options,
                                model::KvType type, const base::Log& log) {
  const model::ModelConfig& config = model.weights->config();
  const auto page_bytes = static_cast<std::int64_t>(model::KvCache::page_bytes(config, type));
  const std::int64_t pages_max = options.kv_bytes.value_or(default_kv_bytes()) / page_bytes;
  model.context = options.context.value_or(config.context);
  if (model.context > config.context) {
    return Error(ErrorKind::config, "--context " + std::to_string(model.context) +
                                        " is more than the " + std::to_string(config.context) +
                                        " tokens that " + model.id + " was made for")
        .with_param("context");
  }
  if (!options.context && !options.kv_bytes && pages_max * model::kPageTokens < model.context) {
    model.context = pages_max * model::kPageTokens;
    log.warning(model.id + ": the context is " + std::to_string(model.context) + " of " +
                std::to_string(config.context) +
                " tokens, what a quarter of the memory holds; --kv-memory gives more");
  }
  const auto context_pages = static_cast<std::int64_t>(
      engine::PagePool::pages_for(static_cast<std::size_t>(model.context)));
  const std::int64_t wanted =
      options.kv_bytes
          ? pages_max
          : std::min(pages_max,
                     context_pages * static_cast<std::int64_t>(options.batch_sequences_max));
  return static_cast<std::size_t>(wanted);
}

}  // namespace

Result<LocalModel> LocalModel::load(const LocalModelOptions& options,
                                    const tensor::Kernels& kernels, tensor::ThreadPool& pool,
                                    const base::Log& log) {
  const auto began = std::chrono::steady_clock::now();
  model::LoadOptions load_options;
  load_options.context = options.context.value_or(0);
  Result<std::unique_ptr<model::Model>> weights = load_weights(options.path, kernels, load_options);
  if (!weights) return std::move(weights).error();
  LocalModel model;
  model.weights = std::move(*weights);
  model.id = id_of(options, model.weights->config());
  // The bundled model is as old as the program.
  model.created = file_time(options.path.empty() ? "/proc/self/exe" : options.path);
  model.fingerprint = fingerprint_of(*model.weights, kernels);
  if (Result<void> loaded = load_text(model, options.path); !loaded)
    return std::move(loaded).error();
  if (Result<void> loaded = load_token_trie(model); !loaded) return std::move(loaded).error();

  const model::KvType kv_type = model::default_kv_type(model.weights->config());
  const Result<std::size_t> pages = plan_memory(model, options, kv_type, log);
  if (!pages) return pages.error();
  engine::EngineOptions engine_options;
  engine_options.scheduler.batch_sequences_max = options.batch_sequences_max;
  engine_options.context = static_cast<std::size_t>(model.context);
  engine_options.kv_pages = *pages;
  engine_options.kv_type = kv_type;
  engine_options.waiting_max = options.waiting_max;
  Result<std::unique_ptr<engine::Engine>> engine =
      engine::Engine::start(*model.weights, pool, log, engine_options);
  if (!engine) return std::move(engine).error();
  model.engine = std::move(*engine);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  char line[256];
  std::snprintf(line, sizeof line,
                "%s: %s, %.1f MB of weights, context %" PRId64 ", %s kernels, loaded in %.2f s",
                model.id.c_str(), model.weights->config().architecture.c_str(),
                static_cast<double>(model.weights->weights_bytes()) / 1e6, model.context,
                std::string(kernels.name).c_str(), took.count());
  log.info(line);
  return model;
}

}  // namespace retort::provider
