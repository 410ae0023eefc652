// Tools and functions, which one of them to call, and what they must be together.
#include <algorithm>
#include <array>
#include <boost/json/value.hpp>
#include <utility>

#include "base/json_reader.h"
#include "base/json_writer.h"
#include "protocol/chat_request.h"
#include "protocol/request_parts.h"

namespace retort::protocol {
namespace {

constexpr std::size_t kToolsMax = 128;

constexpr std::array<Field<FunctionDefinition>, 4> kFunctionFields = {{
    {"name", [](FieldReader& in, const JsonView& value, const Path& path,
                FunctionDefinition& function) { in.identifier(value, path, function.name); }},
    {"description",
     [](FieldReader& in, const JsonView& value, const Path& path, FunctionDefinition& function) {
       in.string(value, path, function.description);
     }},
    {"parameters",
     [](FieldReader& in, const JsonView& value, const Path& path, FunctionDefinition& function) {
       if (in.is_object(value, path)) function.parameters = value.json();
     }},
    {"strict", [](FieldReader& in, const JsonView& value, const Path& path,
                  FunctionDefinition& function) { in.boolean(value, path, function.strict); }},
}};

void read_function(FieldReader& in, const JsonView& value, const Path& path,
                   FunctionDefinition& function) {
  if (!in.is_object(value, path)) return;
  in.require(value, path, "name");
  read_members<FunctionDefinition>(in, value, path, kFunctionFields, function, &function.extra);
}

// A custom tool takes one text. To the model it is a function of one argument, which every template
// can show and every model can call; a grammar that binds the text is the argument's pattern.
Json custom_parameters(const std::optional<std::string>& grammar) {
  std::string schema = R"({"type":"object","properties":{"input":{"type":"string")";
  if (grammar) {
    schema += R"(,"pattern":)";
    base::append_json_string(schema, "^(?:" + *grammar + ")$");
  }
  return Json::trusted(schema + R"(}},"required":["input"],"additionalProperties":false})");
}

constexpr std::array<std::string_view, 2> kCustomFormats = {"text", "grammar"};
constexpr std::array<std::string_view, 2> kGrammarSyntaxes = {"regex", "lark"};

struct CustomFormat {
  std::optional<std::string> type, syntax, definition;
};

constexpr std::array<Field<CustomFormat>, 2> kGrammarFields = {{
    {"syntax",
     [](FieldReader& in, const JsonView& value, const Path& path, CustomFormat& format) {
       in.word(value, path, kGrammarSyntaxes, format.syntax);
       if (format.syntax == "lark") in.refuse_unsupported(path, " but for 'regex'");
     }},
    {"definition", [](FieldReader& in, const JsonView& value, const Path& path,
                      CustomFormat& format) { in.string(value, path, format.definition); }},
}};

constexpr std::array<Field<CustomFormat>, 2> kCustomFormatFields = {{
    {"type", [](FieldReader& in, const JsonView& value, const Path& path,
                CustomFormat& format) { in.word(value, path, kCustomFormats, format.type); }},
    {"grammar",
     [](FieldReader& in, const JsonView& value, const Path& path, CustomFormat& format) {
       if (!in.is_object(value, path)) return;
       in.require(value, path, "syntax");
       in.require(value, path, "definition");
       read_members<CustomFormat>(in, value, path, kGrammarFields, format, nullptr);
     }},
}};

void read_custom_format(FieldReader& in, const JsonView& value, const Path& path,
                        FunctionDefinition& function) {
  if (!in.is_object(value, path)) return;
  in.require(value, path, "type");
  CustomFormat format;
  if (!in.failed()) {
    read_members<CustomFormat>(in, value, path, kCustomFormatFields, format, nullptr);
  }
  if (format.type != "grammar") return;
  in.require(value, path, "grammar");
  if (!in.failed()) function.parameters = custom_parameters(format.definition);
}

constexpr std::array<Field<FunctionDefinition>, 3> kCustomFields = {{
    {"name", [](FieldReader& in, const JsonView& value, const Path& path,
                FunctionDefinition& function) { in.identifier(value, path, function.name); }},
    {"description",
     [](FieldReader& in, const JsonView& value, const Path& path, FunctionDefinition& function) {
       in.string(value, path, function.description);
     }},
    {"format", read_custom_format},
}};

void read_custom(FieldReader& in, const JsonView& value, const Path& path, ToolDefinition& tool) {
  if (!in.is_object(value, path)) return;
  in.require(value, path, "name");
  tool.function.parameters = custom_parameters(std::nullopt);
  // `custom` keeps what the function has no place for.
  read_members<FunctionDefinition>(in, value, path, kCustomFields, tool.function, nullptr);
  tool.custom = value.json();
}

constexpr std::array<std::string_view, 2> kToolTypes = {"function", "custom"};

// The member that holds what a tool of this type is: it has the type's name.
std::string read_tool_type(FieldReader& in, const JsonView& tool, const Path& path) {
  std::optional<std::string> type;
  in.require(tool, path, "type");
  if (!in.failed()) in.word(*tool.find("type"), Path(path, "type"), kToolTypes, type);
  if (type) in.require(tool, path, *type);
  return type.value_or("function");
}

constexpr std::array<Field<ToolDefinition>, 2> kCustomToolFields = {{
    {"type", skip_field},
    {"custom", read_custom},
}};

constexpr std::array<Field<ToolDefinition>, 2> kToolFields = {{
    {"type", skip_field},
    {"function", [](FieldReader& in, const JsonView& value, const Path& path,
                    ToolDefinition& tool) { read_function(in, value, path, tool.function); }},
}};

// ---- The choice.

constexpr std::array<std::string_view, 3> kToolChoices = {"none", "auto", "required"};
constexpr std::array<std::string_view, 2> kFunctionCalls = {"none", "auto"};
constexpr std::array<std::string_view, 2> kAllowedModes = {"auto", "required"};
constexpr std::array<std::string_view, 3> kChoiceTypes = {"function", "custom", "allowed_tools"};

ToolChoice::Mode mode_of(std::string_view word) {
  if (word == "none") return ToolChoice::Mode::none;
  return word == "required" ? ToolChoice::Mode::required : ToolChoice::Mode::automatic;
}

// Reads {"name": ...}, the object that names one function.
void read_function_name(FieldReader& in, const JsonView& value, const Path& path,
                        std::string& name) {
  constexpr std::array<Field<std::string>, 1> kFields = {{
      {"name", [](FieldReader& reader, const JsonView& text, const Path& at,
                  std::string& out) { reader.string(text, at, out); }},
  }};
  if (!in.is_object(value, path)) return;
  in.require(value, path, "name");
  read_members<std::string>(in, value, path, kFields, name, nullptr);
}

// Reads {"type": "function", "function": {"name": ...}}, and the same of a custom tool.
void read_named_tool(FieldReader& in, const JsonView& value, const Path& path, std::string& name) {
  constexpr std::array<Field<std::string>, 2> kFunction = {{
      {"type", skip_field},
      {"function", read_function_name},
  }};
  constexpr std::array<Field<std::string>, 2> kCustom = {{
      {"type", skip_field},
      {"custom", read_function_name},
  }};
  if (!in.is_object(value, path)) return;
  const std::string type = read_tool_type(in, value, path);
  if (in.failed()) return;
  const std::span<const Field<std::string>> fields = type == "custom" ? kCustom : kFunction;
  read_members<std::string>(in, value, path, fields, name, nullptr);
}

constexpr std::array<Field<ToolChoice>, 2> kAllowedFields = {{
    {"mode",
     [](FieldReader& in, const JsonView& value, const Path& path, ToolChoice& choice) {
       std::optional<std::string> mode;
       in.word(value, path, kAllowedModes, mode);
       choice.allowed_required = mode == "required";
     }},
    {"tools",
     [](FieldReader& in, const JsonView& value, const Path& path, ToolChoice& choice) {
       for (const JsonView& tool : in.array(value, path, {1, kToolsMax})) {
         const Path at(path, choice.allowed_names.size());
         read_named_tool(in, tool, at, choice.allowed_names.emplace_back());
       }
     }},
}};

void read_allowed_tools(FieldReader& in, const JsonView& value, const Path& path,
                        ToolChoice& choice) {
  if (!in.is_object(value, path)) return;
  in.require(value, path, "mode");
  in.require(value, path, "tools");
  choice.mode = ToolChoice::Mode::allowed;
  read_members<ToolChoice>(in, value, path, kAllowedFields, choice, nullptr);
}

void read_choice_object(FieldReader& in, const JsonView& value, const Path& path,
                        ToolChoice& choice) {
  const Path type_path(path, "type");
  std::string type;
  in.require(value, path, "type");
  if (in.failed()) return;
  in.string(*value.find("type"), type_path, type);
  if (in.failed()) return;
  if (type == "function" || type == "custom") {
    choice.mode = ToolChoice::Mode::named;
    return read_named_tool(in, value, path, choice.name);
  }
  if (type != "allowed_tools") return in.refuse_value(type_path, type, kChoiceTypes);
  constexpr std::array<Field<ToolChoice>, 2> kFields = {{
      {"type", skip_field},
      {"allowed_tools", read_allowed_tools},
  }};
  in.require(value, path, "allowed_tools");
  read_members<ToolChoice>(in, value, path, kFields, choice, nullptr);
}

// ---- Together.

bool same_schema(const std::optional<Json>& a, const std::optional<Json>& b) {
  if (!a || !b || *a == *b) return a.has_value() == b.has_value();
  const Result<boost::json::value> left = base::read_json(a->text());
  const Result<boost::json::value> right = base::read_json(b->text());
  return left && right && *left == *right;
}

// `strict` stands in tools only.
bool same_function(const FunctionDefinition& tool, const FunctionDefinition& function) {
  return tool.description == function.description &&
         same_schema(tool.parameters, function.parameters);
}

Error name_twice(std::string_view list, std::size_t index, std::string_view inner,
                 const std::string& name, std::string_view why) {
  return Error(ErrorKind::invalid_request,
               "Invalid '" + std::string(list) + "': the name " + quoted(name) + std::string(why))
      .with_param(std::string(list) + '[' + std::to_string(index) + ']' + std::string(inner))
      .with_code("invalid_value");
}

const FunctionDefinition* find_function(const std::vector<FunctionDefinition>& list,
                                        std::string_view name) {
  for (const FunctionDefinition& function : list) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

bool same_choice(const ToolChoice& a, const ToolChoice& b) {
  return a.mode == b.mode && a.name == b.name;
}

// Whether every function that `choice` names is there, and one where it asks for one.
void check_choice(FieldReader& in, const ToolChoice& choice, std::string_view field,
                  const std::vector<FunctionDefinition>& tools) {
  const Path body;
  const Path path(body, field);
  std::vector<std::string> names = choice.allowed_names;
  if (choice.mode == ToolChoice::Mode::named) names.push_back(choice.name);
  for (const std::string& name : names) {
    if (find_function(tools, name) != nullptr) continue;
    in.refuse(path, "invalid_value",
              "Invalid value for '" + std::string(field) + "': the function " + quoted(name) +
                  " was not found in 'tools' or 'functions'.");
  }
  if (choice.mode == ToolChoice::Mode::required && tools.empty()) {
    in.refuse(path, "invalid_value",
              "Invalid value for 'tool_choice': 'required' is only allowed when 'tools' are "
              "specified.");
  }
}

}  // namespace

void read_tools(FieldReader& in, const JsonView& value, const Path& path,
                std::vector<ToolDefinition>& out) {
  for (const JsonView& element : in.array(value, path, {0, kToolsMax})) {
    const Path at(path, out.size());
    if (!in.is_object(element, at)) return;
    ToolDefinition tool;
    tool.type = read_tool_type(in, element, at);
    if (in.failed()) return;
    const std::span<const Field<ToolDefinition>> fields =
        tool.type == "custom" ? kCustomToolFields : kToolFields;
    read_members<ToolDefinition>(in, element, at, fields, tool, &tool.extra);
    if (in.failed()) return;
    out.push_back(std::move(tool));
  }
}

void read_functions(FieldReader& in, const JsonView& value, const Path& path,
                    std::vector<FunctionDefinition>& out) {
  for (const JsonView& element : in.array(value, path, {0, kToolsMax})) {
    FunctionDefinition function;
    read_function(in, element, Path(path, out.size()), function);
    if (in.failed()) return;
    out.push_back(std::move(function));
  }
}

void read_tool_choice(FieldReader& in, const JsonView& value, const Path& path,
                      std::optional<ToolChoice>& out) {
  ToolChoice choice;
  if (value.is_string()) {
    std::optional<std::string> word;
    in.word(value, path, kToolChoices, word);
    choice.mode = mode_of(word.value_or("auto"));
  } else if (value.is_object()) {
    read_choice_object(in, value, path, choice);
  } else {
    in.refuse_type(path, "one of a string or an object", value);
  }
  out = std::move(choice);
}

void read_function_call(FieldReader& in, const JsonView& value, const Path& path,
                        std::optional<ToolChoice>& out) {
  ToolChoice choice;
  if (value.is_string()) {
    std::optional<std::string> word;
    in.word(value, path, kFunctionCalls, word);
    choice.mode = mode_of(word.value_or("auto"));
  } else if (value.is_object()) {
    choice.mode = ToolChoice::Mode::named;
    read_function_name(in, value, path, choice.name);
  } else {
    in.refuse_type(path, "one of a string or an object", value);
  }
  out = std::move(choice);
}

void check_tools(FieldReader& in, const ChatRequest& request) {
  const Result<std::vector<FunctionDefinition>> tools = unified_tools(request);
  if (!tools) return in.refuse(tools.error());
  if (request.tool_choice) check_choice(in, *request.tool_choice, "tool_choice", *tools);
  if (request.function_call) check_choice(in, *request.function_call, "function_call", *tools);
  if (request.tool_choice && request.function_call &&
      !same_choice(*request.tool_choice, *request.function_call)) {
    const Path body;
    in.refuse(Path(body, "function_call"), "invalid_value",
              "Invalid value for 'function_call': it contradicts 'tool_choice'.");
  }
}

Result<std::vector<FunctionDefinition>> unified_tools(const ChatRequest& request) {
  std::vector<FunctionDefinition> unified;
  for (std::size_t i = 0; i < request.tools.size(); ++i) {
    const FunctionDefinition& function = request.tools[i].function;
    if (find_function(unified, function.name) != nullptr) {
      return name_twice("tools", i, '.' + request.tools[i].type + ".name", function.name,
                        " is taken already.");
    }
    unified.push_back(function);
  }
  const std::size_t tools = unified.size();
  for (std::size_t i = 0; i < request.functions.size(); ++i) {
    const FunctionDefinition& function = request.functions[i];
    const FunctionDefinition* twin = find_function(unified, function.name);
    if (twin == nullptr) {
      unified.push_back(function);
    } else if (twin >= unified.data() + tools) {
      return name_twice("functions", i, ".name", function.name, " is taken already.");
    } else if (!same_function(*twin, function)) {
      return name_twice("functions", i, ".name", function.name,
                        " stands in 'tools' too, for another function.");
    }
  }
  return unified;
}

std::optional<std::string> input_pattern(const ToolDefinition& tool) {
  if (!tool.custom) return std::nullopt;
  std::optional<JsonView> at = JsonView::checked(tool.custom->text());
  for (const char* name : {"format", "grammar", "definition"}) {
    at = at->is_object() ? at->find(name) : std::nullopt;
    if (!at) return std::nullopt;
    if (name == std::string_view("format")) {
      const std::optional<JsonView> type = at->find("type");
      if (!type || type->string() != "grammar") return std::nullopt;
    }
  }
  return at->string();
}

ToolChoice effective_tool_choice(const ChatRequest& request) {
  if (request.tools.empty() && request.functions.empty()) {
    return ToolChoice{.mode = ToolChoice::Mode::none};
  }
  if (request.tool_choice) return *request.tool_choice;
  return request.function_call.value_or(ToolChoice{});
}

bool answers_with_function_call(const ChatRequest& request) {
  return request.tools.empty() && !request.functions.empty();
}

}  // namespace retort::protocol
