#include "client/stream_reader.h"

#include <algorithm>
#include <utility>

#include "protocol/chat_reader.h"
#include "protocol/error_body.h"

namespace retort::client {
namespace {

// The API has 128 at most. A bound keeps what a chunk costs from growing with the stream.
constexpr std::size_t kChoicesMax = 1024;

}  // namespace

StreamReader::StreamReader(std::shared_ptr<const Core> core, std::shared_ptr<Call> call,
                           ResponseInfo info, bool wants_usage)
    : core_(std::move(core)),
      call_(std::move(call)),
      info_(std::move(info)),
      wants_usage_(wants_usage),
      parser_(core_->options().event_bytes_max) {}

StreamReader::~StreamReader() {
  if (done_ && !failure_) {
    call_->drain();
  } else {
    call_->cancel();
  }
}

StreamReader::Next StreamReader::next() {
  while (true) {
    if (std::optional<Next> step = try_step()) return std::move(*step);
    call_->wait(*core_->transport());
  }
}

Result<std::optional<ChatEvent>> StreamReader::next_event() {
  while (true) {
    if (std::optional<ChatEvent> event = chat_events_.pop()) return event;
    Next chunk = next();
    if (!chunk) return std::move(chunk).error();
    if (!*chunk) return std::optional<ChatEvent>();
    chat_events_.add(**chunk, fold_);
  }
}

std::optional<StreamReader::Next> StreamReader::try_step() {
  if (failure_) return Next(*failure_);
  while (!done_) {
    if (std::optional<Next> chunk = take_event()) return chunk;
    if (done_) break;
    if (ended_) return end_of(*ended_);
    const Call::Progress progress = call_->read(bytes_);
    if (!progress.got_bytes && !progress.end) return std::nullopt;
    events_.clear();
    next_event_ = 0;
    ended_ = progress.end;
    if (ended_) {
      // The last event may lack its blank line.
      if (std::optional<protocol::SseEvent> event = parser_.finish()) {
        events_.push_back(std::move(*event));
      }
    } else if (Result<void> pushed = parser_.push(bytes_, events_); !pushed) {
      return fail(std::move(pushed).error());
    }
  }
  return Next(std::optional<ChatChunk>());
}

std::optional<StreamReader::Next> StreamReader::take_event() {
  if (next_event_ == events_.size()) return std::nullopt;
  const protocol::SseEvent event = std::move(events_[next_event_++]);
  if (event.data == protocol::kSseDone) return finish();
  return chunk_of(event);
}

StreamReader::Next StreamReader::chunk_of(const protocol::SseEvent& event) {
  Result<ChatChunk> chunk = protocol::read_chat_chunk(event.data);
  if (!chunk && event.event == "error" && chunk.error().kind() == ErrorKind::malformed) {
    return fail(protocol::read_error_body(0, event.data));
  }
  // An event cut off by the end of the connection is no reason of its own.
  if (!chunk && ended_) return end_of(*ended_);
  if (!chunk) return fail(std::move(chunk).error());
  fold_.add(*chunk);
  if (completion().choices.size() > kChoicesMax) {
    return fail(Error(ErrorKind::malformed,
                      "the stream has more than " + std::to_string(kChoicesMax) + " choices"));
  }
  fold_.sort();
  return std::optional<ChatChunk>(std::move(*chunk));
}

// What keeps the answer from being whole; empty where nothing does.
std::string StreamReader::what_is_missing() const {
  if (!core_->options().finish_reason_required) return "";
  const std::vector<Choice>& choices = completion().choices;
  if (choices.empty()) {
    const std::string* type = info_.headers.find("content-type");
    const bool is_stream = type == nullptr || type->starts_with("text/event-stream");
    return is_stream ? "nothing had come" : "it is no event stream, its content-type is " + *type;
  }
  for (const Choice& choice : choices) {
    if (!choice.finish_reason) {
      return "choice " + std::to_string(choice.index) + " has no finish_reason";
    }
  }
  return "";
}

StreamReader::Next StreamReader::finish() {
  const std::string missing = what_is_missing();
  if (!missing.empty()) {
    return fail(Error(ErrorKind::stream_truncated, "the stream ended too early: " + missing));
  }
  done_ = true;
  return std::optional<ChatChunk>();
}

StreamReader::Next StreamReader::end_of(const Result<void>& outcome) {
  if (outcome) return finish();
  const Error& error = outcome.error();
  if (error.kind() != ErrorKind::connection) return fail(error);
  // A connection that breaks after the last word of the answer took nothing away.
  const std::string missing = what_is_missing();
  const bool lacks_usage = wants_usage_ && !completion().usage;
  if (missing.empty() && !lacks_usage && !completion().choices.empty()) return finish();
  return fail(Error(ErrorKind::stream_truncated, "the stream broke off: " + error.message()));
}

StreamReader::Next StreamReader::fail(Error error) {
  if (error.request_id().empty()) error = Error(std::move(error).with_request_id(info_.request_id));
  failure_ = std::move(error).with_attempts(info_.attempts);
  call_->cancel();
  return *failure_;
}

}  // namespace retort::client
