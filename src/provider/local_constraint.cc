#include "provider/local_constraint.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/json_view.h"
#include "grammar/gbnf.h"
#include "grammar/pattern.h"
#include "grammar/pattern_parser.h"
#include "grammar/schema_grammar.h"
#include "protocol/chat_request.h"
#include "provider/call_grammar.h"
#include "provider/constraint_cache.h"

namespace retort::provider {
namespace {

using grammar::GrammarBuilder;
using grammar::RuleId;
using Mode = ToolChoice::Mode;

constexpr std::string_view kAnyObject = R"({"type":"object"})";
constexpr std::string_view kNoArguments = R"({"type":"object","additionalProperties":false})";

Error refused(std::string field, std::string message, std::string code) {
  return Error(ErrorKind::invalid_request, std::move(message))
      .with_param(std::move(field))
      .with_code(std::move(code));
}

bool must_call(const ToolChoice& choice) {
  return choice.mode == Mode::required || choice.mode == Mode::named ||
         (choice.mode == Mode::allowed && choice.allowed_required);
}

// The schema of the JSON that response_format asks for; none where it asks for text.
std::optional<std::string> format_schema(const ChatRequest& request) {
  if (!request.response_format) return std::nullopt;
  switch (request.response_format->type) {
    case ResponseFormat::Type::text:
      return std::nullopt;
    case ResponseFormat::Type::json_object:
      return std::string(kAnyObject);
    case ResponseFormat::Type::json_schema:
      break;
  }
  const std::optional<Json>& schema = request.response_format->schema;
  return schema ? schema->text() : "{}";
}

// The schema of a function's arguments, which are always an object.
std::string arguments_schema(const FunctionDefinition& tool) {
  if (!tool.parameters || tool.parameters->is_null()) return std::string(kNoArguments);
  const std::string& text = tool.parameters->text();
  const std::size_t open = text.find('{');
  if (open == std::string::npos) return text;
  // A schema is the conjunction of its keywords, so that one more may stand before the others.
  if (base::JsonView::checked(text).find("type")) return text;
  const bool is_empty = text.find_first_not_of(" \t\r\n", open + 1) == text.find('}', open);
  return text.substr(0, open + 1) + R"("type":"object")" + (is_empty ? "" : ",") +
         text.substr(open + 1);
}

// A tool that may be called.
struct OfferedTool {
  FunctionDefinition function;
  std::string field;                   // of its schema, for errors
  std::optional<std::string> pattern;  // what a custom tool's input must match

  // Why the schema, or the pattern that is in it, cannot be had.
  Error refused_for(const std::string& why) const {
    if (pattern) {
      return refused(
          field, "Invalid regular expression for the custom tool '" + function.name + "': " + why,
          "invalid_value");
    }
    return refused(field, "Invalid schema for function '" + function.name + "': " + why,
                   "invalid_function_parameters");
  }
};

// What the grammar of an answer with tools is made of.
struct Parts {
  const text::ToolCallFormat* format = nullptr;
  std::vector<OfferedTool> tools;
  std::optional<std::string> schema;  // of an answer without calls
  std::string schema_name;
  bool several = true;
};

class AnswerCompiler {
 public:
  explicit AnswerCompiler(const Parts& parts) : parts_(parts) {}

  // Calls, or where there is a format for answers without them, either.
  Result<CompiledConstraint> whole_answer(bool calls) {
    std::vector<RuleId> answers;
    if (parts_.schema) {
      Result<RuleId> document = add_format();
      if (!document) return std::move(document).error();
      answers.push_back(*document);
    }
    if (calls) {
      const Result<std::vector<CallableFunction>> functions = add_functions();
      if (!functions) return functions.error();
      answers.push_back(add_document(
          builder_, add_calls(builder_, *parts_.format, *functions, {.several = parts_.several})));
    }
    return finish(builder_.choice(std::move(answers)));
  }

  // The rest of a call behind the words that begin it. One grammar each; they share nothing.
  Result<CompiledConstraint> rest_of_call(std::size_t beginning) {
    const Result<std::vector<CallableFunction>> functions = add_functions();
    if (!functions) return functions.error();
    const auto beginnings =
        add_call_beginnings(builder_, *parts_.format, *functions, {.several = parts_.several});
    return finish(beginnings.at(beginning).rest);
  }

 private:
  Result<RuleId> add_format() {
    Result<grammar::SchemaRule> rule = add_schema(builder_, *parts_.schema);
    if (!rule) {
      const std::string name = parts_.schema_name.empty() ? "" : " '" + parts_.schema_name + "'";
      return refused("response_format",
                     "Invalid schema for response_format" + name + ": " + rule.error().message(),
                     "");
    }
    validator_ = rule->validator;
    return add_document(builder_, rule->value);
  }

  Result<std::vector<CallableFunction>> add_functions() {
    std::vector<CallableFunction> functions;
    for (const OfferedTool& tool : parts_.tools) {
      if (const auto problem = pattern_problem(tool)) return tool.refused_for(*problem);
      grammar::SchemaRefusal refusal;
      Result<grammar::SchemaRule> rule =
          add_schema(builder_, arguments_schema(tool.function), {}, &refusal);
      if (!rule) {
        const std::string why = refusal.impossible ? "no text matches it" : refusal.message;
        return tool.refused_for(tool.pattern ? why : rule.error().message());
      }
      functions.push_back({tool.function.name, rule->value});
      call_validators_[tool.function.name] = std::move(rule->validator);
    }
    return functions;
  }

  // What is wrong with the pattern by itself, before it stands within another, and at which byte.
  static std::optional<std::string> pattern_problem(const OfferedTool& tool) {
    if (!tool.pattern) return std::nullopt;
    const auto parsed = grammar::parse_pattern(*tool.pattern, {});
    return parsed ? std::nullopt : std::optional(parsed.error().message());
  }

  Result<CompiledConstraint> finish(RuleId root) {
    Result<grammar::Grammar> grammar = std::move(builder_).finish(root);
    if (!grammar) return std::move(grammar).error();
    return CompiledConstraint{std::make_shared<grammar::Automaton>(std::move(*grammar)), validator_,
                              call_validators_};
  }

  const Parts& parts_;
  GrammarBuilder builder_;
  std::shared_ptr<const grammar::SchemaValidator> validator_;
  std::map<std::string, std::shared_ptr<const grammar::SchemaValidator>> call_validators_;
};

// ---- guided_*: the whole answer, none of it JSON's.

Result<CompiledConstraint> compile_expression(
    const std::function<Result<grammar::Expression>(grammar::ExpressionPool&)>& make) {
  GrammarBuilder builder;
  const Result<grammar::Expression> expression = make(builder.expressions());
  if (!expression) return expression.error();
  if (!builder.expressions().live(*expression)) {
    return Error(ErrorKind::invalid_request, "no answer can match it");
  }
  const RuleId root = builder.terminal(*expression, /*spaced=*/false);
  Result<grammar::Grammar> grammar = std::move(builder).finish(root);
  if (!grammar) return std::move(grammar).error();
  return CompiledConstraint{std::make_shared<grammar::Automaton>(std::move(*grammar)), nullptr};
}

Result<CompiledConstraint> compile_regex(const std::string& pattern) {
  return compile_expression([&pattern](grammar::ExpressionPool& pool) {
    return compile_pattern(pool, pattern, grammar::Spelling::utf8, /*whole=*/true);
  });
}

Result<CompiledConstraint> compile_choice(const std::vector<std::string>& choices) {
  return compile_expression(
      [&choices](grammar::ExpressionPool& pool) -> Result<grammar::Expression> {
        return pool.one_of(choices);
      });
}

Result<CompiledConstraint> compile_grammar(const std::string& text) {
  Result<grammar::Grammar> grammar = grammar::compile_gbnf(text);
  if (!grammar) return std::move(grammar).error();
  return CompiledConstraint{std::make_shared<grammar::Automaton>(std::move(*grammar)), nullptr};
}

// A word of a cache key that cannot run into the next.
void append_key(std::string& key, std::string_view word) {
  key += std::to_string(word.size()) + ":";
  key += word;
}

Result<CompiledConstraint> guided(ConstraintCache& cache, const ChatRequest& request,
                                  std::string& field) {
  std::string key;
  if (request.guided_regex) {
    field = "guided_regex";
    append_key(key = "regex ", *request.guided_regex);
    return cache.get(key, [&] { return compile_regex(*request.guided_regex); });
  }
  if (request.guided_grammar) {
    field = "guided_grammar";
    append_key(key = "gbnf ", *request.guided_grammar);
    return cache.get(key, [&] { return compile_grammar(*request.guided_grammar); });
  }
  field = "guided_choice";
  key = "choice ";
  for (const std::string& choice : request.guided_choice) append_key(key, choice);
  return cache.get(key, [&] { return compile_choice(request.guided_choice); });
}

bool is_guided(const ChatRequest& request) {
  return request.guided_regex || request.guided_grammar || !request.guided_choice.empty();
}

// ---- Formats and tools.

std::string key_of(const Parts& parts, std::string_view kind) {
  std::string key(kind);
  key += parts.several ? "+" : "1";
  append_key(key, parts.format == nullptr ? "" : parts.format->name);
  append_key(key, parts.schema.value_or(""));
  for (const OfferedTool& tool : parts.tools) {
    append_key(key, tool.function.name);
    append_key(key, arguments_schema(tool.function));
    append_key(key, tool.pattern.value_or(""));  // for what is refused of it
  }
  return key;
}

Result<CompiledConstraint> whole_answer(ConstraintCache& cache, const Parts& parts, bool calls) {
  return cache.get(key_of(parts, calls ? "calls " : "format "),
                   [&] { return AnswerCompiler(parts).whole_answer(calls); });
}

// Free text in which each call is held to its function's schema.
Result<LocalConstraint> triggered(const LocalModel& model, const Parts& parts) {
  LocalConstraint local;
  std::vector<grammar::Trigger> triggers;
  GrammarBuilder scratch;
  std::vector<CallableFunction> names;
  const RuleId nothing = scratch.terminal(grammar::ExpressionPool::empty(), false);
  for (const OfferedTool& tool : parts.tools) names.push_back({tool.function.name, nothing});
  const auto beginnings =
      add_call_beginnings(scratch, *parts.format, names, {.several = parts.several});
  for (std::size_t i = 0; i < beginnings.size(); ++i) {
    const std::string key = key_of(parts, "rest " + std::to_string(i) + " ");
    Result<CompiledConstraint> rest =
        model.constraints->get(key, [&] { return AnswerCompiler(parts).rest_of_call(i); });
    if (!rest) return std::move(rest).error();
    triggers.push_back({beginnings[i].text, beginnings[i].at_start, rest->automaton});
    local.call_validators = std::move(rest->call_validators);
  }
  local.constraint = grammar::Constraint(model.token_trie, std::move(triggers),
                                         {.once = !parts.several || parts.format->list});
  return local;
}

// `tool`, with where it stands in the request.
OfferedTool offered(const ChatRequest& request, const FunctionDefinition& tool) {
  const auto name_of = [](const ToolDefinition& each) { return each.function.name; };
  const auto found = std::ranges::find(request.tools, tool.name, name_of);
  if (found == request.tools.end()) {
    const auto older = std::ranges::find(request.functions, tool.name, &FunctionDefinition::name);
    return {tool, "functions[" + std::to_string(older - request.functions.begin()) + "].parameters",
            std::nullopt};
  }
  std::optional<std::string> pattern = protocol::input_pattern(*found);
  return {tool,
          "tools[" + std::to_string(found - request.tools.begin()) + "]." +
              (pattern ? "custom.format.grammar.definition" : "function.parameters"),
          std::move(pattern)};
}

// The functions that a call may name: one of them where the request says which.
Parts read_parts(const LocalModel& model, const ChatRequest& request, const ToolChoice& choice,
                 const std::vector<FunctionDefinition>& tools) {
  Parts parts{.format = tools.empty() ? nullptr : model.tool_calls,
              .tools = {},
              .schema = format_schema(request),
              .schema_name = request.response_format ? request.response_format->name : "",
              .several = request.parallel_tool_calls.value_or(true) && choice.mode != Mode::named &&
                         !request.tools.empty()};
  for (const FunctionDefinition& tool : tools) {
    if (choice.mode == Mode::named && tool.name != choice.name) continue;
    parts.tools.push_back(offered(request, tool));
  }
  return parts;
}

// The answer, or what follows its thinking.
grammar::Constraint bind(const LocalModel& model, std::shared_ptr<grammar::Automaton> automaton,
                         bool in_reasoning) {
  if (!in_reasoning) return grammar::Constraint(model.token_trie, std::move(automaton));
  std::vector<grammar::Trigger> triggers;
  triggers.push_back({std::string(model.reasoning->end), false, std::move(automaton)});
  return grammar::Constraint(model.token_trie, std::move(triggers),
                             {.once = true, .required = true});
}

Result<void> refuse_endless(const ChatRequest& request) {
  for (const auto& [given, field] : {std::pair(request.min_tokens.value_or(0) > 0, "min_tokens"),
                                     std::pair(request.ignore_eos.value_or(false), "ignore_eos")}) {
    if (!given) continue;
    return refused(field,
                   "The answer's format says where it ends: " + std::string(field) +
                       " cannot be given with it.",
                   "unsupported_parameter");
  }
  return {};
}

}  // namespace

Result<LocalConstraint> read_constraint(const LocalModel& model, const ChatRequest& request,
                                        const ToolChoice& choice,
                                        const std::vector<FunctionDefinition>& tools,
                                        bool in_reasoning) {
  LocalConstraint local;
  if (is_guided(request)) {
    std::string field;
    Result<CompiledConstraint> compiled = guided(*model.constraints, request, field);
    if (!compiled) {
      return refused(field,
                     "Invalid value for '" + field + "': " + compiled.error().message() + ".",
                     "invalid_value");
    }
    local.constraint = bind(model, std::move(compiled->automaton), in_reasoning);
    if (Result<void> ends = refuse_endless(request); !ends) return std::move(ends).error();
    return local;
  }
  Parts parts = read_parts(model, request, choice, tools);
  const bool forced = must_call(choice);
  if (parts.tools.empty() && !parts.schema) return local;
  if (!forced && !parts.schema) return triggered(model, parts);
  if (Result<void> ends = refuse_endless(request); !ends) return std::move(ends).error();
  if (forced) parts.schema.reset();
  Result<CompiledConstraint> compiled =
      whole_answer(*model.constraints, parts, !parts.tools.empty());
  if (!compiled) return std::move(compiled).error();
  local.constraint = bind(model, std::move(compiled->automaton), in_reasoning);
  local.validator = std::move(compiled->validator);
  local.call_validators = std::move(compiled->call_validators);
  return local;
}

}  // namespace retort::provider
