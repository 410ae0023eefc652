// Server-sent events: the bytes of a streamed answer, written and read.
//
// Written is the least that every client reads: `data:` lines and a blank one, comments to keep a
// connection alive, [DONE] at the end. Read is all of the format (WHATWG HTML, section 9.2),
// because other services write it their way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

namespace retort::protocol {

// The data of the event that ends a stream of chunks.
inline constexpr std::string_view kSseDone = "[DONE]";

// Appends one event, "data: ...\n\n". A line break in `data` (JSON has none) starts another data
// line, so the reader gets a newline for it.
void append_sse_event(std::string& out, std::string_view data);

// Appends a comment, ": ...\n\n": it keeps a connection alive and no client shows it. `text` holds
// no line break.
void append_sse_comment(std::string& out, std::string_view text);

// Appends "data: [DONE]\n\n".
void append_sse_done(std::string& out);

struct SseEvent {
  std::string event;  // empty where the stream names none, which means "message"
  std::string data;   // the data lines, joined by newlines
  std::string id;     // the last id that the stream named, this event's or an earlier one's
  std::optional<std::int64_t> retry_ms;  // where this event says so
  friend bool operator==(const SseEvent&, const SseEvent&) = default;
};

// Bytes in any pieces to events. Not thread-safe. Lines end in LF, CR or CRLF, in any mix; a BOM at
// the start is skipped. A block without data gives no event. The events do not depend on how the
// bytes are cut.
class SseParser {
 public:
  // `event_bytes_max` bounds one event, its data and every line of it.
  explicit SseParser(std::size_t event_bytes_max = std::size_t{16} << 20)
      : event_bytes_max_(event_bytes_max) {}

  // Takes the next bytes and appends the events that they complete. An event over the limit is
  // ErrorKind::malformed, and so is every push after it.
  Result<void> push(std::string_view bytes, std::vector<SseEvent>& events);

  // At the end of the bytes: the event that had begun and lacked its blank line. The format says to
  // drop it; real services end so, and it is the caller's to judge.
  std::optional<SseEvent> finish();

 private:
  bool skip_byte_order_mark(std::string_view& bytes);
  void end_line(std::vector<SseEvent>& events);
  void take_line();
  void take_field(std::string_view name, std::string_view value);
  std::optional<SseEvent> dispatch();

  std::size_t event_bytes_max_;
  std::string line_;
  std::string mark_;  // the bytes of a BOM that have come, while it may still become one
  SseEvent event_;
  bool started_ = false;  // past the place of the BOM
  bool has_data_ = false;
  bool after_cr_ = false;  // an LF that follows belongs to the line ended
  bool failed_ = false;
};

}  // namespace retort::protocol
