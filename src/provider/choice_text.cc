#include "provider/choice_text.h"

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <string_view>
#include <utility>

#include "base/crypto.h"
#include "base/utf8.h"

namespace retort::provider {
namespace {

std::vector<std::uint8_t> bytes_of(std::string_view piece) {
  return {piece.begin(), piece.end()};
}

// The text that a custom tool is given: the argument of the function that stands for it, or, where
// the model wrote something else, that.
std::string input_of(const std::string& arguments) {
  boost::json::error_code error;
  const boost::json::value value = boost::json::parse(arguments, error);
  if (error || !value.is_object() || value.get_object().size() != 1) return arguments;
  const boost::json::value* input = value.get_object().if_contains("input");
  if (input == nullptr || !input->is_string()) return arguments;
  return std::string(input->get_string());
}

// The same of arguments that were cut: as much of the text as came whole.
std::string cut_input_of(const std::string& arguments) {
  constexpr std::string_view kBegin = R"({"input":")";
  constexpr std::size_t kEscapeBytesMax = 12;  // of a pair of surrogates
  std::string marks;
  std::ranges::copy_if(arguments, std::back_inserter(marks), [](char c) {
    return std::string_view(" \t\r\n").find(c) == std::string_view::npos;
  });
  if (kBegin.starts_with(marks)) return "";
  for (std::size_t less = 0; less < std::min(kEscapeBytesMax, arguments.size()); ++less) {
    const std::string closed = arguments.substr(0, arguments.size() - less) + "\"}";
    if (const std::string input = input_of(closed); input != closed) return input;
  }
  return input_of(arguments);
}

}  // namespace

ChoiceText::ChoiceText(const text::Tokenizer& tokenizer, ChoiceTextOptions options)
    : tokenizer_(tokenizer),
      options_(std::move(options)),
      detokenizer_(tokenizer),
      stop_(options_.stop) {
  if (options_.reasoning != nullptr) {
    reasoning_.emplace(*options_.reasoning, options_.reasoning_begun);
  }
  if (options_.tool_calls != nullptr) calls_.emplace(*options_.tool_calls, options_.tool_names);
}

ChunkChoice ChoiceText::piece() const {
  ChunkChoice piece;
  piece.index = options_.index;
  return piece;
}

ChunkChoice ChoiceText::begin() const {
  ChunkChoice first = piece();
  first.delta.role = "assistant";
  // With tools the answer may have no text at all, and then its content is null.
  if (options_.tool_calls == nullptr) first.delta.content = "";
  return first;
}

std::vector<ChunkChoice> ChoiceText::push(const engine::SampledToken& token) {
  std::vector<ChunkChoice> pieces;
  if (over_) return pieces;
  ++output_tokens_;
  if (options_.logprobs) logprobs_.push_back({text_bytes_, logprob_entry(token)});
  const std::string text = text_of(token.token);
  text_bytes_ += text.size();
  if (reasoning_ && reasoning_->reasoning()) ++reasoning_tokens_;
  text::StopMatcher::Found out = stop_.push(text);
  take_text(out.text, pieces);
  attach_logprobs(pieces, /*all=*/false);
  if (out.stopped && !over_) {
    cut_ = true;
    finish_reasoning(pieces);
    finish_calls(pieces);
    // A call that a stop string cut is not there for anyone to make.
    end(call_count_ > 0 && !call_cut_ ? FinishReason::tool_calls : FinishReason::stop, pieces);
    logprobs_.clear();  // what is left stands for text that was cut
  }
  return pieces;
}

std::vector<ChunkChoice> ChoiceText::finish(engine::EndReason reason) {
  std::vector<ChunkChoice> pieces;
  if (over_) return pieces;
  const std::string rest = detokenizer_.finish();
  text_bytes_ += rest.size();
  text::StopMatcher::Found out = stop_.push(rest);
  take_text(out.text, pieces);
  const bool stopped = out.stopped;
  cut_ = stopped || reason == engine::EndReason::length;
  if (!stopped) take_text(stop_.finish(), pieces);
  if (over_) return pieces;
  finish_reasoning(pieces);
  finish_calls(pieces);
  FinishReason finish_reason = FinishReason::stop;
  if (reason == engine::EndReason::length && !stopped) {
    finish_reason = FinishReason::length;
  } else if (call_count_ > 0) {
    finish_reason = FinishReason::tool_calls;
  }
  attach_logprobs(pieces, /*all=*/!stopped);
  end(finish_reason, pieces);
  return pieces;
}

// A token's text. The marks around thinking and tool calls may be control tokens, which otherwise
// have none.
std::string ChoiceText::text_of(text::TokenId token) {
  if (!tokenizer_.is_control(token)) return detokenizer_.push(token);
  const std::string_view name = tokenizer_.token_text(token);
  const bool is_mark = (calls_ && options_.tool_calls->has_mark(name)) ||
                       (reasoning_ && options_.reasoning->has_mark(name));
  return is_mark ? detokenizer_.push_visibly(token) : detokenizer_.push(token);
}

void ChoiceText::take_text(std::string_view text, std::vector<ChunkChoice>& pieces) {
  sent_bytes_ += text.size();
  if (text.empty() || over_) return;
  if (reasoning_) {
    take_reasoned(reasoning_->push(text), pieces);
  } else {
    take_answer(text, pieces);
  }
}

void ChoiceText::take_reasoned(text::ReasoningParser::Pieces read,
                               std::vector<ChunkChoice>& pieces) {
  if (!read.reasoning.empty()) {
    ChunkChoice next = piece();
    next.delta.reasoning_content = std::move(read.reasoning);
    pieces.push_back(std::move(next));
  }
  if (!read.content.empty()) take_answer(read.content, pieces);
}

void ChoiceText::take_answer(std::string_view text, std::vector<ChunkChoice>& pieces) {
  if (calls_) {
    take_events(calls_->push(text), pieces);
  } else {
    add_content(std::string(text), pieces);
  }
}

void ChoiceText::finish_reasoning(std::vector<ChunkChoice>& pieces) {
  if (reasoning_ && !over_) take_reasoned(reasoning_->finish(), pieces);
}

void ChoiceText::take_events(std::vector<text::AnswerEvent> events,
                             std::vector<ChunkChoice>& pieces) {
  for (text::AnswerEvent& event : events) {
    if (over_) return;
    if (auto* content = std::get_if<text::ContentPiece>(&event)) {
      add_content(std::move(content->text), pieces);
    } else if (auto* begin = std::get_if<text::ToolCallBegin>(&event)) {
      begin_call(std::move(begin->name), pieces);
    } else if (auto* arguments = std::get_if<text::ToolCallArguments>(&event)) {
      add_arguments(std::move(arguments->piece), pieces);
    } else {
      end_call(pieces);
    }
  }
}

// What the parser still holds, at the answer's end.
void ChoiceText::finish_calls(std::vector<ChunkChoice>& pieces) {
  if (!calls_) return;
  call_cut_ = calls_->in_call();
  take_events(calls_->finish(), pieces);
}

void ChoiceText::add_content(std::string content, std::vector<ChunkChoice>& pieces) {
  if (content.empty()) return;
  has_content_ = true;
  if (options_.validator) content_ += content;
  ChunkChoice next = piece();
  next.delta.content = std::move(content);
  pieces.push_back(std::move(next));
}

// The first fragment of a call has all but the arguments, each later one a piece of them.
void ChoiceText::begin_call(std::string name, std::vector<ChunkChoice>& pieces) {
  if (find_custom(name) != nullptr) {
    custom_ = {.name = std::move(name), .arguments = "", .extra = {}};
    return;
  }
  ChunkChoice next = piece();
  if (options_.as_function_call) {
    next.delta.function_call = {.name = std::move(name), .arguments = "", .extra = {}};
  } else {
    next.delta.tool_calls.push_back({.index = call_count_,
                                     .id = "call_" + base::random_alphanumeric(24),
                                     .type = "function",
                                     .name = std::move(name),
                                     .arguments = ""});
  }
  ++call_count_;
  pieces.push_back(std::move(next));
}

void ChoiceText::add_arguments(std::string arguments, std::vector<ChunkChoice>& pieces) {
  if (custom_) {
    custom_->arguments += arguments;
    return;
  }
  ChunkChoice next = piece();
  if (options_.as_function_call) {
    next.delta.function_call = {.name = "", .arguments = std::move(arguments), .extra = {}};
  } else {
    next.delta.tool_calls.push_back({.index = call_count_ - 1,
                                     .id = std::nullopt,
                                     .type = std::nullopt,
                                     .name = std::nullopt,
                                     .arguments = std::move(arguments)});
  }
  pieces.push_back(std::move(next));
}

const CustomTool* ChoiceText::find_custom(std::string_view name) const {
  const auto found = std::ranges::find(options_.custom_tools, name, &CustomTool::name);
  return found == options_.custom_tools.end() ? nullptr : &*found;
}

// Whether the call that is over, by its end or because something cut it, can be given. The grammar
// sees to it where it bound the call; a form of call that only the parser knows may hold anything.
bool ChoiceText::custom_fits() const {
  const CustomTool& tool = *find_custom(custom_->name);
  return call_cut_ || tool.validator == nullptr || tool.validator->check(custom_->arguments);
}

// A custom tool's call is one fragment: its input is known when the argument around it is.
void ChoiceText::give_custom_call(std::vector<ChunkChoice>& pieces) {
  ChunkChoice next = piece();
  next.delta.tool_calls.push_back(
      {.index = call_count_++,
       .id = "call_" + base::random_alphanumeric(24),
       .type = "custom",
       .name = std::move(custom_->name),
       .arguments = call_cut_ ? cut_input_of(custom_->arguments) : input_of(custom_->arguments)});
  custom_.reset();
  pieces.push_back(std::move(next));
}

void ChoiceText::end_call(std::vector<ChunkChoice>& pieces) {
  if (custom_ && !custom_fits()) {
    add_content(std::exchange(custom_, std::nullopt)->arguments, pieces);
    return;
  }
  if (custom_) give_custom_call(pieces);
  if (!options_.as_function_call && !options_.one_call_only) return;
  if (call_cut_) return;  // it ends by what cut it
  attach_logprobs(pieces, /*all=*/true);
  end(FinishReason::tool_calls, pieces);
}

Result<void> ChoiceText::check() const {
  if (!options_.validator || cut_ || call_count_ > 0) return {};
  const Result<void> checked = options_.validator->check(content_);
  if (checked) return {};
  return Error(ErrorKind::internal,
               "the answer does not fit its schema: " + checked.error().message());
}

void ChoiceText::end(FinishReason reason, std::vector<ChunkChoice>& pieces) {
  ChunkChoice last = piece();
  if (!has_content_ && call_count_ == 0) last.delta.content = "";
  if (options_.as_function_call && reason == FinishReason::tool_calls) {
    reason = FinishReason::function_call;
  }
  last.finish_reason = std::move(reason);
  pieces.push_back(std::move(last));
  if (options_.logprobs && !logprobs_.empty()) attach_logprobs(pieces, /*all=*/false);
  over_ = true;
}

TokenLogprob ChoiceText::logprob_entry(const engine::SampledToken& token) const {
  const std::string_view piece = tokenizer_.piece(token.token);
  TokenLogprob entry{.token = base::replace_invalid_utf8(piece),
                     .logprob = token.logprob,
                     .bytes = bytes_of(piece),
                     .top_logprobs = {}};
  for (const engine::TokenLogprob& other : token.top) {
    const std::string_view text = tokenizer_.piece(other.token);
    entry.top_logprobs.push_back({.token = base::replace_invalid_utf8(text),
                                  .logprob = other.logprob,
                                  .bytes = bytes_of(text)});
  }
  return entry;
}

// Gives the last piece the entries of the tokens whose text has been sent; of all of them at the
// end.
void ChoiceText::attach_logprobs(std::vector<ChunkChoice>& pieces, bool all) {
  if (!options_.logprobs || pieces.empty()) return;
  std::vector<TokenLogprob> entries;
  while (!logprobs_.empty() && (all || logprobs_.front().begin < sent_bytes_)) {
    entries.push_back(std::move(logprobs_.front().entry));
    logprobs_.pop_front();
  }
  if (entries.empty()) return;
  std::optional<Logprobs>& logprobs = pieces.back().logprobs;
  if (!logprobs) logprobs.emplace();
  if (!logprobs->content) logprobs->content.emplace();
  for (TokenLogprob& entry : entries) logprobs->content->push_back(std::move(entry));
}

}  // namespace retort::provider
