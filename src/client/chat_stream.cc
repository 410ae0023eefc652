// ChatStream and AsyncChatStream: the public faces of StreamReader.
#include <utility>

#include <retort/stream.h>

#include "client/stream_reader.h"

namespace retort {

ChatStream::ChatStream(std::unique_ptr<client::StreamReader> reader) : reader_(std::move(reader)) {}
ChatStream::~ChatStream() = default;
ChatStream::ChatStream(ChatStream&&) noexcept = default;
ChatStream& ChatStream::operator=(ChatStream&&) noexcept = default;

Result<std::optional<ChatChunk>> ChatStream::try_next() {
  return reader_->next();
}

std::optional<ChatChunk> ChatStream::next() {
  Result<std::optional<ChatChunk>> chunk = reader_->next();
  if (!chunk) throw_error(std::move(chunk).error());
  return std::move(*chunk);
}

Result<std::optional<ChatEvent>> ChatStream::try_next_event() {
  return reader_->next_event();
}

std::optional<ChatEvent> ChatStream::next_event() {
  Result<std::optional<ChatEvent>> event = reader_->next_event();
  if (!event) throw_error(std::move(event).error());
  return std::move(*event);
}

Result<ChatCompletion> ChatStream::try_finish() {
  while (true) {
    const Result<std::optional<ChatChunk>> chunk = reader_->next();
    if (!chunk) return chunk.error();
    if (!*chunk) return reader_->completion();
  }
}

ChatCompletion ChatStream::finish() {
  Result<ChatCompletion> whole = try_finish();
  if (!whole) throw_error(std::move(whole).error());
  return std::move(*whole);
}

const ChatCompletion& ChatStream::completion() const {
  return reader_->completion();
}

const ResponseInfo& ChatStream::info() const {
  return reader_->info();
}

AsyncChatStream::AsyncChatStream(std::shared_ptr<client::StreamReader> reader)
    : reader_(std::move(reader)) {}
AsyncChatStream::~AsyncChatStream() = default;
AsyncChatStream::AsyncChatStream(AsyncChatStream&&) noexcept = default;
AsyncChatStream& AsyncChatStream::operator=(AsyncChatStream&&) noexcept = default;

namespace {

using NextState = FutureState<std::optional<ChatChunk>>;

// Reads on whenever the call has something, until there is a chunk or an end.
void step(const std::shared_ptr<client::StreamReader>& reader,
          const std::shared_ptr<NextState>& state) {
  if (auto next = reader->try_step()) {
    state->set(std::move(*next));
    return;
  }
  reader->call()->on_readable([reader, state] { step(reader, state); });
}

}  // namespace

Future<std::optional<ChatChunk>> AsyncChatStream::next() {
  const auto state = std::make_shared<NextState>(reader_->core()->options().executor);
  step(reader_, state);
  return {state, reader_->core()->transport()};
}

const ChatCompletion& AsyncChatStream::completion() const {
  return reader_->completion();
}

const ResponseInfo& AsyncChatStream::info() const {
  return reader_->info();
}

}  // namespace retort
