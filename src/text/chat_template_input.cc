// Builds a chat template's variables, and probes what a template takes.
#include "text/chat_template_input.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <set>
#include <system_error>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/json_writer.h"
#include "text/jinja_run.h"

namespace retort::text {
namespace {

using Entries = std::vector<std::pair<std::string, Value>>;

// As deep as include/retort/json.h lets JSON nest.
constexpr std::size_t kJsonDepthMax = 64;

std::optional<Value> parse_json(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kJsonDepthMax;
  boost::system::error_code error;
  const boost::json::value json = boost::json::parse(text, error, {}, options);
  if (error) return std::nullopt;
  return Value::from_json(json);
}

Error unreadable(std::string param) {
  return Error(ErrorKind::invalid_request, "This is no valid JSON.").with_param(std::move(param));
}

// ---------------------------------------------------------------------------------------- content

Value text_part(std::string_view text) {
  return Value::dict({{"type", Value::data("text")}, {"text", Value::data(text)}});
}

Value part_value(const ContentPart& part) {
  if (const auto* text = std::get_if<TextPart>(&part)) return text_part(text->text);
  if (const auto* refusal = std::get_if<RefusalPart>(&part)) return text_part(refusal->refusal);
  if (const auto* image = std::get_if<ImagePart>(&part)) {
    return Value::dict({{"type", Value::data("image_url")},
                        {"image_url", Value::dict({{"url", Value::data(image->url)}})}});
  }
  const auto& other = std::get<OtherPart>(part);
  return parse_json(other.value.text()).value_or(Value::dict({{"type", Value::data(other.type)}}));
}

std::string joined_text(const std::vector<ContentPart>& parts) {
  std::string all;
  for (const ContentPart& part : parts) {
    if (const auto* text = std::get_if<TextPart>(&part)) all += text->text;
    if (const auto* refusal = std::get_if<RefusalPart>(&part)) all += refusal->refusal;
  }
  return all;
}

Value content_value(const std::optional<Content>& content, const TemplateTraits& traits) {
  if (!content) {
    if (traits.typed_content) return Value::list({});
    return traits.empty_for_null ? Value::data("") : Value(jinja::None{});
  }
  if (const auto* text = std::get_if<std::string>(&*content)) {
    return traits.typed_content ? Value::list({text_part(*text)}) : Value::data(*text);
  }
  const auto& parts = std::get<std::vector<ContentPart>>(*content);
  if (!traits.typed_content) return Value::data(joined_text(parts));
  jinja::List values;
  for (const ContentPart& part : parts) values.push_back(part_value(part));
  return Value::list(std::move(values));
}

// --------------------------------------------------------------------------------------- messages

// A deprecated function_call has no id; this one suits the templates that demand nine letters.
std::string made_id(std::size_t index) {
  std::string digits = std::to_string(index % 100'000);
  return "call" + std::string(5 - digits.size(), '0') + digits;
}

// A custom tool's call is shown as that of the function that the model knows it by.
FunctionCall as_function(const ToolCall& call) {
  if (call.type != "custom") return call.function;
  std::string arguments = "{\"input\": ";
  base::append_json_string(arguments, call.function.arguments);
  return {.name = call.function.name, .arguments = arguments + '}', .extra = {}};
}

Value call_value(const FunctionCall& call, const std::string& id, const TemplateTraits& traits) {
  Value arguments = Value::data(call.arguments);
  if (!traits.string_arguments) {
    const auto parsed = parse_json(call.arguments);
    if (parsed && parsed->is_mapping()) arguments = *parsed;
  }
  return Value::dict({{"id", Value::data(id)},
                      {"type", Value::data("function")},
                      {"function", Value::dict({{"name", Value::data(call.name)},
                                                {"arguments", std::move(arguments)}})}});
}

class MessageBuilder {
 public:
  explicit MessageBuilder(const TemplateTraits& traits) : traits_(traits) {}

  Value build(const Message& message) {
    const std::size_t index = index_++;
    return std::visit(
        [&](const auto& one) {
          using One = std::decay_t<decltype(one)>;
          if constexpr (std::is_same_v<One, Assistant>) {
            return assistant(one, index);
          } else if constexpr (std::is_same_v<One, Tool>) {
            return tool(one);
          } else if constexpr (std::is_same_v<One, Function>) {
            return function(one);
          } else {
            return plain(one, role_of(one));
          }
        },
        message);
  }

 private:
  static std::string_view role_of(const System&) { return "system"; }
  static std::string_view role_of(const User&) { return "user"; }
  std::string_view role_of(const Developer&) const {
    return traits_.knows_developer ? "developer" : "system";
  }

  Entries start(std::string_view role, const std::optional<Content>& content) const {
    return {{"role", Value::literal(role)}, {"content", content_value(content, traits_)}};
  }

  // What the structs do not know, e.g. a client's own field that its template reads.
  static void add_extra(Entries& entries, const Extra& extra) {
    for (const auto& [name, json] : extra) {
      const bool known = std::any_of(entries.begin(), entries.end(),
                                     [&](const auto& entry) { return entry.first == name; });
      const auto value = known ? std::nullopt : parse_json(json.text());
      if (value) entries.emplace_back(name, *value);
    }
  }

  template <typename One>
  Value plain(const One& message, std::string_view role) const {
    Entries entries = start(role, message.content);
    if (message.name) entries.emplace_back("name", Value::data(*message.name));
    add_extra(entries, message.extra);
    return Value::dict(std::move(entries));
  }

  Value assistant(const Assistant& message, std::size_t index) {
    const bool use_refusal = !message.content && message.refusal;
    Entries entries = start(
        "assistant", use_refusal ? std::optional<Content>(*message.refusal) : message.content);
    if (message.name) entries.emplace_back("name", Value::data(*message.name));
    if (message.reasoning_content) {
      entries.emplace_back("reasoning_content", Value::data(*message.reasoning_content));
    }
    jinja::List calls;
    for (const ToolCall& call : message.tool_calls) {
      calls.push_back(call_value(as_function(call), call.id, traits_));
    }
    if (message.function_call) {
      last_id_ = made_id(index);
      calls.push_back(call_value(*message.function_call, last_id_, traits_));
    }
    if (!calls.empty()) entries.emplace_back("tool_calls", Value::list(std::move(calls)));
    add_extra(entries, message.extra);
    return Value::dict(std::move(entries));
  }

  Value tool(const Tool& message) const {
    Entries entries = start("tool", message.content);
    entries.emplace_back("tool_call_id", Value::data(message.tool_call_id));
    if (message.name) entries.emplace_back("name", Value::data(*message.name));
    add_extra(entries, message.extra);
    return Value::dict(std::move(entries));
  }

  // The answer to the function_call before it.
  Value function(const Function& message) const {
    Entries entries = start("tool", message.content);
    entries.emplace_back("tool_call_id", Value::data(last_id_));
    entries.emplace_back("name", Value::data(message.name));
    add_extra(entries, message.extra);
    return Value::dict(std::move(entries));
  }

  const TemplateTraits& traits_;
  std::size_t index_ = 0;
  std::string last_id_ = made_id(0);
};

// ------------------------------------------------------------------------------------------ tools

Result<Value> function_value(const FunctionDefinition& function, const std::string& param) {
  Entries entries = {{"name", Value::data(function.name)}};
  if (function.description) {
    entries.emplace_back("description", Value::data(*function.description));
  }
  // Templates read tool.function.parameters.properties: a function without parameters has none.
  Value parameters =
      Value::dict({{"type", Value::data("object")}, {"properties", Value::dict({})}});
  if (function.parameters) {
    auto parsed = parse_json(function.parameters->text());
    if (!parsed) return unreadable(param + ".parameters");
    parameters = *std::move(parsed);
  }
  entries.emplace_back("parameters", std::move(parameters));
  if (function.strict) entries.emplace_back("strict", *function.strict);
  for (const auto& [name, json] : function.extra) {
    if (auto value = parse_json(json.text())) entries.emplace_back(name, *std::move(value));
  }
  return Value::dict(
      {{"type", Value::data("function")}, {"function", Value::dict(std::move(entries))}});
}

Result<Value> tools_value(const ChatRequest& request) {
  jinja::List tools;
  std::set<std::string> names;
  for (std::size_t i = 0; i < request.tools.size(); ++i) {
    const ToolDefinition& tool = request.tools[i];
    const std::string param = "tools[" + std::to_string(i) + "]";
    names.insert(tool.function.name);
    auto value = function_value(tool.function, param + ".function");
    if (!value) return std::move(value).error();
    tools.push_back(*std::move(value));
  }
  for (std::size_t i = 0; i < request.functions.size(); ++i) {
    if (!names.insert(request.functions[i].name).second) continue;
    auto value = function_value(request.functions[i], "functions[" + std::to_string(i) + "]");
    if (!value) return std::move(value).error();
    tools.push_back(*std::move(value));
  }
  return tools.empty() ? Value(jinja::None{}) : Value::list(std::move(tools));
}

// ------------------------------------------------------------------------------------------ probes

Value user(Value content) {
  return Value::dict({{"role", Value::literal("user")}, {"content", std::move(content)}});
}

// What the template makes of `messages`; nothing where it fails.
std::optional<std::string> try_render(const ChatTemplate& chat_template, jinja::List messages) {
  const Value variables = Value::dict({{"messages", Value::list(std::move(messages))},
                                       {"tools", jinja::None{}},
                                       {"add_generation_prompt", false},
                                       {"bos_token", Value::literal("")},
                                       {"eos_token", Value::literal("")}});
  RenderOptions options;
  options.limits.steps_max = 1'000'000;
  options.limits.work_bytes_max = std::uint64_t{16} << 20;
  auto rendered = chat_template.render(variables, options);
  if (!rendered) return std::nullopt;
  return std::move(rendered->text);
}

bool holds(const std::optional<std::string>& text, std::string_view needle) {
  return text && text->find(needle) != std::string::npos;
}

// A conversation in which the assistant calls a tool.
jinja::List with_call(Value content, Value arguments, const TemplateTraits& traits) {
  const Value call = Value::dict(
      {{"id", Value::data("call00001")},
       {"type", Value::data("function")},
       {"function",
        Value::dict({{"name", Value::data("f")}, {"arguments", std::move(arguments)}})}});
  const Value question = traits.typed_content ? Value::list({text_part("q")}) : Value::data("q");
  return {user(question), Value::dict({{"role", Value::literal("assistant")},
                                       {"content", std::move(content)},
                                       {"tool_calls", Value::list({call})}})};
}

// Whether the template shows the name of a message of `role` that stands between the others.
bool shows_name(const ChatTemplate& chat_template, std::string_view role, jinja::List before,
                jinja::List behind, const TemplateTraits& traits) {
  static constexpr std::string_view kName = "Name4711";
  const Value content = traits.typed_content ? Value::list({text_part("q")}) : Value::data("q");
  before.push_back(Value::dict({{"role", Value::literal(role)},
                                {"content", content},
                                {"tool_call_id", Value::data("call00001")},
                                {"name", Value::data(kName)}}));
  before.insert(before.end(), behind.begin(), behind.end());
  return holds(try_render(chat_template, std::move(before)), kName);
}

void probe_names(const ChatTemplate& chat_template, TemplateTraits& traits) {
  const Value text = traits.typed_content ? Value::list({text_part("q")}) : Value::data("q");
  const Value empty = traits.typed_content ? Value::list({}) : Value::data("");
  const Value arguments = traits.string_arguments ? Value::data("{}") : Value::dict({});
  traits.system_name = shows_name(chat_template, "system", {}, {user(text)}, traits);
  traits.user_name = shows_name(chat_template, "user", {}, {}, traits);
  traits.assistant_name = shows_name(chat_template, "assistant", {user(text)}, {}, traits);
  traits.tool_name =
      shows_name(chat_template, "tool", with_call(empty, arguments, traits), {}, traits);
}

}  // namespace

TemplateTraits probe_traits(const ChatTemplate& chat_template) {
  static constexpr std::string_view kNeedle = "Needle17";
  TemplateTraits traits;
  traits.knows_developer = chat_template.source_contains("developer");
  const auto as_text = try_render(chat_template, {user(Value::data(kNeedle))});
  const auto as_parts = try_render(chat_template, {user(Value::list({text_part(kNeedle)}))});
  // Python's repr of the list holds the needle too: that is no use of the parts.
  traits.typed_content =
      !holds(as_text, kNeedle) && holds(as_parts, kNeedle) && !holds(as_parts, "'type'");

  // Some templates show calls only where the content is null, some only where it is not.
  const Value empty = traits.typed_content ? Value::list({}) : Value::data("");
  const Value object = Value::dict({{std::string(kNeedle), Value::data("v")}});
  const Value json = Value::data("{\"Needle17\": \"v\"}");
  bool object_works = false;
  bool text_works = false;
  for (const Value& content : {empty, Value(jinja::None{})}) {
    const auto with_object = try_render(chat_template, with_call(content, object, traits));
    const auto with_text = try_render(chat_template, with_call(content, json, traits));
    object_works |= holds(with_object, kNeedle) && !holds(with_object, "{'Needle17'");
    text_works |= holds(with_text, kNeedle);
  }
  traits.string_arguments = !object_works && text_works;
  probe_names(chat_template, traits);

  if (traits.typed_content) return traits;
  const Value& arguments = traits.string_arguments ? json : object;
  const auto with_null = try_render(chat_template, with_call(jinja::None{}, arguments, traits));
  const auto with_empty = try_render(chat_template, with_call(empty, arguments, traits));
  traits.empty_for_null =
      with_empty && (!with_null || (holds(with_null, "None") && !holds(with_empty, "None")));
  return traits;
}

Result<Value> template_variables(const ChatRequest& request, const TemplateTraits& traits,
                                 const TemplateInput& input) {
  MessageBuilder builder(traits);
  jinja::List messages;
  messages.reserve(request.messages.size());
  for (const Message& message : request.messages) messages.push_back(builder.build(message));
  auto tools = tools_value(request);
  if (!tools) return tools;
  // The last of equal names wins: what is fixed stands behind what the client chose.
  Entries entries = input.extra;
  entries.emplace_back("messages", Value::list(std::move(messages)));
  entries.emplace_back("tools", *std::move(tools));
  if (request.reasoning_effort) {
    entries.emplace_back("reasoning_effort", Value::data(*request.reasoning_effort));
  }
  entries.emplace_back("add_generation_prompt", input.add_generation_prompt);
  entries.emplace_back("bos_token", Value::literal(input.bos_token));
  entries.emplace_back("eos_token", Value::literal(input.eos_token));
  return Value::dict(std::move(entries));
}

}  // namespace retort::text
