#include "text/tool_call_parser.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <optional>
#include <utility>

namespace retort::text {
namespace {

using Body = ToolCallFormat::Body;

// The first byte of a mark does not come again in it: that is what take_content relies on.
constexpr std::array kFormats = {
    ToolCallFormat{"hermes", "<tool_call>", "</tool_call>", Body::object},
    ToolCallFormat{"mistral", "[TOOL_CALLS]", "", Body::array},
    ToolCallFormat{"llama3", "<|python_tag|>", "", Body::objects},
};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// The text that a JSON string stands for; nothing where it is no string.
std::optional<std::string> read_string(std::string_view json) {
  if (!json.starts_with('"')) return std::nullopt;
  boost::json::error_code error;
  const auto value = boost::json::parse(boost::json::string_view(json.data(), json.size()), error);
  if (error || !value.is_string()) return std::nullopt;
  return std::string(value.get_string());
}

bool is_object(std::string_view json) {
  if (!json.starts_with('{')) return false;
  JsonScanner scanner;
  auto state = JsonScanner::State::more;
  for (const char c : json) {
    if (state == JsonScanner::State::done) return false;
    state = scanner.push(c);
  }
  return state == JsonScanner::State::done;
}

}  // namespace

const ToolCallFormat* find_tool_call_format_named(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kFormats, name, &ToolCallFormat::name);
  return found == kFormats.end() ? nullptr : &*found;
}

const ToolCallFormat* find_tool_call_format(std::string_view chat_template) noexcept {
  const auto has = [chat_template](std::string_view text) {
    return chat_template.find(text) != std::string_view::npos;
  };
  // Other forms (Qwen3-Coder's, GLM's) put what is not JSON between the same marks.
  if (has("<tool_call>") && !has("<function=") && !has("<arg_key>")) {
    return find_tool_call_format_named("hermes");
  }
  if (has("[TOOL_CALLS]") && !has("[ARGS]")) return find_tool_call_format_named("mistral");
  if (has("<|start_header_id|>") && has("\"parameters\": ")) {
    return find_tool_call_format_named("llama3");
  }
  return nullptr;
}

ToolCallParser::ToolCallParser(const ToolCallFormat& format, const ToolCallLimits& limits)
    : format_(format),
      limits_(limits),
      state_(format.body == Body::objects ? State::start : State::content) {}

std::vector<AnswerEvent> ToolCallParser::push(std::string_view text) {
  for (const char c : text) take(c);
  end_piece();
  return std::exchange(events_, {});
}

std::vector<AnswerEvent> ToolCallParser::finish() {
  if (state_ == State::closing) {
    give_calls();
    // The part of a closing mark that came before the end goes with its block.
    if (!format_.end.starts_with(mark_)) put(mark_);
    mark_.clear();
  } else if (state_ == State::content) {
    put(std::exchange(mark_, {}));
  } else {
    give_up();
  }
  if (calls_ == 0) piece_ += space_;
  space_.clear();
  state_ = State::plain;
  end_piece();
  return std::exchange(events_, {});
}

void ToolCallParser::take(char c) {
  const bool in_block = state_ == State::opening || state_ == State::json ||
                        state_ == State::closing || state_ == State::start;
  if (in_block && block_.size() >= limits_.block_bytes_max) give_up();
  switch (state_) {
    case State::start:
      return take_at_start(c);
    case State::content:
      return take_content(c);
    case State::opening:
      if (is_space(c)) {
        block_.push_back(c);
        return;
      }
      begin_json();
      [[fallthrough]];
    case State::json:
      return take_json(c);
    case State::closing:
      return take_closing(c);
    case State::plain:
      return put({&c, 1});
  }
}

void ToolCallParser::take_at_start(char c) {
  if (mark_.empty() && is_space(c)) {
    block_.push_back(c);
  } else if (mark_.empty() && c == '{') {
    begin_json();
    take_json(c);
  } else if (format_.begin.starts_with(mark_ + c)) {
    block_.push_back(c);
    mark_.push_back(c);
    if (mark_ != format_.begin) return;
    mark_.clear();
    state_ = State::opening;
  } else {
    give_up();
    put({&c, 1});
  }
}

void ToolCallParser::take_content(char c) {
  if (c != format_.begin[mark_.size()]) {
    put(std::exchange(mark_, {}));
    if (c != format_.begin[0]) return put({&c, 1});
  }
  mark_.push_back(c);
  if (mark_ != format_.begin) return;
  if (calls_ >= limits_.calls_max) return put(std::exchange(mark_, {}));
  block_ = std::exchange(mark_, {});
  state_ = State::opening;
}

void ToolCallParser::begin_json() {
  json_begin_ = block_.size();
  scanner_ = JsonScanner();
  state_ = State::json;
}

void ToolCallParser::take_json(char c) {
  const JsonScanner::State scanned = scanner_.push(c);
  if (scanned == JsonScanner::State::broken) {
    give_up();
    return take(c);
  }
  block_.push_back(c);
  if (scanned == JsonScanner::State::more) return;
  if (!read_calls()) return give_up();
  state_ = State::closing;
  if (format_.body == Body::array) give_calls();
}

void ToolCallParser::take_closing(char c) {
  block_.push_back(c);
  if (mark_.empty() && is_space(c)) return;
  if (format_.body == Body::objects) {
    if (c == ';') {
      state_ = State::opening;
    } else {
      give_up();
    }
    return;
  }
  mark_.push_back(c);
  if (mark_ == format_.end) {
    mark_.clear();
    give_calls();
  } else if (mark_ == format_.begin) {
    // The closing mark was left out.
    give_calls();
    block_ = std::exchange(mark_, {});
    state_ = State::opening;
  } else if (!format_.end.starts_with(mark_) && !format_.begin.starts_with(mark_)) {
    block_.pop_back();
    give_up();
    take(c);
  }
}

// The calls of the JSON that has just ended; false where it is none.
bool ToolCallParser::read_calls() {
  const std::string_view json = std::string_view(block_).substr(json_begin_);
  if (format_.body != Body::array) return json.starts_with('{') && read_call(json);
  if (!json.starts_with('[')) return false;
  const std::vector<std::string_view> objects = json_elements(json);
  return !objects.empty() && std::ranges::all_of(objects, [this](std::string_view object) {
    return object.starts_with('{') && read_call(object);
  });
}

bool ToolCallParser::read_call(std::string_view object) {
  if (calls_ + pending_.size() >= limits_.calls_max) return false;
  std::optional<std::string> name;
  std::optional<std::string> arguments;
  for (const auto& [key, value] : json_members(object)) {
    const std::string spelled = read_string(key).value_or("");
    if (spelled == "name") {
      if (name) return false;
      name = read_string(value);
      if (!name) return false;
    } else if (spelled == "arguments" || spelled == "parameters") {
      if (arguments) return false;
      // Some models write the object as a string, as it stands on the wire.
      arguments = read_string(value).value_or(std::string(value));
      if (*arguments == "null") arguments = "{}";
      if (!is_object(*arguments)) return false;
    }
  }
  if (!name || name->empty()) return false;
  // Between marks a call without arguments is a call; a bare object is one only by its arguments.
  if (!arguments && format_.body == Body::objects) return false;
  pending_.push_back({std::move(*name), arguments.value_or("{}")});
  return true;
}

void ToolCallParser::give_calls() {
  space_.clear();
  end_piece();
  for (Call& call : pending_) {
    events_.emplace_back(ToolCallBegin{calls_, std::move(call.name)});
    events_.emplace_back(ToolCallArguments{calls_, std::move(call.arguments)});
    events_.emplace_back(ToolCallEnd{calls_});
    ++calls_;
  }
  pending_.clear();
  block_.clear();
  state_ = State::content;
}

void ToolCallParser::give_up() {
  pending_.clear();
  mark_.clear();
  state_ = format_.body == Body::objects ? State::plain : State::content;
  put(std::exchange(block_, {}));
}

void ToolCallParser::put(std::string_view content) {
  for (const char c : content) {
    if (is_space(c)) {
      space_.push_back(c);
      continue;
    }
    if (has_content_ || calls_ == 0) piece_ += space_;
    space_.clear();
    piece_.push_back(c);
    has_content_ = true;
  }
}

void ToolCallParser::end_piece() {
  if (!piece_.empty()) events_.emplace_back(ContentPiece{std::exchange(piece_, {})});
}

}  // namespace retort::text
