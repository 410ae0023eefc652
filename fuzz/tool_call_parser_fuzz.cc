// Any answer text: the same events however it is cut, no content lost or made up, and calls that
// begin and end one behind the other. The first byte chooses the form, the second where to cut.
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "text/tool_call_parser.h"

namespace retort::text {
namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

using Events = std::vector<AnswerEvent>;

// Puts `more` behind `events`, neighbouring content and arguments joined.
void append(Events& events, Events more) {
  for (AnswerEvent& event : more) {
    AnswerEvent* last = events.empty() ? nullptr : &events.back();
    if (last == nullptr || last->index() != event.index()) {
      events.push_back(std::move(event));
    } else if (const auto* piece = std::get_if<ContentPiece>(&event)) {
      std::get_if<ContentPiece>(last)->text += piece->text;
    } else if (const auto* arguments = std::get_if<ToolCallArguments>(&event)) {
      std::get_if<ToolCallArguments>(last)->piece += arguments->piece;
    } else {
      events.push_back(std::move(event));
    }
  }
}

Events parse(const ToolCallFormat& format, std::string_view text, std::size_t step) {
  ToolCallParser parser(format, {"f", "g"}, {.block_bytes_max = 200, .calls_max = 3});
  Events events;
  for (std::size_t i = 0; i < text.size(); i += step)
    append(events, parser.push(text.substr(i, step)));
  append(events, parser.finish());
  return events;
}

// The calls of an answer: each begins, has arguments and ends, one behind the other.
class Calls {
 public:
  void take(const AnswerEvent& event) {
    if (const auto* begin = std::get_if<ToolCallBegin>(&event)) {
      check(!open_ && begin->index == ended_ && (begin->name == "f" || begin->name == "g"));
      open_ = true;
      arguments_.clear();
    } else if (const auto* piece = std::get_if<ToolCallArguments>(&event)) {
      check(open_ && piece->index == ended_ && !piece->piece.empty());
      arguments_ += piece->piece;
    } else if (const auto* end = std::get_if<ToolCallEnd>(&event)) {
      check(open_ && end->index == ended_ && arguments_.starts_with('{'));
      open_ = false;
      ++ended_;
    } else {
      check(!open_);
    }
  }
  std::size_t count() const {
    check(!open_);
    return ended_;
  }

 private:
  bool open_ = false;
  std::size_t ended_ = 0;
  std::string arguments_;
};

void try_one(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return;
  const std::vector<std::string_view> names = tool_call_format_names();
  const ToolCallFormat& format = *find_tool_call_format_named(names[data[0] % names.size()]);
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Events whole = parse(format, text, text.size() + 1);
  check(parse(format, text, 1) == whole);
  check(parse(format, text, data[1] % 16 + 2u) == whole);

  Calls calls;
  std::string content;
  for (const AnswerEvent& event : whole) {
    if (const auto* piece = std::get_if<ContentPiece>(&event)) content += piece->text;
    calls.take(event);
  }
  check(calls.count() <= 3);
  // Where content has a mark of its own, the mark is no part of it.
  if (calls.count() > 0 || !format.content_name.empty()) {
    check(content.size() <= text.size());
  } else {
    check(content == text);
  }
}

}  // namespace
}  // namespace retort::text

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  retort::text::try_one(data, size);
  return 0;
}
