// Any answer text: the same events however it is cut, no content lost or made up, and every call's
// arguments a JSON object. The first byte chooses the form, the second where to cut.
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

// Puts `more` behind `events`, neighbouring content joined.
void append(Events& events, Events more) {
  for (AnswerEvent& event : more) {
    const auto* piece = std::get_if<ContentPiece>(&event);
    auto* last = events.empty() ? nullptr : std::get_if<ContentPiece>(&events.back());
    if (piece != nullptr && last != nullptr) {
      last->text += piece->text;
    } else {
      events.push_back(std::move(event));
    }
  }
}

Events parse(const ToolCallFormat& format, std::string_view text, std::size_t step) {
  ToolCallParser parser(format, {.block_bytes_max = 200, .calls_max = 3});
  Events events;
  for (std::size_t i = 0; i < text.size(); i += step)
    append(events, parser.push(text.substr(i, step)));
  append(events, parser.finish());
  return events;
}

bool is_object(std::string_view text) {
  JsonScanner scanner;
  auto state = JsonScanner::State::more;
  for (const char c : text) state = scanner.push(c);
  return state == JsonScanner::State::done && text.starts_with('{');
}

void try_one(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return;
  constexpr const char* kNames[] = {"hermes", "mistral", "llama3"};
  const ToolCallFormat& format = *find_tool_call_format_named(kNames[data[0] % std::size(kNames)]);
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Events whole = parse(format, text, text.size() + 1);
  check(parse(format, text, 1) == whole);
  check(parse(format, text, data[1] % 16 + 2u) == whole);

  std::size_t calls = 0;
  std::string content;
  for (const AnswerEvent& event : whole) {
    if (const auto* piece = std::get_if<ContentPiece>(&event)) content += piece->text;
    if (std::holds_alternative<ToolCallBegin>(event)) ++calls;
    if (const auto* arguments = std::get_if<ToolCallArguments>(&event)) {
      check(is_object(arguments->piece));
    }
  }
  check(calls <= 3);
  check(calls > 0 ? content.size() < text.size() : content == text);
}

}  // namespace
}  // namespace retort::text

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  retort::text::try_one(data, size);
  return 0;
}
