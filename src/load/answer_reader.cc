#include "load/answer_reader.h"

#include <utility>

namespace retort::load {
namespace {

using base::JsonView;

// More than any model has window for, and few enough that sums cannot overflow.
constexpr std::int64_t kTokensMax = std::int64_t{1} << 31;

Error malformed(std::string what) {
  return Error(ErrorKind::malformed, std::move(what));
}

bool is_text(const std::optional<JsonView>& member) {
  return member && member->is_string() && member->text() != "\"\"";
}

std::optional<std::int64_t> count_of(const JsonView& usage, std::string_view key) {
  const std::optional<JsonView> member = usage.find(key);
  if (!member || member->type() != JsonView::Type::integer) return std::nullopt;
  const std::optional<std::int64_t> count = member->integer();
  return count && *count >= 0 && *count <= kTokensMax ? count : std::nullopt;
}

std::string one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return text;
}

// Of an error's object; some servers give a string in its place.
std::string message_of(const JsonView& error) {
  if (error.is_string()) return one_line(error.string());
  const std::optional<JsonView> member = error.is_object() ? error.find("message") : std::nullopt;
  return member && member->is_string() ? one_line(member->string()) : std::string();
}

}  // namespace

Result<void> AnswerReader::push(std::string_view bytes, AnswerTimes::Time now) {
  pending_.clear();
  if (Result<void> read = events_.push(bytes, pending_); !read) return read;
  for (const protocol::SseEvent& event : pending_) {
    if (done_) return malformed("an event behind [DONE]");
    if (event.data == protocol::kSseDone) {
      done_ = true;
      continue;
    }
    if (Result<void> taken = take(event.data, now); !taken) return taken;
  }
  return {};
}

Result<void> AnswerReader::take(std::string_view data, AnswerTimes::Time now) {
  const Result<JsonView> chunk = JsonView::parse(data, {.kind = ErrorKind::malformed});
  if (!chunk || !chunk->is_object()) return malformed("an event that is no JSON object");
  if (const auto error = chunk->find("error"); error && !error->is_null()) {
    const std::string message = message_of(*error);
    return Error(ErrorKind::bad_upstream,
                 "an error in the stream" + (message.empty() ? "" : ": " + message));
  }
  note(piece_of(*chunk), now);
  return take_usage(*chunk);
}

AnswerReader::Piece AnswerReader::piece_of(const JsonView& chunk) {
  const std::optional<JsonView> choices = chunk.find("choices");
  if (!choices || !choices->is_array()) return Piece::nothing;
  Piece piece = Piece::nothing;
  for (const JsonView& choice : choices->elements()) {
    if (!choice.is_object()) continue;
    const std::optional<JsonView> delta = choice.find("delta");
    if (delta && delta->is_object()) {
      for (const char* key : {"content", "reasoning_content", "reasoning"}) {
        if (is_text(delta->find(key))) return Piece::text;
      }
    }
    if (is_text(choice.find("finish_reason"))) piece = Piece::end;
  }
  return piece;
}

// The end is no token; but where no token before it had a text, its time is what is known of them.
void AnswerReader::note(Piece piece, AnswerTimes::Time now) {
  if (piece == Piece::nothing || (piece == Piece::end && times_.first_token)) return;
  if (times_.first_token) {
    times_.gaps.push_back(now - times_.last_token);
  } else {
    times_.first_token = now;
  }
  times_.last_token = now;
}

Result<void> AnswerReader::take_usage(const JsonView& chunk) {
  const std::optional<JsonView> usage = chunk.find("usage");
  if (!usage || !usage->is_object()) return {};
  const auto prompt = count_of(*usage, "prompt_tokens");
  const auto completion = count_of(*usage, "completion_tokens");
  if (!prompt || !completion) return malformed("a usage without counts");
  counts_ = AnswerCounts{.prompt_tokens = *prompt, .completion_tokens = *completion};
  return {};
}

Result<AnswerCounts> AnswerReader::finish(std::size_t output_tokens) const {
  if (!done_) return malformed("a stream that ends before [DONE]");
  if (!counts_) return malformed("a stream without usage");
  if (counts_->completion_tokens != static_cast<std::int64_t>(output_tokens)) {
    return malformed("another number of tokens than --output-tokens");
  }
  if (!times_.first_token) return malformed("a stream without a token");
  return *counts_;
}

std::string error_message(std::string_view body) {
  const Result<JsonView> view = JsonView::parse(body, {.kind = ErrorKind::malformed});
  if (!view || !view->is_object()) return {};
  const std::optional<JsonView> error = view->find("error");
  // Some servers leave the wrapping out.
  return message_of(error ? *error : *view);
}

}  // namespace retort::load
