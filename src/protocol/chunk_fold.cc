// The fold, and the allowances for what other services stream.
#include "protocol/chunk_fold.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace retort::protocol {
namespace {

void take_first(std::string& have, const std::string& got) {
  if (have.empty()) have = got;
}

void take_first(std::string& have, const std::optional<std::string>& got) {
  if (got) take_first(have, *got);
}

void append(std::optional<std::string>& have, const std::optional<std::string>& piece) {
  if (!piece) return;
  if (!have) have.emplace();
  *have += *piece;
}

void append(std::optional<std::vector<TokenLogprob>>& have,
            const std::optional<std::vector<TokenLogprob>>& more) {
  if (!more) return;
  if (!have) have.emplace();
  have->insert(have->end(), more->begin(), more->end());
}

void append(std::optional<Logprobs>& have, const std::optional<Logprobs>& more) {
  if (!more) return;
  if (!have) have.emplace();
  append(have->content, more->content);
  append(have->refusal, more->refusal);
}

// `taken`: a name that the completion's own fields have.
void merge(Extra& have, const Extra& more, std::string_view taken = {}) {
  for (const auto& member : more) {
    if (member.first == taken) continue;
    const auto same = std::find_if(have.begin(), have.end(),
                                   [&](const auto& other) { return other.first == member.first; });
    if (same == have.end()) {
      have.push_back(member);
    } else {
      same->second = member.second;
    }
  }
}

}  // namespace

void ChunkFold::add(const ChatChunk& chunk) {
  take_first(completion_.id, chunk.id);
  take_first(completion_.model, chunk.model);
  if (completion_.created == 0) completion_.created = chunk.created;
  if (!completion_.service_tier) completion_.service_tier = chunk.service_tier;
  if (!completion_.system_fingerprint) completion_.system_fingerprint = chunk.system_fingerprint;
  if (chunk.usage) completion_.usage = chunk.usage;
  merge(completion_.extra, chunk.extra);
  for (const ChunkChoice& choice : chunk.choices) add_choice(choice);
}

void ChunkFold::sort() {
  if (std::exchange(is_sorted_, true)) return;
  std::sort(completion_.choices.begin(), completion_.choices.end(),
            [](const Choice& a, const Choice& b) { return a.index < b.index; });
  for (std::size_t i = 0; i < completion_.choices.size(); ++i) {
    choices_[completion_.choices[i].index] = i;
  }
}

ChatCompletion ChunkFold::finish() && {
  sort();
  return std::move(completion_);
}

const Choice* ChunkFold::find_choice(std::int64_t index) const {
  const auto found = choices_.find(index);
  return found == choices_.end() ? nullptr : &completion_.choices[found->second];
}

std::size_t ChunkFold::call_position(std::int64_t choice, std::int64_t call) const {
  return calls_.at({choice, call});
}

std::size_t ChunkFold::position_of(std::int64_t index) {
  const auto [found, is_new] = choices_.try_emplace(index, completion_.choices.size());
  if (!is_new) return found->second;
  if (!completion_.choices.empty() && completion_.choices.back().index > index) is_sorted_ = false;
  completion_.choices.emplace_back().index = index;
  return found->second;
}

void ChunkFold::add_choice(const ChunkChoice& chunk) {
  Choice& choice = completion_.choices[position_of(chunk.index)];
  AnswerMessage& message = choice.message;
  const Delta& delta = chunk.delta;
  append(message.content, delta.content);
  append(message.refusal, delta.refusal);
  append(message.reasoning_content, delta.reasoning_content);
  for (const ToolCallDelta& fragment : delta.tool_calls) add_call(choice, fragment);
  if (delta.function_call) {
    if (!message.function_call) message.function_call.emplace();
    take_first(message.function_call->name, delta.function_call->name);
    message.function_call->arguments += delta.function_call->arguments;
  }
  merge(message.extra, delta.extra);
  append(choice.logprobs, chunk.logprobs);
  if (chunk.finish_reason) choice.finish_reason = chunk.finish_reason;
  // Some services repeat the message so far in each chunk; it is what is being folded here.
  merge(choice.extra, chunk.extra, "message");
}

void ChunkFold::add_call(Choice& choice, const ToolCallDelta& fragment) {
  std::vector<ToolCall>& calls = choice.message.tool_calls;
  const auto [found, is_new] = calls_.try_emplace({choice.index, fragment.index}, calls.size());
  if (is_new) calls.emplace_back();
  // Some services leave the index out, which reads as 0 each time: another id is another call.
  const std::string id = fragment.id.value_or("");
  const bool other_call =
      !id.empty() && !calls[found->second].id.empty() && calls[found->second].id != id;
  if (other_call) {
    found->second = calls.size();
    calls.emplace_back();
  }
  ToolCall& call = calls[found->second];
  take_first(call.id, id);
  if (fragment.type && !fragment.type->empty()) call.type = *fragment.type;
  take_first(call.function.name, fragment.name);
  call.function.arguments += fragment.arguments.value_or("");
}

}  // namespace retort::protocol
