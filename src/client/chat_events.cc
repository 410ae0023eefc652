#include "client/chat_events.h"

#include <algorithm>
#include <utility>

namespace retort::client {

std::optional<ChatEvent> ChatEvents::pop() {
  if (events_.empty()) return std::nullopt;
  ChatEvent event = std::move(events_.front());
  events_.pop_front();
  return event;
}

void ChatEvents::add(const ChatChunk& chunk, const protocol::ChunkFold& fold) {
  for (const ChunkChoice& choice : chunk.choices) add_choice(choice, fold);
  if (chunk.usage) events_.emplace_back(UsageEvent{*chunk.usage});
}

void ChatEvents::add_choice(const ChunkChoice& chunk, const protocol::ChunkFold& fold) {
  const Choice* choice = fold.find_choice(chunk.index);
  if (choice == nullptr) return;
  const AnswerMessage& message = choice->message;
  const Delta& delta = chunk.delta;
  const std::int64_t index = chunk.index;
  const auto is_text = [](const std::optional<std::string>& text) {
    return text && !text->empty();
  };
  if (is_text(delta.reasoning_content)) {
    events_.emplace_back(
        ReasoningDelta{index, *delta.reasoning_content, *message.reasoning_content});
  }
  if (is_text(delta.content)) {
    events_.emplace_back(ContentDelta{index, *delta.content, *message.content});
  }
  if (is_text(delta.refusal)) {
    events_.emplace_back(RefusalDelta{index, *delta.refusal, *message.refusal});
  }
  add_calls(chunk, message, fold);
  if (chunk.logprobs) events_.emplace_back(LogprobsDelta{index, *chunk.logprobs});
  if (chunk.finish_reason) end_choice(*choice);
}

void ChatEvents::add_calls(const ChunkChoice& chunk, const AnswerMessage& message,
                           const protocol::ChunkFold& fold) {
  for (const ToolCallDelta& fragment : chunk.delta.tool_calls) {
    const std::size_t at = fold.call_position(chunk.index, fragment.index);
    const ToolCall& call = message.tool_calls.at(at);
    if (!fragment.arguments || fragment.arguments->empty()) continue;
    events_.emplace_back(ToolArgumentsDelta{.choice = chunk.index,
                                            .call = at,
                                            .id = call.id,
                                            .name = call.function.name,
                                            .delta = *fragment.arguments,
                                            .snapshot = call.function.arguments});
  }
}

void ChatEvents::end_choice(const Choice& choice) {
  const AnswerMessage& message = choice.message;
  if (message.content && !message.content->empty()) {
    events_.emplace_back(ContentDone{choice.index, *message.content});
  }
  if (message.refusal && !message.refusal->empty()) {
    events_.emplace_back(RefusalDone{choice.index, *message.refusal});
  }
  for (std::size_t i = 0; i < message.tool_calls.size(); ++i) {
    events_.emplace_back(ToolCallDone{choice.index, i, message.tool_calls[i]});
  }
  events_.emplace_back(ChoiceDone{choice.index, *choice.finish_reason});
}

}  // namespace retort::client
