// Speculation changes no byte, whatever is guessed, and drafts only what pays.
#include "engine/speculation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "engine/test_engine.h"

namespace retort::engine {
namespace {

class SpeculatingEngineTest : public ConstrainedEngineTest {
 protected:
  void start_guessing(const std::string& draft_model, EngineOptions options = {}, int threads = 1) {
    options.speculation = {.mode = SpeculationMode::automatic, .always = true};
    engine_.reset();
    draft_model_ = draft_model.empty() ? nullptr : load(draft_model);
    options.draft_model = draft_model_.get();
    start(options, threads);
  }
  void start_plain() { start({.speculation = {.mode = SpeculationMode::off}}); }

  // A request of any kind: repeating prompts or not, every parameter that a choice can depend on.
  SequenceRequest any_request(std::mt19937& random) {
    const auto chance = [&random](unsigned in) { return random() % in == 0; };
    const int number = static_cast<int>(random() % 8);
    SequenceRequest any = chance(3) ? constrained(number, {"housemouse", "horsehorse", "tree"})
                                    : request(number, 1 + static_cast<std::int64_t>(random() % 60));
    if (chance(2)) {  // something to look up
      for (TokenId& token : any.prompt) token = static_cast<TokenId>(token % 5);
    }
    any.sampling.temperature = chance(2) ? 0 : 0.1 + 0.4 * static_cast<double>(random() % 4);
    any.sampling.top_k = chance(4) ? 7 : 0;
    any.sampling.min_p = chance(4) ? 0.1 : 0;
    any.sampling.presence_penalty = chance(4) ? 0.7 : 0;
    any.sampling.repetition_penalty = chance(4) ? 1.2 : 1;
    any.sampling.logprobs = !chance(3);
    any.sampling.top_logprobs = any.sampling.logprobs && chance(2) ? 3 : 0;
    if (chance(4)) any.sampling.logit_bias = {{3, 2.5}, {11, -4}};
    if (!any.constraint) {
      any.end_tokens = {static_cast<TokenId>(random() % 64), static_cast<TokenId>(random() % 64)};
      any.min_tokens = chance(3) ? static_cast<std::int64_t>(random() % 12) : 0;
      any.ignore_eos = chance(5);
    }
    return any;
  }
};

void expect_same(const std::vector<Answer>& answers, const std::vector<Answer>& wanted,
                 const std::string& how) {
  ASSERT_EQ(answers.size(), wanted.size());
  for (std::size_t i = 0; i < answers.size(); ++i) {
    EXPECT_EQ(answers[i].line, wanted[i].line) << how << ", request " << i;
    EXPECT_EQ(answers[i].events, wanted[i].events) << how << ", request " << i;
    EXPECT_EQ(answers[i].end, wanted[i].end) << how << ", request " << i;
  }
}

TEST_F(SpeculatingEngineTest, ChangesNoByteOfAnyRequestAloneTogetherParkedOrBehindASlowReader) {
  start_plain();
  std::mt19937 random(20);
  std::vector<SequenceRequest> requests;
  std::vector<Answer> wanted;
  for (int i = 0; i < 40; ++i) {
    requests.push_back(any_request(random));
    wanted.push_back(run({requests.back()}).front());
  }
  // Nothing at hand but the sequence's own tokens; a model that is mostly right (itself); one that
  // is mostly wrong, with another vocabulary's size.
  for (const std::string draft_model : {"", "gqa", "plain"}) {
    const auto expect_same_in_batches = [&](std::size_t batch, const std::string& how) {
      for (std::size_t i = 0; i < requests.size(); i += batch) {
        const auto from = static_cast<std::ptrdiff_t>(i);
        const auto to = static_cast<std::ptrdiff_t>(std::min(requests.size(), i + batch));
        expect_same(run({requests.begin() + from, requests.begin() + to}),
                    {wanted.begin() + from, wanted.begin() + to}, draft_model + ": " + how);
      }
    };
    start_guessing(draft_model);
    expect_same_in_batches(1, "alone");
    expect_same_in_batches(8, "in batches of 8");
    start_guessing(draft_model, {.scheduler = {.batch_sequences_max = 8}, .kv_pages = 8});
    expect_same_in_batches(8, "parked for want of pages");
    start_guessing(
        draft_model,
        {.scheduler = {.batch_sequences_max = 5, .step_tokens_max = 7}, .stream_events_max = 3}, 2);
    expect_same_in_batches(8, "in small steps, with short streams, on 2 threads");
  }
}

TEST_F(SpeculatingEngineTest, WhatDecidesByItselfChangesNoByteEither) {
  start_plain();
  std::mt19937 random(21);
  std::vector<SequenceRequest> requests;
  for (int i = 0; i < 16; ++i) requests.push_back(any_request(random));
  std::vector<Answer> wanted = run(requests);
  draft_model_ = load("gqa");
  start({.draft_model = draft_model_.get()}, 2);
  expect_same(run(requests), wanted, "adaptive");
  expect_same(run(requests), wanted, "adaptive, once it knows its costs");
}

TEST_F(SpeculatingEngineTest, ModelsThatAgreeTakeFewStepsWhateverTheTemperature) {
  SequenceRequest wanted = (start_plain(), request(1, 60));
  for (const double temperature : {0.0, 0.9}) {
    wanted.sampling.temperature = temperature;
    start_guessing("gqa");
    run({wanted});
    ASSERT_TRUE(await_stats([](const EngineStats& stats) { return stats.running == 0; }));
    const EngineStats stats = engine_->stats();
    EXPECT_EQ(stats.generated_tokens, 60u);
    EXPECT_GT(stats.accepted_tokens, 30u);
    EXPECT_LE(stats.accepted_tokens, stats.drafted_tokens);
    EXPECT_LT(stats.steps, 30u);
  }
}

TEST_F(SpeculatingEngineTest, ADraftIsNeverLongerThanWhatIsWanted) {
  start_guessing("gqa");
  for (const std::int64_t max_tokens : {1, 2, 3, 16, 17, 18}) {
    const Answer answer = run({request(1, max_tokens)}).front();
    EXPECT_EQ(answer.end, EndReason::length);
    EXPECT_EQ(std::count(answer.line.begin(), answer.line.end(), ' '), max_tokens);
  }
}

TEST_F(SpeculatingEngineTest, ADraftModelReadsALongPromptInPiecesAndKnowsItsPagesAgain) {
  const std::unique_ptr<model::Model> model = load("gqa");
  const auto draft_model = DraftModel::make(*model, 8, 64);
  ASSERT_TRUE(draft_model);
  tensor::ThreadPool pool(1);
  const auto make = [](std::vector<PageId> pages) {
    Sequence sequence;
    for (TokenId i = 0; i < 90; ++i) sequence.tokens.push_back(i * 7 % 64);
    sequence.request.prompt = sequence.tokens;
    sequence.request.sampling.temperature = 0;
    sequence.pages = std::move(pages);
    sequence.guess.source = GuessSource::draft_model;
    return sequence;
  };
  const auto guess = [&](Sequence& sequence) {
    const DraftModel::Wanted wanted{.sequence = &sequence, .tokens = 3};
    sequence.guess.tokens.clear();
    EXPECT_TRUE((*draft_model)->guess({&wanted, 1}, pool));
    (*draft_model)->settle(sequence, sequence.tokens.size());
    return sequence.guess.tokens;
  };
  Sequence first = make({0, 1, 2});
  EXPECT_THAT(guess(first), testing::IsEmpty());
  EXPECT_EQ(first.draft_read, 64u);
  EXPECT_THAT(guess(first), testing::IsEmpty());
  EXPECT_EQ(first.draft_read, 89u);
  const std::vector<TokenId> guessed = guess(first);
  EXPECT_EQ(guessed.size(), 3u);
  Sequence second = make({0, 1, 3});  // takes over two pages, and has to read 26 tokens
  EXPECT_THAT(guess(second), testing::IsEmpty());
  EXPECT_EQ(second.draft_read, 89u);
  EXPECT_EQ(guess(second), guessed);
  Sequence third = make({4, 5, 6});  // which hold nothing that was read
  EXPECT_THAT(guess(third), testing::IsEmpty());
  EXPECT_EQ(third.draft_read, 64u);
}

TEST_F(SpeculatingEngineTest, ADraftModelIsNotAskedAboutTokensThatItHasNoRowFor) {
  const std::unique_ptr<model::Model> model = load("gqa");
  const auto draft_model = DraftModel::make(*model, 8, 80);  // the engine's model has more rows
  ASSERT_TRUE(draft_model);
  Sequence sequence;
  sequence.tokens = {1, 2, 63};
  EXPECT_TRUE((*draft_model)->takes(sequence, 4));
  sequence.tokens = {1, 70, 3};
  EXPECT_FALSE((*draft_model)->takes(sequence, 4));
}

// Speculation alone, over a scheduler and costs that the test makes up.
class DraftsTest : public testing::Test {
 protected:
  // A sequence that repeats itself and decodes.
  Sequence* add() {
    auto sequence = std::make_unique<Sequence>();
    sequence->arrival = arrivals_++;
    sequence->request.prompt = {1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5};
    sequence->request.max_tokens = 100;
    sequence->tokens = sequence->request.prompt;
    sequence->channel = std::make_shared<TokenChannel>(context_.get_executor(), 64, [] {});
    Sequence* raw = sequence.get();
    scheduler_.add(std::move(sequence));
    for (const ScheduledSequence& entry : scheduler_.plan()) {
      scheduler_.advance(*entry.sequence, entry.tokens);
    }
    raw->tokens.push_back(6);
    return raw;
  }

  std::size_t drafted() {
    std::size_t count = 0;
    const std::vector<ScheduledSequence> plan = scheduler_.plan();
    EXPECT_TRUE(speculation_.draft(plan, scheduler_, pool_));
    for (const ScheduledSequence& entry : plan) count += entry.sequence->draft.size();
    return count;
  }

  boost::asio::io_context context_;
  std::uint64_t arrivals_ = 0;
  tensor::ThreadPool pool_{1};
  Scheduler scheduler_{{}, 100};
  StepCosts costs_;
  Speculation speculation_{{}, costs_, nullptr};
};

TEST_F(DraftsTest, NothingBeforeItIsKnownWhatAPlainStepCosts) {
  add();
  EXPECT_EQ(drafted(), 0u);
  costs_.observe(1, 1.0);
  EXPECT_GT(drafted(), 0u);
}

TEST_F(DraftsTest, MuchWhereRowsAreFreeAndNothingWhereEachCostsAStep) {
  add();
  costs_.observe(1, 1.0);
  costs_.observe(32, 1.0);
  EXPECT_EQ(drafted(), 15u);
  for (std::size_t rows = 2; rows <= 32; ++rows) costs_.observe(rows, static_cast<double>(rows));
  EXPECT_EQ(drafted(), 0u);
}

TEST_F(DraftsTest, LittleWhereGuessesSeldomComeTrue) {
  Sequence* sequence = add();
  costs_.observe(1, 1.0);
  costs_.observe(33, 2.0);
  EXPECT_GT(drafted(), 1u);
  for (int i = 0; i < 60; ++i) {
    sequence->guess.tokens = {40};
    sequence->guess.judge(std::vector<TokenId>{41});
  }
  EXPECT_EQ(drafted(), 0u);
}

TEST_F(DraftsTest, NothingBesideAPromptThatIsRead) {
  add();
  costs_.observe(1, 1.0);
  auto reader = std::make_unique<Sequence>();
  reader->arrival = arrivals_++;
  reader->tokens = reader->request.prompt = {9, 8, 7, 6};
  reader->channel = std::make_shared<TokenChannel>(context_.get_executor(), 64, [] {});
  scheduler_.add(std::move(reader));
  EXPECT_EQ(drafted(), 0u);
}

TEST_F(DraftsTest, SettleCountsWhatCameTrue) {
  Sequence* sequence = add();
  costs_.observe(1, 1.0);
  ASSERT_GT(drafted(), 4u);
  const std::size_t known = sequence->tokens.size();
  EXPECT_THAT(std::vector<TokenId>(sequence->draft.begin(), sequence->draft.begin() + 4),
              testing::ElementsAre(1, 2, 3, 4));
  for (const TokenId token : {1, 2, 9}) sequence->tokens.push_back(token);
  EXPECT_EQ(speculation_.settle(*sequence, known), 2u);
  EXPECT_TRUE(sequence->draft.empty());
}

}  // namespace
}  // namespace retort::engine
