// `retort load`: many chats at once against any server that speaks the contract, and how it does.
//
// A closed loop keeps so many requests under way and begins one when one ends. An open loop begins
// them when their time comes, at random times of a given rate, however slow the server is: what a
// request waits for its turn counts as waiting for its first token.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include <retort/result.h>

#include "http/client.h"
#include "load/histogram.h"
#include "load/prompts.h"

namespace retort::load {

struct LoadPlan {
  http::Url base;  // the path ends in /v1
  std::string model;
  std::string api_key;          // secret; empty: none is sent
  std::size_t concurrency = 8;  // requests under way at once, in an open loop at most
  std::size_t requests = 64;
  std::optional<double> rate;       // requests a second; none: a closed loop
  std::size_t prompt_tokens = 128;  // of which
  std::size_t shared_prefix_tokens = 0;
  std::size_t output_tokens = 64;
  http::CallLimits limits;
};

struct LoadReport {
  std::size_t requests = 0;
  std::size_t errors = 0;
  std::map<std::string, std::size_t> error_kinds;  // what went wrong, how often
  double duration_s = 0;                           // from the first request to the last answer
  std::int64_t prompt_tokens = 0;                  // as the server counted, of what went well
  std::int64_t output_tokens = 0;
  // Of the answers that went well; an answer of one piece of text has no gap and no time a token.
  Histogram ttft;     // from a request to its answer's first text
  Histogram itl;      // between two pieces of text, whatever number of tokens each holds
  Histogram tpot;     // from the first text to the last, by the tokens behind the first
  Histogram latency;  // from a request to its answer's end
  // How late this program's own thread was: on a machine without a core to spare it sees answers
  // later than they come, and several pieces of them at once.
  Histogram own_delay;
};

// Finds by two small requests how many words make the prompt that was asked for, then runs the
// plan. Its own work is one thread's, the caller's. Errors where not even those two are answered;
// what goes wrong later is counted.
Result<LoadReport> run_load(const LoadPlan& plan);

// The words that make `plan`'s tokens, from what two prompts of so many words came to.
struct Calibration {
  std::size_t few_words = 0;
  std::size_t many_words = 0;
  std::int64_t few_tokens = 0;
  std::int64_t many_tokens = 0;
};
// A config error where the server's own tokens around a message are more than were asked for;
// malformed where the counts are none that a tokenizer gives.
Result<PromptShape> shape_of(const LoadPlan& plan, const Calibration& calibration);

}  // namespace retort::load
