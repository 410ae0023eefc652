#include <sys/resource.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <sstream>
#include <thread>
#include <utility>
#include <vector>

#include "cli/commands.h"
#include "cli/hub_models.h"
#include "cli/kernel_choice.h"
#include "cli/model_timing.h"
#include "provider/model_files.h"
#include "tensor/machine_limits.h"

namespace retort::cli {
namespace {

struct Plan {
  std::filesystem::path model;
  std::size_t prompt = 512;
  std::size_t generate = 128;
  std::vector<std::size_t> batches = {1, 4, 8};
  int threads = 1;
  std::optional<model::KvType> kv_type;
};

struct Figures {
  PrefillFigure prefill;
  std::vector<DecodeFigure> decode;
  double bandwidth_bytes_per_s = 0;
  double int8_ops_per_s = 0;
  double load_s = 0;
  std::size_t peak_rss_bytes = 0;
};

Result<std::size_t> read_count(const std::string& flag, std::string_view text) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= 1 && value <= 1 << 20) {
    return value;
  }
  return Error(ErrorKind::config, "--" + flag + " takes whole numbers from 1 to 1048576");
}

Result<std::vector<std::size_t>> read_counts(const std::string& flag, const std::string& text) {
  std::vector<std::size_t> counts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) {
    const Result<std::size_t> count = read_count(flag, part);
    if (!count) return count.error();
    counts.push_back(*count);
  }
  if (counts.empty()) return Error(ErrorKind::config, "--" + flag + " takes a list such as 1,4,8");
  return counts;
}

Result<Plan> read_plan(const Arguments& arguments) {
  Plan plan;
  Result<std::filesystem::path> model = find_model(arguments);
  if (!model) return std::move(model).error();
  plan.model = std::move(*model);
  plan.threads = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  for (const auto& [flag, member] :
       {std::pair{"prompt", &Plan::prompt}, std::pair{"generate", &Plan::generate}}) {
    const std::optional<std::string> text = arguments.find(flag);
    if (!text) continue;
    const Result<std::size_t> count = read_count(flag, *text);
    if (!count) return count.error();
    plan.*member = *count;
  }
  if (const std::optional<std::string> text = arguments.find("batch")) {
    Result<std::vector<std::size_t>> batches = read_counts("batch", *text);
    if (!batches) return std::move(batches).error();
    plan.batches = std::move(*batches);
  }
  if (const std::optional<std::string> text = arguments.find("threads")) {
    const Result<std::size_t> count = read_count("threads", *text);
    if (!count || *count > tensor::ThreadPool::kThreadsMax) {
      return Error(ErrorKind::config, "--threads takes a whole number from 1 to 256");
    }
    plan.threads = static_cast<int>(*count);
  }
  if (const std::optional<std::string> text = arguments.find("kv-type"); text && *text != "auto") {
    plan.kv_type = model::find_kv_type(*text);
    if (!plan.kv_type) return Error(ErrorKind::config, "--kv-type takes auto, f16, q8_0 or f32");
  }
  return plan;
}

std::size_t peak_rss() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) * 1'024;
}

Result<Figures> measure(const Plan& plan) {
  const Result<const tensor::Kernels*> kernels = kernels_of_environment();
  if (!kernels) return kernels.error();
  Figures figures;
  tensor::ThreadPool pool(plan.threads);
  model::LoadOptions load_options;
  load_options.pool = &pool;
  const auto began = std::chrono::steady_clock::now();
  Result<std::unique_ptr<model::Model>> model =
      provider::load_weights(plan.model, **kernels, load_options);
  if (!model) return std::move(model).error();
  figures.load_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  const std::size_t tokens = plan.prompt + plan.generate;
  if (tokens > static_cast<std::size_t>((*model)->config().context)) {
    return Error(ErrorKind::config, "--prompt and --generate together are beyond the context of " +
                                        std::to_string((*model)->config().context));
  }
  const std::size_t batch_max = *std::max_element(plan.batches.begin(), plan.batches.end());
  const model::KvType kv_type = plan.kv_type.value_or(model::default_kv_type((*model)->config()));
  Result<ModelTiming> bench = ModelTiming::make(**model, pool, batch_max, tokens, kv_type);
  if (!bench) return std::move(bench).error();
  const Result<PrefillFigure> prefill = bench->prefill(plan.prompt);
  if (!prefill) return prefill.error();
  figures.prefill = *prefill;
  for (const std::size_t batch : plan.batches) {
    const Result<DecodeFigure> decode = bench->decode(batch, plan.prompt, plan.generate);
    if (!decode) return decode.error();
    figures.decode.push_back(*decode);
  }
  figures.peak_rss_bytes = peak_rss();  // before the buffer below, which is no part of the model
  constexpr std::size_t kBandwidthBytes = std::size_t{1} << 30;
  figures.bandwidth_bytes_per_s = tensor::measure_read_bandwidth(pool, kBandwidthBytes);
  figures.int8_ops_per_s = tensor::measure_int8_operations(**kernels, pool);
  return figures;
}

boost::json::object to_json(const Figures& figures) {
  boost::json::array decode;
  for (const DecodeFigure& figure : figures.decode) {
    decode.push_back(boost::json::object{
        {"batch", figure.batch},
        {"tokens_per_s", figure.tokens_per_s},
        {"bandwidth_fraction", figure.bytes_per_s / figures.bandwidth_bytes_per_s}});
  }
  return {{"prefill",
           {{"tokens", figures.prefill.tokens},
            {"tokens_per_s", figures.prefill.tokens_per_s},
            {"int8_fraction", figures.prefill.operations_per_s / figures.int8_ops_per_s}}},
          {"decode", std::move(decode)},
          {"limits",
           {{"bandwidth_bytes_per_s", figures.bandwidth_bytes_per_s},
            {"int8_ops_per_s", figures.int8_ops_per_s}}},
          {"load_s", figures.load_s},
          {"peak_rss_bytes", figures.peak_rss_bytes}};
}

void print(const Figures& figures) {
  std::printf("machine   %.1f GB/s read, %.0f GOP/s int8\n", figures.bandwidth_bytes_per_s / 1e9,
              figures.int8_ops_per_s / 1e9);
  std::printf("load      %.3f s, peak memory %.1f MB\n", figures.load_s,
              static_cast<double>(figures.peak_rss_bytes) / 1e6);
  std::printf("prefill   %zu tokens: %.1f tokens/s, %.1f %% of int8\n", figures.prefill.tokens,
              figures.prefill.tokens_per_s,
              100 * figures.prefill.operations_per_s / figures.int8_ops_per_s);
  for (const DecodeFigure& figure : figures.decode) {
    std::printf("decode    batch %zu: %.1f tokens/s, %.1f %% of the bandwidth\n", figure.batch,
                figure.tokens_per_s, 100 * figure.bytes_per_s / figures.bandwidth_bytes_per_s);
  }
}

int run(const Arguments& arguments) {
  const Result<Plan> plan = read_plan(arguments);
  if (!plan) {
    complain(plan.error().message());
    return kWrongUsage;
  }
  const Result<Figures> figures = measure(*plan);
  if (!figures) {
    complain(figures.error().message());
    return kFailed;
  }
  if (arguments.has("json")) {
    std::printf("%s\n", boost::json::serialize(to_json(*figures)).c_str());
  } else {
    print(*figures);
  }
  return kDone;
}

}  // namespace

Command bench_command() {
  return {.name = "bench",
          .help = "Measure a model: prefill and decode, beside the machine's own limits.",
          .flags = {model_flag(),
                    hub_flag(),
                    data_dir_flag(),
                    {"prompt", "N", "tokens of the prompt (default 512)"},
                    {"generate", "N", "tokens to generate (default 128)"},
                    {"batch", "LIST", "sequences at once, e.g. 1,4,8 (the default)"},
                    {"threads", "N", "compute threads (default one a core)"},
                    {"kv-type", "TYPE", "how keys and values are stored: auto, f16, q8_0, f32"},
                    {"json", "", "print one JSON object"}},
          .positional = "",
          .run = run};
}

}  // namespace retort::cli
