// What the engine adds to the forward pass, and what streams see of each other.
//
// RETORT_BENCH_MODEL names the model; without it the bundled one's file, from the repository's
// root. Percentiles are of the time from one event of a stream to its next.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "engine/engine.h"
#include "engine/random.h"
#include "tensor/kernels.h"

namespace retort::engine {
namespace {

using Clock = std::chrono::steady_clock;

std::unique_ptr<model::Model> load_model() {
  const char* path = std::getenv("RETORT_BENCH_MODEL");
  auto model = model::Model::load(path != nullptr ? path : "models/retort-tiny/retort-tiny.gguf",
                                  **tensor::choose_kernels(""));
  return model ? std::move(*model) : nullptr;
}

// A stream's events as they come.
struct Reader {
  std::vector<Clock::time_point> times;
  bool over = false;

  base::Awaitable<> read(TokenStream stream) {
    while (co_await stream.next(base::SteadyClock::time_point::max())) {
      times.push_back(Clock::now());
    }
    over = true;
  }
};

SequenceRequest make_request(const model::Model& model, std::size_t prompt, std::int64_t output,
                             std::uint64_t seed) {
  SequenceRequest request;
  for (std::size_t i = 0; i < prompt; ++i) {
    request.prompt.push_back(static_cast<TokenId>(uniform_draw(seed, 0, i) *
                                                  static_cast<double>(model.config().vocab_size)));
  }
  request.max_tokens = output;
  request.ignore_eos = true;
  request.sampling.seed = seed;
  return request;
}

// The time below which `share` of the gaps between events lie that end within [from, to].
double gap(const std::vector<Reader>& readers, double share, Clock::time_point from,
           Clock::time_point to) {
  std::vector<double> gaps;
  for (const Reader& reader : readers) {
    for (std::size_t i = 1; i < reader.times.size(); ++i) {
      if (reader.times[i] < from || reader.times[i] > to) continue;
      gaps.push_back(std::chrono::duration<double>(reader.times[i] - reader.times[i - 1]).count());
    }
  }
  if (gaps.empty()) return 0;
  std::sort(gaps.begin(), gaps.end());
  return gaps[static_cast<std::size_t>(share * static_cast<double>(gaps.size() - 1))];
}

// Four streams generate; halfway a prompt of 6,000 tokens comes, or as long as the context allows.
void streams_beside_a_long_prompt(benchmark::State& state) {
  const auto model = load_model();
  if (!model) return state.SkipWithError("no model; set RETORT_BENCH_MODEL");
  tensor::ThreadPool pool(std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
  const base::Log log = base::Log::silent();
  const auto context =
      static_cast<std::size_t>(std::min<std::int64_t>(model->config().context, 8'192));
  const std::size_t prompt = std::min<std::size_t>(6'000, context - 8);
  for ([[maybe_unused]] const auto _ : state) {
    auto engine = Engine::start(*model, pool, log,
                                {.context = context,
                                 .kv_pages = 6 * PagePool::pages_for(context),
                                 .kv_type = model::default_kv_type(model->config()),
                                 .speculation = {.mode = SpeculationMode::off}});
    boost::asio::io_context io(1);
    std::vector<Reader> readers(4);
    std::vector<Reader> late(1);
    for (std::size_t i = 0; i < readers.size(); ++i) {
      auto stream = (*engine)->submit(
          make_request(*model, 16, static_cast<std::int64_t>(context) - 24, i), io.get_executor());
      base::spawn(io.get_executor(), readers[i].read(std::move(*stream)));
    }
    const auto run_until = [&io](const auto& done) {
      while (!done() && io.run_one() > 0) {
      }
    };
    run_until([&] { return readers.back().times.size() >= 300; });
    const Clock::time_point asked = Clock::now();
    auto stream = (*engine)->submit(make_request(*model, prompt, 1, 9), io.get_executor());
    base::spawn(io.get_executor(), late[0].read(std::move(*stream)));
    run_until([&] { return late[0].over; });
    const Clock::time_point answered = Clock::now();
    const Clock::time_point warm = readers.front().times[50];
    state.counters["alone_p50_ms"] = 1e3 * gap(readers, 0.5, warm, asked);
    state.counters["alone_p99_ms"] = 1e3 * gap(readers, 0.99, warm, asked);
    state.counters["beside_p50_ms"] = 1e3 * gap(readers, 0.5, asked, answered);
    state.counters["beside_p99_ms"] = 1e3 * gap(readers, 0.99, asked, answered);
    state.counters["prompt_s"] = std::chrono::duration<double>(answered - asked).count();
    engine->reset();
    io.run();
  }
}
BENCHMARK(streams_beside_a_long_prompt)
    ->Iterations(1)
    ->Repetitions(3)
    ->Unit(benchmark::kMillisecond);

// A sequence that repeats a block of its prompt, as edits and quotes do, greedy; mode, sequences.
void repeating_answers(benchmark::State& state) {
  const auto model = load_model();
  if (!model) return state.SkipWithError("no model; set RETORT_BENCH_MODEL");
  tensor::ThreadPool pool(std::max(1, static_cast<int>(std::thread::hardware_concurrency())));
  const base::Log log = base::Log::silent();
  const auto sequences = static_cast<std::size_t>(state.range(1));
  const auto mode = state.range(0) == 0 ? SpeculationMode::off : SpeculationMode::lookup;
  auto engine = Engine::start(*model, pool, log,
                              {.context = 1'024,
                               .kv_pages = sequences * 32,
                               .kv_type = model::default_kv_type(model->config()),
                               .speculation = {.mode = mode}});
  std::size_t tokens = 0;
  for ([[maybe_unused]] const auto _ : state) {
    boost::asio::io_context io(1);
    std::vector<Reader> readers(sequences);
    for (std::size_t i = 0; i < sequences; ++i) {
      SequenceRequest request = make_request(*model, 64, 400, i);
      request.sampling.temperature = 0;
      auto stream = (*engine)->submit(std::move(request), io.get_executor());
      base::spawn(io.get_executor(), readers[i].read(std::move(*stream)));
    }
    io.run();
    tokens += sequences * 400;
  }
  const EngineStats stats = (*engine)->stats();
  state.counters["tokens_per_s"] =
      benchmark::Counter(static_cast<double>(tokens), benchmark::Counter::kIsRate);
  state.counters["drafted"] = static_cast<double>(stats.drafted_tokens);
  state.counters["accepted"] = static_cast<double>(stats.accepted_tokens);
}
BENCHMARK(repeating_answers)
    ->ArgsProduct({{0, 1}, {1, 8}})
    ->ArgNames({"lookup", "sequences"})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// One choice from the logits of a large vocabulary.
void sample(benchmark::State& state, const SamplingParams& params) {
  std::vector<float> logits(128'256);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    // Roughly normal, as logits of models are: 12 uniform draws.
    double sum = -6;
    for (std::uint64_t k = 0; k < 12; ++k) sum += uniform_draw(3, static_cast<std::uint32_t>(k), i);
    logits[i] = static_cast<float>(2.5 * sum);
  }
  Sampler sampler;
  std::vector<float> row;
  std::uint64_t position = 0;
  for ([[maybe_unused]] const auto _ : state) {
    row = logits;
    benchmark::DoNotOptimize(sampler.sample(row, params, {}, {}, position++));
  }
}
BENCHMARK_CAPTURE(sample, greedy, SamplingParams{.temperature = 0});
BENCHMARK_CAPTURE(sample, whole, SamplingParams{});
BENCHMARK_CAPTURE(sample, top_p, SamplingParams{.temperature = 0.7, .top_p = 0.9});
BENCHMARK_CAPTURE(sample, top_k, SamplingParams{.temperature = 0.7, .top_k = 40});
BENCHMARK_CAPTURE(sample, logprobs, SamplingParams{.logprobs = true, .top_logprobs = 20});

}  // namespace
}  // namespace retort::engine
