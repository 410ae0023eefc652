#include "text/tool_call_parser.h"

#include <algorithm>
#include <utility>

namespace retort::text {
namespace {

using Body = ToolCallFormat::Body;

// What stands in a call's head: a name of 64 bytes at most, perhaps an id, the mark.
constexpr std::size_t kHeadBytesMax = 256;

bool begins_python(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_json_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_json_space(text.back())) text.remove_suffix(1);
  return text;
}

// The function's name in a head without its mark. Kimi's is "functions.NAME:INDEX".
std::string called_name(std::string_view head, const ToolCallFormat& form) {
  if (!form.id_begin.empty()) head = head.substr(0, head.find(form.id_begin));
  head = trim(head);
  constexpr std::string_view kPrefix = "functions.";
  if (head.starts_with(kPrefix)) {
    head.remove_prefix(kPrefix.size());
    head = head.substr(0, head.rfind(':'));
  }
  return std::string(head);
}

bool begins(std::string_view mark, std::string_view text) {
  return !mark.empty() && mark.starts_with(text);
}

}  // namespace

ToolCallParser::ToolCallParser(const ToolCallFormat& format, std::vector<std::string> names,
                               const ToolCallLimits& limits)
    : formats_{&format, find_tool_call_format_named(format.also)},
      form_(&format),
      names_(std::move(names)),
      limits_(limits) {
  if (format.whole && format.body == Body::named) state_ = State::head;
}

std::vector<AnswerEvent> ToolCallParser::push(std::string_view text) {
  for (const char c : text) take(c);
  end_piece();
  return std::exchange(events_, {});
}

std::vector<AnswerEvent> ToolCallParser::finish() {
  if (in_call_) {
    // The part of a closing mark that has come goes with its block.
    end_call();
  } else if (state_ == State::content) {
    put(std::exchange(mark_, {}));
  } else if (state_ == State::closing && block_calls_ > 0) {
    if (!begins(form_->end, mark_) && !begins(form_->call_end, mark_)) put(mark_);
  } else if (state_ != State::object || !object_->begun()) {
    give_up();
  }
  mark_.clear();
  held_.clear();
  state_ = State::content;
  if (calls_ == 0) piece_ += space_;
  space_.clear();
  end_piece();
  return std::exchange(events_, {});
}

void ToolCallParser::take(char c) {
  if (!held_.empty() && held_.size() >= limits_.block_bytes_max) give_up();
  switch (state_) {
    case State::content:
      return take_content(c);
    case State::open:
      return take_open(c);
    case State::object:
      return take_object(c);
    case State::python:
      return take_python(c);
    case State::head:
      return take_head(c);
    case State::before_arguments:
      return take_before_arguments(c);
    case State::arguments:
      return take_arguments(c);
    case State::spill:
      return take_spill(c);
    case State::closing:
      return take_closing(c);
  }
}

// Adds `c` to the mark that may be coming; `give` gets what cannot belong to one.
template <typename IsPrefix, typename Give>
void ToolCallParser::extend_mark(char c, const IsPrefix& is_prefix, const Give& give) {
  mark_ += c;
  while (!mark_.empty() && !is_prefix(mark_)) {
    give(std::string_view(mark_).substr(0, 1));
    mark_.erase(0, 1);
  }
}

void ToolCallParser::take_content(char c) {
  const ToolCallFormat& format = *formats_[0];
  const bool at_start = format.whole && !has_content_ && calls_ == 0 && mark_.empty();
  const bool may_open = format.body != Body::named && limits_.calls_max > 0;
  if (at_start && may_open && (c == '{' || c == '[')) {
    open_block(format);
    return take(c);
  }
  const auto is_prefix = [this](std::string_view mark) {
    return std::ranges::any_of(formats_, [mark](const auto* form) {
      return form != nullptr && begins(form->begin, mark);
    });
  };
  extend_mark(c, is_prefix, [this](std::string_view text) { put(text); });
  for (const ToolCallFormat* form : formats_) {
    if (form == nullptr || mark_.empty() || mark_ != form->begin) continue;
    if (calls_ >= limits_.calls_max) return put(std::exchange(mark_, {}));
    return open_block(*form);
  }
}

// Behind the mark, which is in mark_; without one, at the beginning of the answer.
void ToolCallParser::open_block(const ToolCallFormat& form) {
  form_ = &form;
  marked_ = !mark_.empty();
  held_ = std::exchange(mark_, {});
  in_list_ = false;
  block_calls_ = 0;
  head_.clear();
  state_ = form.body != Body::named  ? State::open
           : form.call_begin.empty() ? State::head
                                     : State::closing;
}

void ToolCallParser::take_open(char c) {
  const bool is_call = c == '{' || (form_->body == Body::any && begins_python(c));
  if (is_json_space(c)) {
    held_ += c;
  } else if (c == '[' && !in_list_ && block_calls_ == 0) {
    held_ += c;
    in_list_ = true;
  } else if (!is_call || calls_ >= limits_.calls_max) {
    give_up();
    take(c);
  } else if (c == '{') {
    object_.emplace(/*needs_arguments=*/!marked_);
    state_ = State::object;
    take(c);
  } else {
    python_.emplace();
    state_ = State::python;
    take(c);
  }
}

void ToolCallParser::take_object(char c) {
  const bool had_begun = object_->begun();
  const CallState state = object_->push(c);
  if (state == CallState::broken) {
    if (!had_begun) {
      give_up();
    } else {
      state_ = in_call_ ? State::spill : State::closing;
    }
    return take(c);
  }
  if (!had_begun) held_ += c;
  if (!had_begun && object_->name() && !may_call(*object_->name())) return give_up();
  if (object_->begun()) {
    if (!had_begun) begin_call(*object_->name());
    add_arguments(object_->take_arguments());
    if (in_call_ && object_->arguments_over()) end_call();
  }
  if (state == CallState::done) state_ = State::closing;
}

void ToolCallParser::take_python(char c) {
  const CallState state = python_->push(c);
  if (state == CallState::broken || (python_->has_name() && !may_call(python_->name()))) {
    give_up();
    return take(c);
  }
  held_ += c;
  if (state == CallState::more) return;
  begin_call(python_->name());
  add_arguments(python_->arguments());
  end_call();
  state_ = State::closing;
}

void ToolCallParser::take_head(char c) {
  held_ += c;
  head_ += c;
  if (!head_.ends_with(form_->name_end)) {
    if (head_.size() >= kHeadBytesMax) give_up();
    return;
  }
  head_.resize(head_.size() - form_->name_end.size());
  head_ = called_name(head_, *form_);
  if (!form_->content_name.empty() && head_ == form_->content_name) {
    held_.clear();
    state_ = State::content;
  } else if (may_call(head_) && calls_ < limits_.calls_max) {
    state_ = State::before_arguments;
  } else {
    give_up();
  }
}

void ToolCallParser::take_before_arguments(char c) {
  if (is_json_space(c)) {
    held_ += c;
  } else if (c == '{') {
    begin_call(std::exchange(head_, {}));
    scanner_ = JsonScanner();
    state_ = State::arguments;
    take(c);
  } else {
    give_up();
    take(c);
  }
}

void ToolCallParser::take_arguments(char c) {
  const JsonScanner::State scanned = scanner_.push(c);
  if (scanned == JsonScanner::State::broken) {
    state_ = State::spill;
    return take(c);
  }
  add_arguments({&c, 1});
  if (scanned == JsonScanner::State::more) return;
  end_call();
  state_ = State::closing;
}

void ToolCallParser::take_spill(char c) {
  const std::string_view end = form_->call_end.empty() ? form_->end : form_->call_end;
  extend_mark(
      c, [end](std::string_view mark) { return begins(end, mark); },
      [this](std::string_view text) { add_arguments(text); });
  if (end.empty() || mark_ != end) return;
  mark_.clear();
  end_call();
  state_ = form_->call_end.empty() ? State::content : State::closing;
}

void ToolCallParser::take_closing(char c) {
  if (mark_.empty() && (is_json_space(c) || take_separator(c))) {
    held_ += c;
    return;
  }
  if (mark_.empty() && c == '{' && form_->body != Body::named && !in_list_) {
    state_ = State::open;
    return take(c);
  }
  held_ += c;
  mark_ += c;
  const bool behind_call = block_calls_ > 0;
  if (mark_ == form_->call_begin) {
    mark_.clear();
    head_.clear();
    state_ = State::head;
  } else if (behind_call && mark_ == form_->call_end) {
    mark_.clear();
    held_.clear();
  } else if (behind_call && mark_ == form_->end) {
    mark_.clear();
    held_.clear();
    state_ = State::content;
  } else if (behind_call && mark_ == form_->begin && calls_ < limits_.calls_max) {
    open_block(*form_);  // the closing mark was left out
  } else if (!begins(form_->call_begin, mark_) &&
             !(behind_call && (begins(form_->call_end, mark_) || begins(form_->end, mark_) ||
                               begins(form_->begin, mark_)))) {
    // What looked like a mark of this block may begin another's.
    const std::string again = std::exchange(mark_, {});
    held_.resize(held_.size() - again.size());
    give_up();
    for (const char each : again) take(each);
  }
}

// Behind a call: whether `c` stands between it and the next, or ends the list.
bool ToolCallParser::take_separator(char c) {
  if (form_->body == Body::named) return false;
  if (in_list_ && c == ']') {
    in_list_ = false;
    return true;
  }
  if (c != (in_list_ ? ',' : ';')) return false;
  state_ = State::open;
  return true;
}

bool ToolCallParser::may_call(std::string_view name) const {
  if (names_.empty()) return !name.empty();
  return std::ranges::find(names_, name) != names_.end();
}

void ToolCallParser::begin_call(std::string name) {
  space_.clear();
  held_.clear();
  end_piece();
  in_call_ = true;
  events_.emplace_back(ToolCallBegin{calls_, std::move(name)});
}

void ToolCallParser::add_arguments(std::string_view piece) {
  arguments_ += piece;
}

void ToolCallParser::end_call() {
  end_piece();
  events_.emplace_back(ToolCallEnd{calls_});
  in_call_ = false;
  ++calls_;
  ++block_calls_;
}

void ToolCallParser::give_up() {
  mark_.clear();
  state_ = State::content;
  put(std::exchange(held_, {}));
}

void ToolCallParser::put(std::string_view content) {
  for (const char c : content) {
    if (is_json_space(c)) {
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
  if (!arguments_.empty()) {
    events_.emplace_back(ToolCallArguments{calls_, std::exchange(arguments_, {})});
  }
}

}  // namespace retort::text
