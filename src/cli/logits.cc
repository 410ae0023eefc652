#include <boost/json/array.hpp>
#include <thread>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/hub_models.h"
#include "cli/json_lines.h"
#include "cli/kernel_choice.h"
#include "engine/page_pool.h"
#include "provider/model_files.h"

namespace retort::cli {
namespace {

using model::TokenId;

// A model with the memory to run one sequence at a time.
struct Runner {
  std::unique_ptr<model::Model> model;
  tensor::ThreadPool& pool;

  Result<boost::json::object> answer(const boost::json::object& request);
  Result<std::vector<TokenId>> read_ids(const boost::json::object& request) const;
};

Result<std::vector<TokenId>> Runner::read_ids(const boost::json::object& request) const {
  const boost::json::value* field = request.if_contains("ids");
  const boost::json::array* array = field != nullptr ? field->if_array() : nullptr;
  if (array == nullptr || array->empty()) {
    return Error(ErrorKind::invalid_request, "a line needs \"ids\", token ids, at least one");
  }
  const model::ModelConfig& config = model->config();
  if (static_cast<std::int64_t>(array->size()) > config.context) {
    return Error(ErrorKind::invalid_request, std::to_string(array->size()) +
                                                 " ids do not fit the context of " +
                                                 std::to_string(config.context));
  }
  std::vector<TokenId> ids;
  for (const boost::json::value& item : *array) {
    const std::int64_t* id = item.if_int64();
    if (id == nullptr || *id < 0 || *id >= config.vocab_size) {
      return Error(ErrorKind::invalid_request,
                   "ids are whole numbers from 0 to " + std::to_string(config.vocab_size - 1));
    }
    ids.push_back(static_cast<TokenId>(*id));
  }
  return ids;
}

Result<boost::json::object> Runner::answer(const boost::json::object& request) {
  const Result<std::vector<TokenId>> ids = read_ids(request);
  if (!ids) return ids.error();
  const model::ModelConfig& config = model->config();
  const std::size_t page_count = engine::PagePool::pages_for(ids->size());
  Result<model::KvCache> cache =
      model::KvCache::make(config, page_count, model::default_kv_type(config));
  if (!cache) return std::move(cache).error();
  std::vector<model::PageId> pages(page_count);
  for (std::size_t i = 0; i < page_count; ++i) pages[i] = static_cast<model::PageId>(i);

  const auto width = static_cast<std::size_t>(config.vocab_size);
  std::vector<float> logits(ids->size() * width);  // [positions, vocab_size] f32
  model::Batch batch;
  batch.sequences.push_back(
      {.tokens = *ids, .position = 0, .pages = pages, .logits = model::BatchSequence::Logits::all});
  if (Result<void> done = model->forward(batch, *cache, pool, logits); !done) {
    return std::move(done).error();
  }
  boost::json::array rows;
  for (std::size_t row = 0; row < ids->size(); ++row) {
    boost::json::array values;
    for (std::size_t i = 0; i < width; ++i) values.emplace_back(logits[row * width + i]);
    rows.push_back(std::move(values));
  }
  boost::json::object out;
  out["logits"] = std::move(rows);
  return out;
}

int run(const Arguments& arguments) {
  const Result<const tensor::Kernels*> kernels = kernels_of_environment();
  if (!kernels) {
    complain(kernels.error().message());
    return kFailed;
  }
  const Result<std::filesystem::path> path = find_model(arguments);
  if (!path) {
    complain(path.error().message());
    return kFailed;
  }
  Result<std::unique_ptr<model::Model>> model = provider::load_weights(*path, **kernels);
  if (!model) {
    complain(model.error().message());
    return kFailed;
  }
  tensor::ThreadPool pool(static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
  Runner runner{.model = std::move(*model), .pool = pool};
  answer_json_lines([&runner](const boost::json::object& line) {
    Result<boost::json::object> answer = runner.answer(line);
    return answer ? std::move(*answer) : error_object(answer.error());
  });
  return kDone;
}

}  // namespace

Command logits_command() {
  return {.name = "logits",
          .help = "Read {\"ids\":[...]} a line, answer {\"logits\":[[...]...]}: a row a position.",
          .flags = {model_flag(),
                    hub_flag(),
                    data_dir_flag(),
                    {"jsonl", "", "the only form there is; taken for evenness"}},
          .positional = "",
          .run = run};
}

}  // namespace retort::cli
