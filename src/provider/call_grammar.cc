#include "provider/call_grammar.h"

#include <string_view>
#include <utility>

#include "grammar/pattern.h"

namespace retort::provider {
namespace {

using grammar::GrammarBuilder;
using grammar::kUnbounded;
using grammar::RuleId;
using text::ToolCallFormat;

// Writes the rules of one form.
class CallWriter {
 public:
  CallWriter(GrammarBuilder& builder, const ToolCallFormat& format,
             const std::vector<CallableFunction>& functions, CallCount count)
      : builder_(builder), format_(format), functions_(functions), count_(count) {}

  RuleId answer() { return sequence({mark(format_.begin), block()}); }

  // What stands between the marks, and the closing one.
  RuleId block() {
    if (named() && format_.call_begin.empty()) return named_blocks();
    if (!named() && !format_.list && !format_.end.empty()) return object_blocks();
    RuleId calls = separated(call());
    if (format_.list) calls = sequence({mark("["), calls, mark("]")});
    return sequence({calls, mark(format_.end)});
  }

  // The rest of a call whose object has been begun with the function's name.
  RuleId behind_name(const CallableFunction& function) {
    RuleId rest = arguments_member(function);
    if (count_.several && !format_.list) {
      const RuleId more = sequence({mark(separator()), call()});
      rest = sequence({rest, builder_.repeat(more, 0, kUnbounded)});
    }
    return sequence({rest, mark(format_.end)});
  }

 private:
  bool named() const { return format_.body == ToolCallFormat::Body::named; }
  std::string_view separator() const { return format_.list ? "," : ";"; }

  RuleId mark(std::string_view text) {
    return builder_.terminal(builder_.expressions().literal(text), /*spaced=*/!text.empty());
  }
  RuleId sequence(std::vector<RuleId> parts) { return builder_.sequence(std::move(parts)); }

  RuleId call() {
    std::vector<RuleId> calls;
    for (const CallableFunction& function : functions_) {
      calls.push_back(named() ? named_call(function) : object_call(function));
    }
    return builder_.choice(std::move(calls));
  }

  // {"name": NAME, "arguments": {...}}
  RuleId object_call(const CallableFunction& function) {
    return sequence({mark("{"), mark("\"name\""), mark(":"),
                     mark("\"" + grammar::json_spelling(function.name) + "\""),
                     arguments_member(function)});
  }
  RuleId arguments_member(const CallableFunction& function) {
    const std::string key = "\"" + std::string(format_.arguments_key) + "\"";
    return sequence({mark(","), mark(key), mark(":"), function.arguments, mark("}")});
  }

  RuleId named_call(const CallableFunction& function) {
    // A mark that is white space has no other before it.
    const bool is_space = format_.name_end == "\n";
    return sequence({mark(format_.call_begin), plain(function.name),
                     is_space ? plain(format_.name_end) : mark(format_.name_end),
                     function.arguments, mark(format_.call_end)});
  }
  RuleId plain(std::string_view text) {
    return builder_.terminal(builder_.expressions().literal(text), /*spaced=*/false);
  }

  RuleId separated(RuleId call) {
    if (!count_.several) return call;
    // Marked calls follow one another; objects have something between them.
    const RuleId more = named() ? call : sequence({mark(separator()), call});
    return sequence({call, builder_.repeat(more, 0, kUnbounded)});
  }

  // begin NAME name_end ARGUMENTS end, each call with marks of its own.
  RuleId named_blocks() {
    const RuleId one = sequence({call(), mark(format_.end)});
    return with_more_blocks(one);
  }
  RuleId object_blocks() { return with_more_blocks(sequence({call(), mark(format_.end)})); }

  RuleId with_more_blocks(RuleId block) {
    if (!count_.several) return block;
    const RuleId more = sequence({mark(format_.begin), block});
    return sequence({block, builder_.repeat(more, 0, kUnbounded)});
  }

  GrammarBuilder& builder_;
  const ToolCallFormat& format_;
  const std::vector<CallableFunction>& functions_;
  const CallCount count_;
};

}  // namespace

RuleId add_calls(GrammarBuilder& builder, const ToolCallFormat& format,
                 const std::vector<CallableFunction>& functions, CallCount count) {
  CallWriter writer(builder, format, functions, count);
  // Where the mark is the prompt's, or may be left out, calls begin without it.
  return format.whole || format.begin.empty() ? writer.block() : writer.answer();
}

std::vector<CallBeginning> add_call_beginnings(GrammarBuilder& builder,
                                               const ToolCallFormat& format,
                                               const std::vector<CallableFunction>& functions,
                                               CallCount count) {
  std::vector<CallBeginning> beginnings;
  CallWriter writer(builder, format, functions, count);
  if (!format.begin.empty()) {
    // Behind one call the text is free again, so that its rest is one call's, or one list's.
    CallWriter one(builder, format, functions, {.several = count.several && format.list});
    const bool apart = !format.end.empty() && !format.list && format.call_begin.empty();
    beginnings.push_back({std::string(format.begin), false, apart ? one.block() : writer.block()});
  }
  if (!format.whole) return beginnings;
  for (const CallableFunction& function : functions) {
    if (format.body == ToolCallFormat::Body::named) {
      beginnings.push_back(
          {function.name + std::string(format.name_end), true, function.arguments});
      continue;
    }
    // In both ways that models space an object.
    const std::string name = "\"" + grammar::json_spelling(function.name) + "\"";
    for (const char* key : {"{\"name\": ", "{\"name\":"}) {
      beginnings.push_back({key + name, true, writer.behind_name(function)});
    }
  }
  return beginnings;
}

}  // namespace retort::provider
