// Server-sent events. The reader is the line machine of the format's own description: it sees one
// line at a time, so where the bytes were cut does not matter.
#include "protocol/sse.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <retort/error.h>

namespace retort::protocol {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

std::optional<std::int64_t> whole_number(std::string_view digits) {
  std::int64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool all = read.ptr == digits.data() + digits.size();
  if (digits.empty() || digits.front() == '-' || read.ec != std::errc{} || !all)
    return std::nullopt;
  return value;
}

// Where the first CR or LF stands. Each is looked for by itself, which is the library's quickest
// search, in windows, so that a stream of one kind alone is not gone through for the other.
std::size_t line_end(std::string_view bytes) {
  constexpr std::size_t kWindow = 256;
  for (std::size_t at = 0; at < bytes.size(); at += kWindow) {
    const std::string_view window = bytes.substr(at, kWindow);
    const std::size_t lf = window.find('\n');
    const std::size_t cr = window.substr(0, lf).find('\r');
    if (cr != std::string_view::npos) return at + cr;
    if (lf != std::string_view::npos) return at + lf;
  }
  return std::string_view::npos;
}

}  // namespace

void append_sse_event(std::string& out, std::string_view data) {
  while (true) {
    const std::size_t end = data.find_first_of("\r\n");
    out += "data: ";
    out += data.substr(0, end);
    out += '\n';
    if (end == std::string_view::npos) break;
    data.remove_prefix(data.substr(end).starts_with("\r\n") ? end + 2 : end + 1);
  }
  out += '\n';
}

void append_sse_comment(std::string& out, std::string_view text) {
  out += ": ";
  out += text;
  out += "\n\n";
}

void append_sse_done(std::string& out) {
  append_sse_event(out, kSseDone);
}

Result<void> SseParser::push(std::string_view bytes, std::vector<SseEvent>& events) {
  if (!started_ && !skip_byte_order_mark(bytes)) return {};
  while (!bytes.empty() && !failed_) {
    if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
      bytes.remove_prefix(1);
      continue;
    }
    const std::size_t end = line_end(bytes);
    line_ += bytes.substr(0, end);
    failed_ = line_.size() + event_.data.size() > event_bytes_max_;
    if (failed_ || end == std::string_view::npos) break;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    end_line(events);
  }
  if (!failed_) return {};
  return Error(ErrorKind::malformed, "an event of the stream is larger than " +
                                         std::to_string(event_bytes_max_) + " bytes");
}

std::optional<SseEvent> SseParser::finish() {
  if (failed_) return std::nullopt;
  line_ += std::exchange(mark_, {});
  if (!line_.empty()) take_line();
  return dispatch();
}

// Whether reading may begin. The mark's three bytes may come one by one, and may turn out to be the
// beginning of something else: then they are the first line's.
bool SseParser::skip_byte_order_mark(std::string_view& bytes) {
  while (!bytes.empty() && mark_.size() < kByteOrderMark.size() &&
         bytes.front() == kByteOrderMark[mark_.size()]) {
    mark_ += bytes.front();
    bytes.remove_prefix(1);
  }
  if (mark_.size() < kByteOrderMark.size() && bytes.empty()) return false;
  if (mark_.size() < kByteOrderMark.size()) line_ = mark_;
  mark_.clear();
  started_ = true;
  return true;
}

void SseParser::end_line(std::vector<SseEvent>& events) {
  if (!line_.empty()) return take_line();
  if (std::optional<SseEvent> event = dispatch()) events.push_back(std::move(*event));
}

// A line is "name: value", "name:value" or "name"; one that begins with a colon is a comment.
void SseParser::take_line() {
  const std::string_view line = line_;
  const std::size_t colon = line.find(':');
  std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  take_field(line.substr(0, colon), value);
  line_.clear();
}

void SseParser::take_field(std::string_view name, std::string_view value) {
  if (name == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (name == "event") {
    event_.event = value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    event_.id = value;
  } else if (name == "retry") {
    if (const auto wait = whole_number(value)) event_.retry_ms = wait;
  }
}

// The event that has been gathered, where it has data; what follows starts anew but for the id.
std::optional<SseEvent> SseParser::dispatch() {
  SseEvent event = std::exchange(event_, SseEvent{});
  event_.id = event.id;
  if (!std::exchange(has_data_, false)) return std::nullopt;
  return event;
}

}  // namespace retort::protocol
