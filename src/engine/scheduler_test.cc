#include "engine/scheduler.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

namespace retort::engine {
namespace {

constexpr std::size_t kPage = model::kPageTokens;

class SchedulerTest : public testing::Test {
 protected:
  Sequence* add(Scheduler& scheduler, std::size_t prompt) {
    auto sequence = std::make_unique<Sequence>();
    sequence->arrival = arrivals_++;
    // No two prompts begin alike.
    sequence->request.prompt.assign(prompt, static_cast<TokenId>(100 + arrivals_));
    sequence->tokens = sequence->request.prompt;
    sequence->channel = std::make_shared<TokenChannel>(context_.get_executor(), 2, [] {});
    Sequence* raw = sequence.get();
    scheduler.add(std::move(sequence));
    return raw;
  }

  // Does what the engine does after a forward pass: one token for each whole sequence.
  static void advance(Scheduler& scheduler, const std::vector<ScheduledSequence>& plan) {
    for (const ScheduledSequence& entry : plan) {
      scheduler.advance(*entry.sequence, entry.tokens);
      if (entry.sequence->pending() == 0) entry.sequence->tokens.push_back(7);
    }
  }

  static std::size_t tokens_of(const std::vector<ScheduledSequence>& plan, const Sequence* who) {
    for (const ScheduledSequence& entry : plan) {
      if (entry.sequence == who) return entry.tokens;
    }
    return 0;
  }

  boost::asio::io_context context_;
  std::uint64_t arrivals_ = 0;
};

TEST_F(SchedulerTest, DecodeIsNotStarvedByLongPrefill) {
  Scheduler scheduler({.batch_sequences_max = 4, .step_tokens_max = 16}, 100);
  Sequence* chat = add(scheduler, 4);
  advance(scheduler, scheduler.plan());
  Sequence* document = add(scheduler, 100);
  for (int step = 0; step < 5; ++step) {
    const auto plan = scheduler.plan();
    EXPECT_EQ(tokens_of(plan, chat), 1u);
    EXPECT_EQ(tokens_of(plan, document), 15u);
    advance(scheduler, plan);
  }
}

TEST_F(SchedulerTest, ALongPromptKeepsToThePaceBesideDecodingAndATurnDoesNot) {
  Scheduler scheduler({.batch_sequences_max = 4, .step_tokens_max = 512}, 100);
  const auto pace = [](std::size_t rows) { return 10 + rows; };
  Sequence* document = add(scheduler, 1'000);
  const auto alone = scheduler.plan(pace);
  EXPECT_EQ(tokens_of(alone, document), 512u);  // nobody is held up
  Sequence* chat = add(scheduler, 4);
  advance(scheduler, alone);
  advance(scheduler, scheduler.plan(pace));
  Sequence* turn = add(scheduler, 200);
  document = add(scheduler, 1'000);
  const auto plan = scheduler.plan(pace);
  EXPECT_EQ(tokens_of(plan, chat), 1u);
  EXPECT_EQ(tokens_of(plan, turn), 200u);
  EXPECT_EQ(tokens_of(plan, document), 12u);  // beside two rows: the first document ended, too
}

TEST_F(SchedulerTest, ARunOfForcedTokensIsNotAPromptThatWaits) {
  Scheduler scheduler({.batch_sequences_max = 4, .step_tokens_max = 64}, 100);
  Sequence* json = add(scheduler, 4);
  advance(scheduler, scheduler.plan());
  Sequence* document = add(scheduler, 1'000);
  json->tokens.resize(json->tokens.size() + 7, 3);
  const auto plan = scheduler.plan();
  EXPECT_EQ(tokens_of(plan, json), 8u);
  EXPECT_EQ(tokens_of(plan, document), 56u);
}

TEST_F(SchedulerTest, ATurnIsReadBeforeALongPromptThatCameEarlier) {
  Scheduler scheduler({.batch_sequences_max = 4, .step_tokens_max = 64}, 100);
  Sequence* document = add(scheduler, 1'000);
  Sequence* turn = add(scheduler, 20);
  const auto plan = scheduler.plan();
  EXPECT_EQ(tokens_of(plan, turn), 20u);
  EXPECT_EQ(tokens_of(plan, document), 44u);
}

TEST_F(SchedulerTest, SpareRoomIsTakenOnlyWhereItIsFree) {
  Scheduler scheduler({.batch_sequences_max = 4}, 2);
  Sequence* sequence = add(scheduler, kPage - 2);
  advance(scheduler, scheduler.plan());
  scheduler.plan();
  EXPECT_EQ(scheduler.take_spare(*sequence, 1), 1u);
  EXPECT_EQ(sequence->pages.size(), 1u);
  EXPECT_EQ(scheduler.take_spare(*sequence, 9), 9u);
  EXPECT_EQ(sequence->pages.size(), 2u);
  EXPECT_EQ(scheduler.take_spare(*sequence, 100), kPage + 1);
}

TEST_F(SchedulerTest, APromptGroupReadsItsPromptOnceAndSharesItsPages) {
  Scheduler scheduler({.batch_sequences_max = 4, .step_tokens_max = 512}, 100);
  constexpr std::size_t kPrompt = 3 * kPage + 5;
  std::vector<Sequence*> choices;
  for (int i = 0; i < 3; ++i) {
    choices.push_back(add(scheduler, kPrompt));
    choices.back()->request.prompt_group = 9;
    choices.back()->request.prompt = choices.back()->tokens = choices[0]->tokens;
  }
  const auto first = scheduler.plan();
  ASSERT_EQ(first.size(), 1u);
  EXPECT_EQ(tokens_of(first, choices[0]), kPrompt);
  advance(scheduler, first);
  const auto second = scheduler.plan();
  EXPECT_EQ(tokens_of(second, choices[1]), 5u);
  EXPECT_EQ(tokens_of(second, choices[2]), 5u);
  EXPECT_EQ(choices[2]->pages[2], choices[0]->pages[2]);
  EXPECT_NE(choices[2]->pages[3], choices[0]->pages[3]);
  advance(scheduler, second);
  EXPECT_EQ(scheduler.pages().free(), 100u - 3 - 3);
  for (Sequence* choice : choices) scheduler.remove(choice);
  EXPECT_EQ(scheduler.pages().free(), 100u);
}

TEST_F(SchedulerTest, APromptGroupGoesOnWhenItsReaderLeaves) {
  Scheduler scheduler({.batch_sequences_max = 4, .step_tokens_max = kPage}, 100);
  Sequence* reader = add(scheduler, 4 * kPage);
  Sequence* other = add(scheduler, 4 * kPage);
  reader->request.prompt_group = other->request.prompt_group = 9;
  other->request.prompt = other->tokens = reader->tokens;
  const auto plan = scheduler.plan();
  EXPECT_EQ(tokens_of(plan, other), 0u);
  advance(scheduler, plan);
  scheduler.remove(reader);
  EXPECT_EQ(tokens_of(scheduler.plan(), other), kPage);
  EXPECT_EQ(other->computed, kPage);  // what had been read is not read again
}

TEST_F(SchedulerTest, ASequenceTakesOverThePagesOfOneThatBeganAlike) {
  Scheduler scheduler({.batch_sequences_max = 4, .step_tokens_max = 512}, 100);
  Sequence* first = add(scheduler, 3 * kPage + 5);
  const std::vector<TokenId> tokens = first->tokens;
  advance(scheduler, scheduler.plan());
  scheduler.remove(first);
  EXPECT_EQ(scheduler.pages().free(), 100u);
  const auto begin_like_it = [&](std::size_t same, const char* salt) {
    Sequence* sequence = add(scheduler, same + 2);
    std::copy_n(tokens.begin(), same, sequence->tokens.begin());
    sequence->request.prompt = sequence->tokens;
    sequence->request.cache_salt = salt;
    const auto plan = scheduler.plan();
    const std::size_t read = tokens_of(plan, sequence);
    EXPECT_EQ(sequence->channel->cached_tokens + static_cast<std::int64_t>(read),
              std::ssize(sequence->tokens));
    scheduler.remove(sequence);
    return read;
  };
  EXPECT_EQ(begin_like_it(3 * kPage + 5, ""), 7u);
  EXPECT_EQ(begin_like_it(2 * kPage - 1, ""), kPage + 1);
  EXPECT_EQ(begin_like_it(3 * kPage, "mine"), 3 * kPage + 2);
  // A prompt that is nothing but full pages still needs its last token's logits.
  Sequence* whole = add(scheduler, 3 * kPage);
  whole->request.prompt = whole->tokens = {tokens.begin(), tokens.begin() + 3 * kPage};
  EXPECT_EQ(tokens_of(scheduler.plan(), whole), kPage);
}

TEST_F(SchedulerTest, PagesThatAreNeededAreTakenFromTheOldestBeginning) {
  Scheduler scheduler({.batch_sequences_max = 4, .step_tokens_max = 512}, 6);
  std::vector<std::vector<TokenId>> prompts;
  for (int i = 0; i < 2; ++i) {
    Sequence* sequence = add(scheduler, 2 * kPage + 1);
    prompts.push_back(sequence->tokens);
    advance(scheduler, scheduler.plan());
    scheduler.remove(sequence);
  }
  // Two pages hold nothing known; the third is the end of the first prompt.
  Sequence* other = add(scheduler, 3 * kPage - 1);
  advance(scheduler, scheduler.plan());
  scheduler.remove(other);
  for (const auto& [prompt, read] :
       {std::pair(prompts[1], std::size_t{1}), std::pair(prompts[0], kPage + 1)}) {
    Sequence* again = add(scheduler, prompt.size());
    again->request.prompt = again->tokens = prompt;
    EXPECT_EQ(tokens_of(scheduler.plan(), again), read);
    scheduler.remove(again);
  }
}

TEST_F(SchedulerTest, RunsNoMoreThanTheBatchAndServesInOrderOfArrival) {
  Scheduler scheduler({.batch_sequences_max = 2, .step_tokens_max = 64}, 100);
  Sequence* first = add(scheduler, 3);
  Sequence* second = add(scheduler, 3);
  Sequence* third = add(scheduler, 3);
  const auto plan = scheduler.plan();
  EXPECT_EQ(tokens_of(plan, first), 3u);
  EXPECT_EQ(tokens_of(plan, second), 3u);
  EXPECT_EQ(tokens_of(plan, third), 0u);
  EXPECT_EQ(scheduler.waiting(), 1u);
  scheduler.remove(first);
  EXPECT_EQ(tokens_of(scheduler.plan(), third), 3u);
}

TEST_F(SchedulerTest, ParksTheYoungestWhenPagesRunOutAndReadsItAgainLater) {
  Scheduler scheduler({.batch_sequences_max = 4, .prefix_cache = false}, 4);
  Sequence* old = add(scheduler, kPage);
  Sequence* young = add(scheduler, kPage);
  advance(scheduler, scheduler.plan());
  // Each now takes a second page for its 33rd token, which leaves none.
  advance(scheduler, scheduler.plan());
  EXPECT_EQ(scheduler.pages().free(), 0u);
  while (old->tokens.size() < 2 * kPage + 1) advance(scheduler, scheduler.plan());
  // The older one needs a third page: the younger one gives up both of its own.
  const auto plan = scheduler.plan();
  EXPECT_EQ(tokens_of(plan, old), 1u);
  EXPECT_EQ(young->computed, 0u);
  EXPECT_TRUE(young->pages.empty());
  EXPECT_GT(young->tokens.size(), kPage);  // what it has said is kept
  EXPECT_EQ(scheduler.waiting(), 1u);
  scheduler.remove(old);
  EXPECT_EQ(tokens_of(scheduler.plan(), young), young->tokens.size());
}

TEST_F(SchedulerTest, ASlowReaderPausesItselfOnly) {
  Scheduler scheduler({}, 100);
  Sequence* slow = add(scheduler, 3);
  Sequence* fast = add(scheduler, 3);
  advance(scheduler, scheduler.plan());
  slow->channel->events.try_push({});
  slow->channel->events.try_push({});
  const auto plan = scheduler.plan();
  EXPECT_EQ(tokens_of(plan, slow), 0u);
  EXPECT_EQ(tokens_of(plan, fast), 1u);
}

TEST_F(SchedulerTest, GivesAllPagesBack) {
  Scheduler scheduler({}, 10);
  Sequence* sequence = add(scheduler, 3 * kPage);
  scheduler.plan();
  EXPECT_EQ(scheduler.pages().free(), 7u);
  scheduler.remove(sequence);
  EXPECT_EQ(scheduler.pages().free(), 10u);
}

TEST_F(SchedulerTest, EveryLoadFinishesHoweverFewThePages) {
  // Five sequences of up to 4 pages each share 4 pages: whatever is parked, all get to their end.
  Scheduler scheduler({.batch_sequences_max = 5, .step_tokens_max = 24}, 4);
  std::vector<Sequence*> left;
  for (std::size_t i = 0; i < 5; ++i) left.push_back(add(scheduler, 10 + 15 * i));
  int steps = 0;
  while (!left.empty()) {
    ASSERT_LT(++steps, 2'000);
    const auto plan = scheduler.plan();
    ASSERT_FALSE(plan.empty());
    std::size_t tokens = 0;
    for (const ScheduledSequence& entry : plan) tokens += entry.tokens;
    EXPECT_LE(tokens, 24u);
    advance(scheduler, plan);
    std::erase_if(left, [&scheduler](Sequence* sequence) {
      const bool done = sequence->tokens.size() >= 4 * kPage;
      if (done) scheduler.remove(sequence);
      return done;
    });
  }
  EXPECT_EQ(scheduler.pages().free(), 4u);
}

}  // namespace
}  // namespace retort::engine
