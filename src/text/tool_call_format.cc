// The forms in which models write tool calls, and which of them a chat template teaches.
#include <algorithm>
#include <array>

#include "text/tool_call_parser.h"

namespace retort::text {
namespace {

using Body = ToolCallFormat::Body;

constexpr std::string_view kCallsBegin = "<｜tool▁calls▁begin｜>";
constexpr std::string_view kCallsEnd = "<｜tool▁calls▁end｜>";

constexpr std::array kFormats = {
    ToolCallFormat{.name = "hermes", .begin = "<tool_call>", .end = "</tool_call>"},
    ToolCallFormat{.name = "mistral", .begin = "[TOOL_CALLS]", .end = "", .list = true},
    ToolCallFormat{.name = "mistral_named",
                   .body = Body::named,
                   .begin = "[TOOL_CALLS]",
                   .end = "",
                   .name_end = "[ARGS]",
                   .id_begin = "[CALL_ID]"},
    ToolCallFormat{.name = "firefunction", .begin = "functools", .end = "", .list = true},
    ToolCallFormat{.name = "llama3",
                   .body = Body::any,
                   .begin = "<|python_tag|>",
                   .end = "",
                   .whole = true,
                   .also = "function_tag",
                   .arguments_key = "parameters"},
    ToolCallFormat{.name = "pythonic",
                   .body = Body::any,
                   .begin = "<|python_start|>",
                   .end = "<|python_end|>",
                   .whole = true},
    ToolCallFormat{.name = "lfm2",
                   .body = Body::any,
                   .begin = "<|tool_call_start|>",
                   .end = "<|tool_call_end|>"},
    ToolCallFormat{.name = "function_tag",
                   .body = Body::named,
                   .begin = "<function=",
                   .end = "</function>",
                   .name_end = ">"},
    // Its generation prompt ends with the mark: the answer begins with a name.
    ToolCallFormat{.name = "functionary",
                   .body = Body::named,
                   .begin = ">>>",
                   .end = "",
                   .name_end = "\n",
                   .content_name = "all",
                   .whole = true},
    ToolCallFormat{.name = "deepseek",
                   .body = Body::named,
                   .begin = kCallsBegin,
                   .end = kCallsEnd,
                   .call_begin = "<｜tool▁call▁begin｜>function<｜tool▁sep｜>",
                   .name_end = "```json",
                   .call_end = "```<｜tool▁call▁end｜>"},
    ToolCallFormat{.name = "deepseek_v31",
                   .body = Body::named,
                   .begin = kCallsBegin,
                   .end = kCallsEnd,
                   .call_begin = "<｜tool▁call▁begin｜>",
                   .name_end = "<｜tool▁sep｜>",
                   .call_end = "<｜tool▁call▁end｜>"},
    ToolCallFormat{.name = "kimi",
                   .body = Body::named,
                   .begin = "<|tool_calls_section_begin|>",
                   .end = "<|tool_calls_section_end|>",
                   .call_begin = "<|tool_call_begin|>",
                   .name_end = "<|tool_call_argument_begin|>",
                   .call_end = "<|tool_call_end|>"},
    ToolCallFormat{.name = "json", .begin = "", .end = "", .whole = true},
};

}  // namespace

bool ToolCallFormat::has_mark(std::string_view token) const noexcept {
  if (token.empty()) return false;
  const std::string_view marks[] = {begin, end, call_begin, name_end, call_end, id_begin};
  return std::ranges::any_of(
      marks, [token](std::string_view mark) { return mark.find(token) != mark.npos; });
}

const ToolCallFormat* find_tool_call_format_named(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kFormats, name, &ToolCallFormat::name);
  return found == kFormats.end() ? nullptr : &*found;
}

std::vector<std::string_view> tool_call_format_names() {
  std::vector<std::string_view> names;
  for (const ToolCallFormat& format : kFormats) names.push_back(format.name);
  return names;
}

const ToolCallFormat* find_tool_call_format(std::string_view chat_template) noexcept {
  const auto has = [chat_template](std::string_view text) {
    return chat_template.find(text) != std::string_view::npos;
  };
  const auto named = [](const char* name) { return find_tool_call_format_named(name); };
  // These (Qwen3-Coder, Seed-OSS, GLM, Command R) write what only the schema makes JSON, or keys of
  // their own, partly between the marks of others.
  if (has("<parameter=") || has("<arg_key>") || has("\"tool_name\"")) return nullptr;
  if (has("<tool_call>")) return has("<function=") ? nullptr : named("hermes");
  if (has("[TOOL_CALLS]")) return named(has("[ARGS]") ? "mistral_named" : "mistral");
  if (has("<｜tool▁sep｜>")) return named(has("```json") ? "deepseek" : "deepseek_v31");
  if (has("<|tool_calls_section_begin|>")) return named("kimi");
  if (has("functools[")) return named("firefunction");
  if (has(">>>all")) return named("functionary");
  if (has("<function=")) return named("function_tag");
  // Llama 4 and the pythonic templates of Llama 3.2 and 3.3 show the form itself.
  if (has("<|python_start|>") || has("[func_name1(")) return named("pythonic");
  // LFM2's template has no calls in it, only the list of tools.
  if (has("\"List of tools: ")) return named("lfm2");
  if (has("<|python_tag|>")) return named("llama3");
  if (has("<|start_header_id|>") && has("\"parameters\": ")) return named("llama3");
  const bool teaches_json = has("\"name\"") && (has("\"arguments\"") || has("\"parameters\""));
  return has("tools") && teaches_json ? named("json") : nullptr;
}

}  // namespace retort::text
