#include "provider/local_model.h"

#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdio>
#include <mutex>
#include <utility>

#include "base/build_id.h"
#include "base/crypto.h"
#include "gguf/split_model.h"
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

std::string id_of(const LocalModelOptions& options, const model::ModelConfig& config) {
  if (!options.id.empty()) return options.id;
  if (options.path.empty()) return config.name;
  const fs::path path = options.path.lexically_normal();
  if (auto stem = gguf::split_stem(path.filename().string())) return std::move(*stem);
  return path.has_filename() ? path.stem().string() : path.parent_path().filename().string();
}

// The bundled model is as old as the program.
std::int64_t created_of(const LocalModelOptions& options) {
  return file_time(options.path.empty() ? "/proc/self/exe" : options.path);
}

std::string fingerprint_of(const model::Model& weights, const tensor::Kernels& kernels,
                           std::optional<model::KvType> kv_type) {
  char hash[17];
  std::snprintf(hash, sizeof hash, "%016" PRIx64, weights.weights_hash());
  std::string whole = std::string(hash) + "/" + base::build_id() + "/" + std::string(kernels.name);
  if (kv_type && *kv_type != model::default_kv_type(weights.config())) {
    whole += "/" + std::string(model::kv_type_name(*kv_type));
  }
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
// of a call, and know those that are marks of thinking. What spells a mark in part, as an ordinary
// token "o" or "to" does of <tool_call>, is text like any other.
Result<void> load_token_trie(LocalModel& model) {
  std::vector<std::string> pieces(static_cast<std::size_t>(model.weights->config().vocab_size));
  std::vector<std::uint32_t> hidden, marks;
  for (std::size_t id = 0; id < model.tokenizer->vocab_size(); ++id) {
    const auto token = static_cast<text::TokenId>(id);
    const std::string_view name = model.tokenizer->token_text(token);
    const bool added = model.tokenizer->is_control(token) ||
                       model.tokenizer->type(token) == text::TokenType::user_defined;
    if (added && model.tool_calls != nullptr && model.tool_calls->has_mark(name)) {
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

// The share that a packed matrix takes at most beyond what the file has (tensor/matrix.h).
constexpr std::int64_t kPackedShareMore = 20;

// Says once a second how far the weights of a slow load are. Thread-safe.
class ProgressLog {
 public:
  ProgressLog(std::string id, const base::Log& log) : id_(std::move(id)), log_(log) {}

  void tell(const model::LoadProgress& progress) {
    if (!is_due()) return;
    char line[128];
    std::snprintf(
        line, sizeof line, ": loading, %.0f %%: %.1f of %.1f MB",
        100 * static_cast<double>(progress.bytes) / static_cast<double>(progress.bytes_total),
        static_cast<double>(progress.bytes) / 1e6, static_cast<double>(progress.bytes_total) / 1e6);
    log_.info(id_ + line);
  }

 private:
  bool is_due() {
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (now < next_) return false;
    next_ = now + std::chrono::seconds(1);
    return true;
  }

  const std::string id_;
  const base::Log& log_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point next_ =  // under mutex_
      std::chrono::steady_clock::now() + std::chrono::seconds(1);
};

// The two tokenizers must give every token id the same meaning.
Result<void> check_same_vocabulary(const text::Tokenizer& tokenizer, const text::Tokenizer& draft,
                                   const fs::path& path) {
  const std::string mend =
      "; a draft model must have the vocabulary of the model it guesses for, "
      "as smaller models of the same family do";
  const std::string file = model_file_name(path);
  if (draft.vocab_size() != tokenizer.vocab_size()) {
    return Error(ErrorKind::config, file + ": has " + std::to_string(draft.vocab_size()) +
                                        " tokens, the model " +
                                        std::to_string(tokenizer.vocab_size()) + mend)
        .with_param("draft_model");
  }
  for (std::size_t id = 0; id < tokenizer.vocab_size(); ++id) {
    const auto token = static_cast<text::TokenId>(id);
    if (draft.token_text(token) == tokenizer.token_text(token)) continue;
    return Error(ErrorKind::config, file + ": token " + std::to_string(id) + " is '" +
                                        std::string(draft.token_text(token)) + "', the model's '" +
                                        std::string(tokenizer.token_text(token)) + "'" + mend)
        .with_param("draft_model");
  }
  return {};
}

Result<void> load_draft_model(LocalModel& model, const fs::path& path,
                              const tensor::Kernels& kernels,
                              const model::LoadOptions& load_options) {
  Result<text::Tokenizer> tokenizer = load_tokenizer(path);
  if (!tokenizer) return std::move(tokenizer).error();
  if (auto same = check_same_vocabulary(*model.tokenizer, *tokenizer, path); !same) return same;
  Result<model::ModelFile> file = open_model(path);
  if (!file) return std::move(file).error();
  Result<std::unique_ptr<model::Model>> weights =
      model::Model::load(std::move(*file), kernels, load_options);
  if (!weights) return std::move(weights).error();
  model.draft_weights = std::move(*weights);
  return {};
}

// The model's weights, and what follows from its file.
Result<void> load_model_file(LocalModel& model, const LocalModelOptions& options,
                             const tensor::Kernels& kernels, model::LoadOptions load) {
  Result<model::ModelFile> file = open_model(options.path);
  if (!file) return std::move(file).error();
  load.context = options.context.value_or(0);
  Result<std::unique_ptr<model::Model>> weights =
      model::Model::load(std::move(*file), kernels, load);
  if (!weights) return std::move(weights).error();
  model.weights = std::move(*weights);
  model.created = created_of(options);
  model.fingerprint = fingerprint_of(*model.weights, kernels, options.kv_type);
  if (Result<void> loaded = load_text(model, options.path); !loaded) return loaded;
  if (Result<void> loaded = load_token_trie(model); !loaded) return loaded;
  if (options.draft_path.empty()) return {};
  return load_draft_model(model, options.draft_path, kernels, load);
}

Result<void> start_engine(LocalModel& model, const LocalModelOptions& options,
                          const Machine& machine) {
  const model::ModelConfig& config = model.weights->config();
  const model::ModelConfig* draft = model.draft_weights ? &model.draft_weights->config() : nullptr;
  const Result<MemoryPlan> plan = plan_memory(config, draft, options, model.id);
  if (!plan) return plan.error();
  if (plan->context_is_cut) {
    machine.log.warning(
        model.id + ": the context is " + std::to_string(plan->context) + " of " +
        std::to_string(config.context) +
        " tokens, what the memory for keys and values holds; --kv-memory gives more");
  }
  model.context = plan->context;
  model.memory_bytes = static_cast<std::int64_t>(model.weights->weights_bytes()) + plan->kv_bytes;
  if (draft != nullptr) {
    model.memory_bytes += static_cast<std::int64_t>(model.draft_weights->weights_bytes());
  }
  engine::EngineOptions engine_options;
  engine_options.scheduler.batch_sequences_max = options.batch_sequences_max;
  engine_options.context = static_cast<std::size_t>(plan->context);
  engine_options.kv_pages = plan->kv_pages;
  engine_options.kv_type = plan->kv_type;
  engine_options.waiting_max = options.waiting_max;
  engine_options.speculation.mode = options.speculation;
  engine_options.draft_model = model.draft_weights.get();
  Result<std::unique_ptr<engine::Engine>> engine =
      engine::Engine::start(*model.weights, machine.pool, machine.log, engine_options);
  if (!engine) return std::move(engine).error();
  model.engine = std::move(*engine);
  return {};
}

}  // namespace

Result<LocalModelOutline> LocalModel::outline(const LocalModelOptions& options) {
  const Result<model::ModelFile> file = open_model(options.path);
  if (!file) return file.error();
  const std::string id = id_of(options, file->config());
  std::uint64_t weights = file->tensor_bytes();
  std::optional<model::ModelConfig> draft;
  if (!options.draft_path.empty()) {
    const Result<model::ModelFile> draft_file = open_model(options.draft_path);
    if (!draft_file) return draft_file.error();
    weights += draft_file->tensor_bytes();
    draft = draft_file->config();
  }
  const Result<MemoryPlan> plan =
      plan_memory(file->config(), draft ? &*draft : nullptr, options, id);
  if (!plan) return plan.error();
  const auto bytes = static_cast<std::int64_t>(weights);
  return LocalModelOutline{.id = id,
                           .created = created_of(options),
                           .memory_bytes = bytes + bytes / kPackedShareMore + plan->kv_bytes};
}

Result<std::unique_ptr<LocalModel>> LocalModel::load(const LocalModelOptions& options,
                                                     const Machine& machine,
                                                     const std::stop_token& stop) {
  const auto began = std::chrono::steady_clock::now();
  ProgressLog progress_log(model_file_name(options.path), machine.log);
  model::LoadOptions load_options;
  load_options.pool = &machine.pool;
  load_options.turns = &machine.turns;
  load_options.progress = [&](const model::LoadProgress& progress) {
    progress_log.tell(progress);
    return !stop.stop_requested();
  };
  auto model = std::make_unique<LocalModel>();
  Result<void> loaded = load_model_file(*model, options, machine.kernels, load_options);
  if (!loaded) return std::move(loaded).error();
  model->id = id_of(options, model->weights->config());
  loaded = start_engine(*model, options, machine);
  if (!loaded) return std::move(loaded).error();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  char line[256];
  std::snprintf(line, sizeof line,
                "%s: %s, %.1f MB of weights, context %" PRId64 ", %s kernels, loaded in %.2f s",
                model->id.c_str(), model->weights->config().architecture.c_str(),
                static_cast<double>(model->weights->weights_bytes()) / 1e6, model->context,
                std::string(machine.kernels.name).c_str(), took.count());
  machine.log.info(line);
  return model;
}

}  // namespace retort::provider
