#include "load/load_run.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "base/async.h"
#include "base/build_id.h"
#include "base/utf8.h"
#include "load/answer_reader.h"

namespace retort::load {
namespace {

using base::SteadyClock;

constexpr std::size_t kErrorKindsMax = 32;
constexpr std::size_t kToldBytesMax = 240;  // of an error
// Of an answer that refuses, so much is read; more of it costs its connection.
constexpr std::size_t kRefusalBytesMax = std::size_t{64} << 10;
constexpr std::chrono::milliseconds kTick{10};  // how often it looks whether it is late
// Prompts of these many words tell how many tokens a word makes, and how many stand around it.
constexpr std::size_t kFewWords = 8;
constexpr std::size_t kManyWords = 72;
// Fewer tokens a word, and the server does not count the prompt.
constexpr double kTokensAWordMin = 0.1;

// Pseudo-random in (0, 1): the run is the same each time.
class Chance {
 public:
  double next() {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    return (static_cast<double>(state_ >> 11) + 0.5) * 0x1p-53;
  }

 private:
  std::uint64_t state_ = 0x6C6F6164;
};

// One run: what its coroutines, all on one loop, work on.
class Run {
 public:
  Run(const LoadPlan& plan, http::Client& client, const base::Executor& executor)
      : plan_(plan), client_(client), executor_(executor), finished_(executor) {
    if (!plan.api_key.empty()) headers_.add("authorization", "Bearer " + plan.api_key);
    headers_.add("content-type", "application/json");
    headers_.add("accept", "text/event-stream");
    headers_.add("user-agent", "retort-load/" + base::version());
  }

  base::Awaitable<> run();

  Result<LoadReport> take_report() {
    if (failure_) return std::move(*failure_);
    return std::move(report_);
  }

 private:
  struct Answer {
    AnswerCounts counts;
    AnswerTimes times;
    SteadyClock::time_point end;
  };

  base::Awaitable<Result<PromptShape>> calibrate();
  base::Awaitable<> work();
  base::Awaitable<> watch_itself();
  base::Awaitable<SteadyClock::time_point> turn();
  base::Awaitable<Result<Answer>> ask(const PromptShape& shape, std::uint64_t index,
                                      std::size_t output_tokens);
  base::Awaitable<Error> refusal(http::Call& call, int status);
  void record(const Result<Answer>& answer, SteadyClock::time_point began);
  std::string told(const Error& error) const;

  const LoadPlan& plan_;
  http::Client& client_;
  const base::Executor executor_;
  http::Headers headers_;
  PromptShape shape_;
  Chance chance_;
  SteadyClock::time_point next_turn_;  // of an open loop
  std::size_t begun_ = 0;
  std::size_t workers_ = 0;
  base::Event finished_;
  LoadReport report_;
  std::optional<Error> failure_;
};

base::Awaitable<> Run::run() {
  const Result<PromptShape> shape = co_await calibrate();
  if (!shape) {
    failure_ = shape.error();
    co_return;
  }
  shape_ = *shape;
  const SteadyClock::time_point began = SteadyClock::now();
  next_turn_ = began;
  workers_ = std::min(plan_.concurrency, plan_.requests);
  base::spawn(executor_, watch_itself());
  for (std::size_t i = 0; i < workers_; ++i) base::spawn(executor_, work());
  co_await finished_.wait();
  report_.duration_s = std::chrono::duration<double>(SteadyClock::now() - began).count();
}

// Requests one after another, as long as there are some.
base::Awaitable<> Run::work() {
  while (begun_ < plan_.requests) {
    const std::uint64_t index = begun_++;
    const SteadyClock::time_point began = co_await turn();
    const Result<Answer> answer = co_await ask(shape_, index, plan_.output_tokens);
    record(answer, began);
  }
  if (--workers_ == 0) finished_.set();
}

base::Awaitable<> Run::watch_itself() {
  while (!finished_.is_set()) {
    const SteadyClock::time_point due = SteadyClock::now() + kTick;
    co_await base::sleep_until(due);
    report_.own_delay.add(SteadyClock::now() - due);
  }
}

// When this request begins: now, or at its time in an open loop, whose gaps are exponential.
base::Awaitable<SteadyClock::time_point> Run::turn() {
  if (!plan_.rate) co_return SteadyClock::now();
  const SteadyClock::time_point mine = next_turn_;
  const std::chrono::duration<double> gap(-std::log(chance_.next()) / *plan_.rate);
  next_turn_ += std::chrono::duration_cast<SteadyClock::duration>(gap);
  if (mine > SteadyClock::now()) co_await base::sleep_until(mine);
  co_return mine;
}

base::Awaitable<Result<Run::Answer>> Run::ask(const PromptShape& shape, std::uint64_t index,
                                              std::size_t output_tokens) {
  http::Call call(client_, plan_.limits);
  const http::ClientRequest request{.method = "POST",
                                    .target = plan_.base.path + "/chat/completions",
                                    .headers = headers_,
                                    .body = request_body(plan_.model, shape, index, output_tokens)};
  const Result<http::ResponseHead> head = co_await call.send(plan_.base.origin, request);
  if (!head) co_return head.error();
  if (head->status != 200) co_return co_await refusal(call, head->status);
  AnswerReader reader;
  for (;;) {
    const Result<std::string_view> piece = co_await call.read();
    if (!piece) co_return piece.error();
    if (piece->empty()) break;
    if (Result<void> read = reader.push(*piece, SteadyClock::now()); !read) co_return read.error();
  }
  const SteadyClock::time_point end = SteadyClock::now();
  const Result<AnswerCounts> counts = reader.finish(output_tokens);
  if (!counts) co_return counts.error();
  co_return Answer{.counts = *counts, .times = reader.times(), .end = end};
}

// An answer that is no 200, with what it says of itself.
base::Awaitable<Error> Run::refusal(http::Call& call, int status) {
  std::string body;
  while (body.size() < kRefusalBytesMax) {
    const Result<std::string_view> piece = co_await call.read();
    if (!piece || piece->empty()) break;
    body += *piece;
  }
  const std::string message = error_message(body);
  co_return Error(ErrorKind::bad_upstream,
                  "HTTP " + std::to_string(status) + (message.empty() ? "" : ": " + message));
}

void Run::record(const Result<Answer>& answer, SteadyClock::time_point began) {
  ++report_.requests;
  if (!answer) {
    ++report_.errors;
    const std::string kind = told(answer.error());
    const bool fits =
        report_.error_kinds.contains(kind) || report_.error_kinds.size() < kErrorKindsMax;
    ++report_.error_kinds[fits ? kind : "others"];
    return;
  }
  const AnswerTimes& times = answer->times;
  const std::int64_t tokens = answer->counts.completion_tokens;
  report_.prompt_tokens += answer->counts.prompt_tokens;
  report_.output_tokens += tokens;
  report_.ttft.add(*times.first_token - began);
  report_.latency.add(answer->end - began);
  for (const SteadyClock::duration gap : times.gaps) report_.itl.add(gap);
  if (times.gaps.empty() || tokens < 2) return;
  const std::chrono::duration<double> writing = times.last_token - *times.first_token;
  report_.tpot.add(writing / static_cast<double>(tokens - 1));
}

// What is told of an error: its beginning, and never the key, which some servers repeat where they
// refuse it.
std::string Run::told(const Error& error) const {
  constexpr std::string_view kInstead = "***";
  std::string message = error.message();
  for (std::size_t at = 0; !plan_.api_key.empty(); at += kInstead.size()) {
    at = message.find(plan_.api_key, at);
    if (at == std::string::npos) break;
    message.replace(at, plan_.api_key.size(), kInstead);
  }
  if (message.size() > kToldBytesMax) {
    message.resize(kToldBytesMax);
    message.resize(base::valid_utf8_prefix(message));
  }
  return message;
}

base::Awaitable<Result<PromptShape>> Run::calibrate() {
  Calibration calibration{.few_words = kFewWords, .many_words = kManyWords};
  for (const std::size_t count : {kFewWords, kManyWords}) {
    // The system message is there where the run has one: its own tokens count too. No word is one
    // of the run's, which must find nothing of it in the server's cache.
    const std::size_t shared = plan_.shared_prefix_tokens > 0 ? count / 2 : 0;
    const PromptShape shape{
        .shared_words = shared, .own_words = count - shared, .shared_seed = count};
    const Result<Answer> answer = co_await ask(shape, UINT64_MAX - count, 1);
    if (!answer) {
      co_return Error(answer.error().kind(),
                      "the server does not answer a first request: " + told(answer.error()));
    }
    (count == kFewWords ? calibration.few_tokens : calibration.many_tokens) =
        answer->counts.prompt_tokens;
  }
  co_return shape_of(plan_, calibration);
}

// The loop ends when the connections that were kept have gone too.
base::Awaitable<> run_and_close(Run& run, std::unique_ptr<http::Client>& client) {
  co_await run.run();
  client.reset();
}

}  // namespace

Result<PromptShape> shape_of(const LoadPlan& plan, const Calibration& calibration) {
  const auto words_between =
      static_cast<double>(calibration.many_words) - static_cast<double>(calibration.few_words);
  const double tokens_a_word =
      static_cast<double>(calibration.many_tokens - calibration.few_tokens) / words_between;
  if (!(tokens_a_word >= kTokensAWordMin)) {
    return Error(ErrorKind::malformed,
                 "the server's usage counts hardly more prompt_tokens for a longer prompt");
  }
  const double around = static_cast<double>(calibration.few_tokens) -
                        tokens_a_word * static_cast<double>(calibration.few_words);
  const double words = (static_cast<double>(plan.prompt_tokens) - around) / tokens_a_word;
  const double shared = static_cast<double>(plan.shared_prefix_tokens) / tokens_a_word;
  if (std::round(words - shared) < 1) {
    return Error(ErrorKind::config,
                 "--prompt-tokens " + std::to_string(plan.prompt_tokens) +
                     " is too few: the chat template takes " + std::to_string(std::lround(around)) +
                     " and --shared-prefix-tokens " + std::to_string(plan.shared_prefix_tokens));
  }
  return PromptShape{.shared_words = static_cast<std::size_t>(std::lround(shared)),
                     .own_words = static_cast<std::size_t>(std::lround(words - shared))};
}

Result<LoadReport> run_load(const LoadPlan& plan) {
  http::EventLoop loop;
  Result<std::unique_ptr<http::Client>> client = http::Client::make(
      loop.executor(),
      {.connections_max = plan.concurrency + 1, .idle_connections_max = plan.concurrency + 1});
  if (!client) return std::move(client).error();
  Run run(plan, **client, loop.executor());
  base::spawn(loop.executor(), run_and_close(run, *client));
  loop.run();
  return run.take_report();
}

}  // namespace retort::load
