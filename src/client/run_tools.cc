// run_tools: rounds of asking and calling, until the model answers.
#include <algorithm>
#include <atomic>
#include <exception>
#include <system_error>
#include <thread>
#include <utility>

#include <retort/client.h>

namespace retort {
namespace {

using Outcome = Result<std::string>;

// What the model is told about a call that did not come to a result.
std::string told(const Error& error) {
  std::string out = "{\"error\":";
  append_json(out, std::string_view(error.message()));
  return out + "}";
}

class ToolLoop {
 public:
  ToolLoop(const std::vector<RunnableTool>& tools, const ToolRunOptions& options,
           std::stop_token stop)
      : tools_(tools), options_(options), stop_(std::move(stop)) {}

  // One result a call, in their order; the error of a tool ends the run.
  Result<std::vector<std::string>> answer(const std::vector<ToolCall>& calls, int round) const {
    std::vector<Outcome> outcomes(calls.size(), Outcome(std::string()));
    call_all(calls, round, outcomes);
    std::vector<std::string> results;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      Outcome& outcome = outcomes[i];
      const bool is_told =
          !outcome && (outcome.error().code() == "bad_arguments" || options_.tool_errors_to_model);
      if (!outcome && !is_told) return failed(calls[i], outcome.error());
      results.push_back(outcome ? std::move(*outcome) : told(outcome.error()));
      if (options_.on_result) options_.on_result(calls[i], results.back());
    }
    return results;
  }

 private:
  void call_all(const std::vector<ToolCall>& calls, int round,
                std::vector<Outcome>& outcomes) const {
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      for (std::size_t i = next++; i < calls.size(); i = next++) {
        outcomes[i] = call_one(calls[i], round);
      }
    };
    const std::size_t threads =
        std::min(calls.size(), static_cast<std::size_t>(std::max(options_.parallel, 1)));
    std::vector<std::jthread> others;
    try {
      for (std::size_t i = 1; i < threads; ++i) others.emplace_back(work);
    } catch (const std::system_error&) {
      // The system has no more threads: those that there are do the work.
    }
    work();
  }

  Outcome call_one(const ToolCall& call, int round) const {
    if (stop_.stop_requested()) return Error(ErrorKind::cancelled, "the call was cancelled");
    for (const RunnableTool& tool : tools_) {
      if (tool.definition.function.name != call.function.name) continue;
      return guarded(tool, call, {.call = call, .round = round, .stop = stop_});
    }
    std::string names;
    for (const RunnableTool& tool : tools_) {
      names += (names.empty() ? "" : ", ") + tool.definition.function.name;
    }
    return Error(ErrorKind::malformed,
                 "there is no tool '" + call.function.name + "'; there are: " + names)
        .with_code("bad_arguments");
  }

  // A tool is the program's own code and may throw.
  static Outcome guarded(const RunnableTool& tool, const ToolCall& call,
                         const ToolContext& context) {
    try {
      return tool.call(call.function.arguments, context);
    } catch (const Error& error) {
      return error;
    } catch (const std::exception& error) {
      return Error(ErrorKind::internal, error.what());
    } catch (...) {
      return Error(ErrorKind::internal, "it threw what is no std::exception");
    }
  }

  static Error failed(const ToolCall& call, const Error& error) {
    if (error.kind() == ErrorKind::cancelled) return error;
    return Error(error.kind(), "the tool '" + call.function.name + "' failed: " + error.message())
        .with_status(0)
        .with_param(call.function.name)
        .with_code("tool_failed");
  }

  const std::vector<RunnableTool>& tools_;
  const ToolRunOptions& options_;
  const std::stop_token stop_;
};

// A call without an id cannot be answered.
void complete_ids(std::vector<ToolCall>& calls, int round) {
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!calls[i].id.empty()) continue;
    calls[i].id = "call_" + std::to_string(round) + "_" + std::to_string(i);
  }
}

}  // namespace

Result<ToolRun> ChatService::try_run_tools(const ChatRequest& request,
                                           const std::vector<RunnableTool>& tools,
                                           const ToolRunOptions& run,
                                           const RequestOptions& options) const {
  if (request.n.value_or(1) != 1) {
    return Error(ErrorKind::invalid_request, "run_tools() follows one choice: n must be 1")
        .with_param("n");
  }
  ChatRequest asked = request;
  asked.tools.clear();
  for (const RunnableTool& tool : tools) asked.tools.push_back(tool.definition);
  const ToolLoop loop(tools, run, options.stop);
  ToolRun out;
  for (int round = 1; round <= run.rounds_max; ++round) {
    Result<ChatCompletion> answer = try_create(asked, options);
    if (!answer) return std::move(answer).error();
    if (answer->choices.empty()) {
      return Error(ErrorKind::malformed, "the answer has no choice").with_param("choices");
    }
    AnswerMessage& message = answer->choices.front().message;
    complete_ids(message.tool_calls, round);
    asked.messages.emplace_back(to_assistant(message));
    const std::vector<ToolCall> calls = message.tool_calls;
    out.completions.push_back(std::move(*answer));
    if (calls.empty()) {
      out.messages = std::move(asked.messages);
      return out;
    }
    Result<std::vector<std::string>> results = loop.answer(calls, round);
    if (!results) return std::move(results).error();
    for (std::size_t i = 0; i < calls.size(); ++i) {
      asked.messages.emplace_back(
          Tool{.content = std::move((*results)[i]), .tool_call_id = calls[i].id});
    }
    // A choice that forces a call would force one for ever.
    if (asked.tool_choice && asked.tool_choice->mode != ToolChoice::Mode::none) {
      asked.tool_choice.reset();
    }
  }
  return Error(ErrorKind::malformed, "the model still calls tools after " +
                                         std::to_string(run.rounds_max) +
                                         " rounds (ToolRunOptions::rounds_max)")
      .with_code("tool_rounds");
}

ToolRun ChatService::run_tools(const ChatRequest& request, const std::vector<RunnableTool>& tools,
                               const ToolRunOptions& run, const RequestOptions& options) const {
  Result<ToolRun> result = try_run_tools(request, tools, run, options);
  if (!result) throw_error(std::move(result).error());
  return std::move(*result);
}

}  // namespace retort
