#include "provider/local_request.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <variant>

#include "base/crypto.h"
#include "protocol/chat_request.h"
#include "provider/local_constraint.h"

namespace retort::provider {
namespace {

Error unsupported(std::string field, std::string message) {
  return Error(ErrorKind::invalid_request, std::move(message))
      .with_param(std::move(field))
      .with_code("unsupported_parameter");
}

// An image or another part that a text model cannot read; nothing where all parts are text.
std::optional<Error> unreadable_part(const Content& content, std::size_t message) {
  const auto* parts = std::get_if<std::vector<ContentPart>>(&content);
  if (parts == nullptr) return std::nullopt;
  for (std::size_t i = 0; i < parts->size(); ++i) {
    const ContentPart& part = (*parts)[i];
    if (std::holds_alternative<TextPart>(part) || std::holds_alternative<RefusalPart>(part)) {
      continue;
    }
    const std::string what =
        std::holds_alternative<ImagePart>(part) ? "images" : std::get<OtherPart>(part).type;
    return unsupported(
        "messages[" + std::to_string(message) + "].content[" + std::to_string(i) + "]",
        "This model reads text only: it cannot take " + what + ".");
  }
  return std::nullopt;
}

Result<void> refuse_unreadable_parts(const ChatRequest& request) {
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    const std::optional<Content>& content = std::visit(
        [](const auto& message) -> const std::optional<Content>& { return message.content; },
        request.messages[i]);
    if (!content) continue;
    if (std::optional<Error> refused = unreadable_part(*content, i)) return *std::move(refused);
  }
  return {};
}

Result<void> refuse_what_the_template_lacks(const LocalModel& model, const ChatRequest& request,
                                            bool offers_tools) {
  if (offers_tools && (model.tool_calls == nullptr || !model.chat_template->mentions("tools"))) {
    return unsupported(request.tools.empty() ? "functions" : "tools",
                       "This model was not made to call tools; leave them out, or set tool_choice "
                       "to none.");
  }
  // "none" is what a model without reasoning does anyway.
  const bool asks_effort = request.reasoning_effort && *request.reasoning_effort != "none";
  if (asks_effort && !model.chat_template->mentions("reasoning_effort")) {
    return unsupported("reasoning_effort",
                       "This model has no reasoning effort to set; leave it out, or say none.");
  }
  return {};
}

// The functions that the prompt tells of: none where none may be called.
Result<std::vector<FunctionDefinition>> offered_tools(const ChatRequest& request,
                                                      const ToolChoice& choice) {
  Result<std::vector<FunctionDefinition>> tools = protocol::unified_tools(request);
  if (choice.mode == ToolChoice::Mode::none) return std::vector<FunctionDefinition>();
  if (!tools || choice.mode != ToolChoice::Mode::allowed) return tools;
  std::erase_if(*tools, [&choice](const FunctionDefinition& tool) {
    return std::find(choice.allowed_names.begin(), choice.allowed_names.end(), tool.name) ==
           choice.allowed_names.end();
  });
  return tools;
}

std::vector<std::string> names_of(const std::vector<FunctionDefinition>& tools) {
  std::vector<std::string> names;
  names.reserve(tools.size());
  for (const FunctionDefinition& tool : tools) names.push_back(tool.name);
  return names;
}

// The custom tools among those of `request`; a grammar's are judged by the validators.
std::vector<CustomTool> custom_tools_of(const ChatRequest& request,
                                        const LocalConstraint& constraint) {
  std::vector<CustomTool> tools;
  for (const ToolDefinition& tool : request.tools) {
    if (!tool.custom) continue;
    tools.push_back({.name = tool.function.name});
    const auto validator = constraint.call_validators.find(tool.function.name);
    if (validator == constraint.call_validators.end() || !protocol::input_pattern(tool)) continue;
    tools.back().validator = validator->second;
  }
  return tools;
}

engine::SamplingParams read_sampling(const LocalModel& model, const ChatRequest& request,
                                     std::vector<std::string>& ignored) {
  engine::SamplingParams params;
  params.temperature = request.temperature.value_or(1);
  params.top_p = request.top_p.value_or(1);
  params.top_k = std::max<std::int64_t>(request.top_k.value_or(0), 0);
  params.min_p = request.min_p.value_or(0);
  params.frequency_penalty = request.frequency_penalty.value_or(0);
  params.presence_penalty = request.presence_penalty.value_or(0);
  params.repetition_penalty = request.repetition_penalty.value_or(1);
  params.seed = request.seed ? static_cast<std::uint64_t>(*request.seed) : base::random_u64();
  params.logprobs = protocol::wants_logprobs(request);
  params.top_logprobs = static_cast<int>(request.top_logprobs.value_or(0));
  for (const auto& [key, bias] : request.logit_bias) {
    std::uint64_t token = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token);
    if (error == std::errc() && token < model.tokenizer->vocab_size()) {
      params.logit_bias.emplace_back(static_cast<engine::TokenId>(token), bias);
    } else {
      ignored.push_back("logit_bias." + key);  // outside the vocabulary: nothing to bias
    }
  }
  return params;
}

// Whether the template has no place for this message's name. A function's own is no such name: its
// role needs it.
bool ignores_name(const text::TemplateTraits& traits, const Message& message) {
  if (const auto* system = std::get_if<System>(&message)) {
    return system->name && !traits.system_name;
  }
  if (const auto* developer = std::get_if<Developer>(&message)) {
    return developer->name && !traits.system_name;
  }
  if (const auto* user = std::get_if<User>(&message)) return user->name && !traits.user_name;
  if (const auto* assistant = std::get_if<Assistant>(&message)) {
    return assistant->name && !traits.assistant_name;
  }
  const auto* tool = std::get_if<Tool>(&message);
  return tool != nullptr && tool->name && !traits.tool_name;
}

void list_ignored_names(const LocalModel& model, const ChatRequest& request,
                        std::vector<std::string>& ignored) {
  for (std::size_t i = 0; i < request.messages.size(); ++i) {
    if (!ignores_name(model.template_traits, request.messages[i])) continue;
    ignored.push_back("messages[" + std::to_string(i) + "].name");
  }
}

// The rendered prompt. Where fewer tools are offered than the request has, the template sees those.
Result<text::PromptText> render_prompt(const LocalModel& model, const ChatRequest& request,
                                       const std::vector<FunctionDefinition>& tools,
                                       const ToolChoice& choice) {
  std::optional<ChatRequest> narrowed;
  if (choice.mode == ToolChoice::Mode::none || choice.mode == ToolChoice::Mode::allowed) {
    narrowed = request;
    narrowed->functions.clear();
    narrowed->tools.clear();
    for (const FunctionDefinition& tool : tools) {
      narrowed->tools.push_back(
          {.type = "function", .function = tool, .custom = std::nullopt, .extra = {}});
    }
  }
  const Result<text::Value> variables = text::template_variables(
      narrowed ? *narrowed : request, model.template_traits, model.template_input);
  if (!variables) return variables.error();
  text::RenderOptions options;
  options.now = std::chrono::local_seconds(std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch()));
  return model.chat_template->render(*variables, options);
}

Error too_long(const LocalModel& model, const std::string& size) {
  return Error(ErrorKind::invalid_request, "This model's maximum context length is " +
                                               std::to_string(model.context) +
                                               " tokens. However, your messages resulted in " +
                                               size + ". Please reduce the length of the messages.")
      .with_param("messages")
      .with_code("context_length_exceeded");
}

// The prompt's token ids, fewer than the context has.
Result<std::vector<text::TokenId>> encode_prompt(const LocalModel& model,
                                                 const text::PromptText& prompt) {
  // No token is longer than the longest piece, so a text this long cannot fit: said before the
  // work.
  const auto context = static_cast<std::size_t>(model.context);
  if (prompt.text.size() / std::max<std::size_t>(model.longest_piece, 1) >= context) {
    return too_long(model, std::to_string(prompt.text.size()) + " bytes, which is more");
  }
  std::vector<text::TokenId> tokens = model.tokenizer->encode(prompt);
  if (tokens.size() >= context) return too_long(model, std::to_string(tokens.size()) + " tokens");
  if (tokens.empty()) {
    return Error(ErrorKind::invalid_request, "The messages make an empty prompt.")
        .with_param("messages");
  }
  return tokens;
}

// The tokens in which the model would write `bytes`, marks of calls among them; none where they
// cannot be spelled so.
std::vector<text::TokenId> spell(const LocalModel& model, std::string_view bytes) {
  const text::PromptText text{.text = std::string(bytes), .literals = {{0, bytes.size()}}};
  std::vector<text::TokenId> tokens = model.tokenizer->encode(text);
  std::string spelled;
  for (const text::TokenId token : tokens) {
    spelled += model.token_trie->piece(static_cast<std::uint32_t>(token));
  }
  if (spelled != bytes) tokens.clear();
  return tokens;
}

}  // namespace

Result<LocalRequest> read_local_request(const LocalModel& model, const ChatRequest& request) {
  const ToolChoice choice = protocol::effective_tool_choice(request);
  Result<std::vector<FunctionDefinition>> tools = offered_tools(request, choice);
  if (!tools) return std::move(tools).error();
  for (const Result<void>& checked :
       {refuse_unreadable_parts(request),
        refuse_what_the_template_lacks(model, request, !tools->empty())}) {
    if (!checked) return checked.error();
  }

  const Result<text::PromptText> prompt = render_prompt(model, request, *tools, choice);
  if (!prompt) return prompt.error();
  const bool in_reasoning =
      model.reasoning != nullptr && text::ends_in_reasoning(prompt->text, *model.reasoning);
  Result<LocalConstraint> constraint =
      read_constraint(model, request, choice, *tools, in_reasoning);
  if (!constraint) return std::move(constraint).error();
  Result<std::vector<text::TokenId>> tokens = encode_prompt(model, *prompt);
  if (!tokens) return std::move(tokens).error();

  LocalRequest local;
  const std::int64_t room = model.context - static_cast<std::int64_t>(tokens->size());
  local.sequence.prompt = std::move(*tokens);
  local.sequence.max_tokens =
      std::min(protocol::completion_token_cap(request).value_or(room), room);
  local.sequence.min_tokens = request.min_tokens.value_or(0);
  local.sequence.ignore_eos = request.ignore_eos.value_or(false);
  local.sequence.end_tokens = model.end_tokens;
  local.sequence.sampling = read_sampling(model, request, local.ignored);
  local.sequence.cache_salt = request.prompt_cache_key.value_or("");
  local.sequence.constraint = std::move(constraint->constraint);
  if (local.sequence.constraint && model.tokenizer->strips_leading_space()) {
    local.sequence.constraint->strip_first_space();
  }
  local.sequence.encode = [&model](std::string_view bytes) { return spell(model, bytes); };
  list_ignored_names(model, request, local.ignored);
  local.text = {.index = 0,
                .stop = request.stop,
                .tool_calls = tools->empty() ? nullptr : model.tool_calls,
                .tool_names = names_of(*tools),
                .custom_tools = custom_tools_of(request, *constraint),
                .one_call_only = !request.parallel_tool_calls.value_or(true),
                .as_function_call = protocol::answers_with_function_call(request),
                .logprobs = local.sequence.sampling.logprobs,
                .reasoning = model.reasoning,
                .reasoning_begun = in_reasoning};
  local.text.validator = std::move(constraint->validator);
  local.choices = request.n.value_or(1);
  if (local.choices > 1) local.sequence.prompt_group = base::random_u64() | 1;
  return local;
}

}  // namespace retort::provider
