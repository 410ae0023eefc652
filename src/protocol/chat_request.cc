// The table of the request's fields: one row a field, in alphabetical order.
#include "protocol/chat_request.h"

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/request_parts.h"

namespace retort::protocol {
namespace {

using Request = ChatRequest;

constexpr std::array<std::string_view, 7> kEfforts = {"none", "minimal", "low", "medium",
                                                      "high", "xhigh",   "max"};
constexpr std::array<std::string_view, 6> kTiers = {"auto",  "default",  "flex",
                                                    "scale", "priority", "fast"};
constexpr std::array<std::string_view, 3> kVerbosities = {"low", "medium", "high"};
constexpr std::array<std::string_view, 3> kRetentions = {"in_memory", "in-memory", "24h"};
constexpr std::size_t kChoicesMax = 1024;
constexpr LengthRange kSomeText{1};

// Rows of one kind.
template <std::optional<double> Request::* kMember, NumberRange kRange>
void read_number(FieldReader& in, const JsonView& value, const Path& path, Request& out) {
  in.number(value, path, kRange, out.*kMember);
}

template <std::optional<std::int64_t> Request::* kMember, IntegerRange kRange>
void read_integer(FieldReader& in, const JsonView& value, const Path& path, Request& out) {
  in.integer(value, path, kRange, out.*kMember);
}

template <std::optional<bool> Request::* kMember>
void read_boolean(FieldReader& in, const JsonView& value, const Path& path, Request& out) {
  in.boolean(value, path, out.*kMember);
}

template <std::optional<std::string> Request::* kMember, LengthRange kLength = LengthRange{}>
void read_string(FieldReader& in, const JsonView& value, const Path& path, Request& out) {
  in.string(value, path, out.*kMember, kLength);
}

template <auto kMember, auto kRead>
void read_by(FieldReader& in, const JsonView& value, const Path& path, Request& out) {
  kRead(in, value, path, out.*kMember);
}

// Rows that refuse.
void refuse_audio(FieldReader& in, const JsonView&, const Path& path, Request&) {
  in.refuse_unsupported(path, ": answers are text only");
}

void refuse_field(FieldReader& in, const JsonView&, const Path& path, Request&) {
  in.refuse_unsupported(path, " by this server");
}

void read_store(FieldReader& in, const JsonView& value, const Path& path, Request& out) {
  in.boolean(value, path, out.store);
  if (out.store == true) {
    in.refuse_unsupported(path, ": this server keeps no completions");
  }
}

// Rows with a rule of their own.
void read_model(FieldReader& in, const JsonView& value, const Path& path, Request& out) {
  in.string(value, path, out.model, kSomeText);
}

void read_effort(FieldReader& in, const JsonView& value, const Path& path, Request& out) {
  in.word(value, path, kEfforts, out.reasoning_effort);
}

// An open string: one that is not known is served as auto, and said to be.
void read_tier(FieldReader& in, const JsonView& value, const Path& path, Request& out) {
  in.string(value, path, out.service_tier);
  if (out.service_tier &&
      std::find(kTiers.begin(), kTiers.end(), *out.service_tier) == kTiers.end()) {
    in.ignored().add(path.encoded());
  }
}

void read_grammar(FieldReader& in, const JsonView& value, const Path& path, Request& out) {
  if (out.guided_grammar) {
    return in.refuse(
        path, "invalid_value",
        "Invalid value for '" + path.text() + "': 'grammar' and 'guided_grammar' are one field.");
  }
  in.string(value, path, out.guided_grammar, kSomeText);
}

void read_choices(FieldReader& in, const JsonView& value, const Path& path, Request& out) {
  for (const JsonView& element : in.array(value, path, {1, kChoicesMax})) {
    in.string(element, path, out.guided_choice.emplace_back(), kSomeText);
  }
}

// Rows without an effect, declared as such: what they ask for is what happens.
void read_verbosity(FieldReader& in, const JsonView& value, const Path& path, Request& out) {
  in.word(value, path, kVerbosities, out.verbosity);
  if (in.failed() || out.verbosity == "medium") return;
  in.refuse(path, "unsupported_value",
            "Unsupported value: 'verbosity' does not support '" + *out.verbosity +
                "' with this model. Supported values are: 'medium'.");
}

void read_retention(FieldReader& in, const JsonView& value, const Path& path, Request& out) {
  in.word(value, path, kRetentions, out.prompt_cache_retention);
}

constexpr NumberRange kPenalty{-2, 2};
constexpr IntegerRange kPositive{.min = 1};

constexpr std::array<Field<Request>, 46> kFields = {{
    {"audio", refuse_audio},
    {"frequency_penalty", read_number<&Request::frequency_penalty, kPenalty>},
    {"function_call", read_by<&Request::function_call, read_function_call>},
    {"functions", read_by<&Request::functions, read_functions>},
    {"grammar", read_grammar},
    {"guided_choice", read_choices},
    {"guided_grammar", read_grammar},
    {"guided_regex", read_string<&Request::guided_regex, kSomeText>},
    {"ignore_eos", read_boolean<&Request::ignore_eos>},
    {"logit_bias", read_by<&Request::logit_bias, read_logit_bias>},
    {"logprobs", read_boolean<&Request::logprobs>},
    {"max_completion_tokens", read_integer<&Request::max_completion_tokens, kPositive>},
    {"max_tokens", read_integer<&Request::max_tokens, kPositive>},
    {"messages", read_by<&Request::messages, read_messages>},
    {"metadata", read_by<&Request::metadata, read_metadata>},
    {"min_p", read_number<&Request::min_p, NumberRange{0, 1}>},
    {"min_tokens", read_integer<&Request::min_tokens, IntegerRange{.min = 0}>},
    {"modalities", read_by<&Request::modalities, read_modalities>},
    {"model", read_model},
    {"moderation", refuse_field},
    {"n", read_integer<&Request::n, IntegerRange{1, 128}>},
    {"parallel_tool_calls", read_boolean<&Request::parallel_tool_calls>},
    {"prediction", refuse_field},
    {"presence_penalty", read_number<&Request::presence_penalty, kPenalty>},
    {"prompt_cache_key", read_string<&Request::prompt_cache_key>},
    {"prompt_cache_options", read_by<&Request::prompt_cache_options, read_prompt_cache_options>},
    {"prompt_cache_retention", read_retention},
    {"reasoning_effort", read_effort},
    {"repetition_penalty",
     read_number<&Request::repetition_penalty, NumberRange{.min = 0, .above_min = true}>},
    {"response_format", read_by<&Request::response_format, read_response_format>},
    {"safety_identifier", read_string<&Request::safety_identifier, LengthRange{0, 64}>},
    {"seed", read_integer<&Request::seed, IntegerRange{}>},
    {"service_tier", read_tier},
    {"stop", read_by<&Request::stop, read_stop>},
    {"store", read_store},
    {"stream", read_boolean<&Request::stream>},
    {"stream_options", read_by<&Request::stream_options, read_stream_options>},
    {"temperature", read_number<&Request::temperature, NumberRange{0, 2}>},
    {"tool_choice", read_by<&Request::tool_choice, read_tool_choice>},
    {"tools", read_by<&Request::tools, read_tools>},
    {"top_k", read_integer<&Request::top_k, IntegerRange{.min = -1}>},
    {"top_logprobs", read_integer<&Request::top_logprobs, IntegerRange{0, 20}>},
    {"top_p", read_number<&Request::top_p, NumberRange{0, 1}>},
    {"user", read_string<&Request::user>},
    {"verbosity", read_verbosity},
    {"web_search_options", refuse_field},
}};

Result<JsonView> view_of(std::string_view body) {
  Result<JsonView> view = JsonView::parse(body);
  if (!view) {
    return Error(ErrorKind::invalid_request, "We could not parse the JSON body of your request: " +
                                                 view.error().message() + ".");
  }
  if (view->is_object()) return view;
  return Error(ErrorKind::invalid_request,
               "We could not parse the JSON body of your request: it must be an object.");
}

}  // namespace

std::vector<std::string_view> request_field_names() {
  std::vector<std::string_view> names;
  for (const Field<Request>& field : kFields) names.push_back(field.name);
  return names;
}

Result<ParsedRequest> parse_chat_request(std::string_view body) {
  const Result<JsonView> view = view_of(body);
  if (!view) return view.error();
  FieldReader in;
  ParsedRequest parsed;
  const Path path;
  read_members<Request>(in, *view, path, kFields, parsed.request, &parsed.request.extra);
  if (!in.failed()) {
    in.require(*view, path, "model");
    in.require(*view, path, "messages");
    check_options(in, parsed.request);
    check_tools(in, parsed.request);
  }
  if (in.failed()) return in.take_error();
  parsed.ignored = std::move(in.ignored());
  return parsed;
}

}  // namespace retort::protocol
