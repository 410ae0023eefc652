// The options with a form of their own: stop, logit_bias, metadata, response_format and the like.
#include <algorithm>
#include <array>
#include <utility>

#include "protocol/chat_request.h"
#include "protocol/request_parts.h"

namespace retort::protocol {
namespace {

constexpr std::size_t kStopsMax = 4;
constexpr std::size_t kMetadataMax = 16;
constexpr std::size_t kMetadataKeyMax = 64;
constexpr std::size_t kMetadataValueMax = 512;
constexpr NumberRange kBiasRange{-100, 100};

// A token id as logit_bias has it: decimal, no sign, no zero in front, within 63 bits.
bool is_token_id(std::string_view key) {
  const bool digits = key.find_first_not_of("0123456789") == std::string_view::npos;
  return digits && !key.empty() && key.size() <= 18 && (key.size() == 1 || key.front() != '0');
}

constexpr std::array<Field<StreamOptions>, 2> kStreamFields = {{
    {"include_usage", [](FieldReader& in, const JsonView& value, const Path& path,
                         StreamOptions& out) { in.boolean(value, path, out.include_usage); }},
    {"include_obfuscation",
     [](FieldReader& in, const JsonView& value, const Path& path, StreamOptions& out) {
       in.boolean(value, path, out.include_obfuscation);
     }},
}};

constexpr std::array<Field<PromptCacheOptions>, 2> kCacheFields = {{
    {"mode", [](FieldReader& in, const JsonView& value, const Path& path,
                PromptCacheOptions& out) { in.string(value, path, out.mode); }},
    {"ttl", [](FieldReader& in, const JsonView& value, const Path& path,
               PromptCacheOptions& out) { in.string(value, path, out.ttl); }},
}};

// ---- response_format.

using Format = ResponseFormat;

constexpr std::array<std::string_view, 3> kFormats = {"text", "json_object", "json_schema"};

void set_format(FieldReader& in, const JsonView& value, const Path& path, Format& format) {
  std::optional<std::string> word;
  in.word(value, path, kFormats, word);
  if (word == "json_object") format.type = Format::Type::json_object;
  if (word == "json_schema") format.type = Format::Type::json_schema;
}

constexpr std::array<Field<Format>, 4> kSchemaFields = {{
    {"name", [](FieldReader& in, const JsonView& value, const Path& path,
                Format& format) { in.identifier(value, path, format.name); }},
    {"description", [](FieldReader& in, const JsonView& value, const Path& path,
                       Format& format) { in.string(value, path, format.description); }},
    {"schema",
     [](FieldReader& in, const JsonView& value, const Path& path, Format& format) {
       if (in.is_object(value, path)) format.schema = value.json();
     }},
    {"strict", [](FieldReader& in, const JsonView& value, const Path& path,
                  Format& format) { in.boolean(value, path, format.strict); }},
}};

constexpr std::array<Field<Format>, 2> kFormatFields = {{
    {"type", set_format},
    {"json_schema",
     [](FieldReader& in, const JsonView& value, const Path& path, Format& format) {
       if (!in.is_object(value, path)) return;
       in.require(value, path, "name");
       read_members<Format>(in, value, path, kSchemaFields, format, nullptr);
     }},
}};

bool asks_for_json(const std::optional<ResponseFormat>& format) {
  return format && format->type != Format::Type::text;
}

// At most one thing may say what the text must be.
void check_constraints(FieldReader& in, const ChatRequest& request) {
  const bool given[] = {asks_for_json(request.response_format), !request.guided_choice.empty(),
                        request.guided_grammar.has_value(), request.guided_regex.has_value()};
  constexpr std::string_view kNames[] = {"response_format", "guided_choice", "guided_grammar",
                                         "guided_regex"};
  const Path body;
  std::string_view first;
  for (std::size_t i = 0; i < std::size(given); ++i) {
    if (!given[i]) continue;
    if (first.empty()) {
      first = kNames[i];
      continue;
    }
    in.refuse(Path(body, kNames[i]), "invalid_value",
              "Invalid value for '" + std::string(kNames[i]) + "': the answer is constrained by '" +
                  std::string(first) + "' already.");
  }
}

}  // namespace

void read_stop(FieldReader& in, const JsonView& value, const Path& path,
               std::vector<std::string>& out) {
  if (value.is_string()) return in.string(value, path, out.emplace_back(), {1});
  if (!value.is_array()) {
    return in.refuse_type(path, "one of a string or array of strings", value);
  }
  // An entry at fault is refused as the field, so that clients find it by its name.
  for (const JsonView& element : in.array(value, path, {0, kStopsMax})) {
    in.string(element, path, out.emplace_back(), {1});
  }
}

void read_logit_bias(FieldReader& in, const JsonView& value, const Path& path,
                     std::map<std::string, double>& out) {
  if (!in.is_object(value, path)) return;
  for (const JsonMember& member : value.members()) {
    if (!is_token_id(member.key)) {
      return in.refuse(path, "invalid_value",
                       "Invalid key in 'logit_bias': " + quoted(member.key) +
                           ". Keys are token ids, non-negative integers in decimal.");
    }
    std::optional<double> bias;
    in.number(member.value, path, kBiasRange, bias);
    if (in.failed()) return;
    out.emplace(member.key, *bias);
  }
}

void read_metadata(FieldReader& in, const JsonView& value, const Path& path,
                   std::vector<std::pair<std::string, std::string>>& out) {
  if (!in.is_object(value, path)) return;
  const std::vector<JsonMember> members = value.members();
  if (members.size() > kMetadataMax) {
    return in.refuse(path, "object_above_max_properties",
                     "Invalid 'metadata': too many properties. Expected an object with at most " +
                         std::to_string(kMetadataMax) + " properties, but got an object with " +
                         std::to_string(members.size()) + " properties instead.");
  }
  for (const JsonMember& member : members) {
    in.check_length(member.key, path, {0, kMetadataKeyMax});
    std::string text;
    in.string(member.value, path, text, {0, kMetadataValueMax});
    if (in.failed()) return;
    out.emplace_back(member.key, std::move(text));
  }
}

void read_response_format(FieldReader& in, const JsonView& value, const Path& path,
                          std::optional<ResponseFormat>& out) {
  ResponseFormat format;
  if (value.is_string()) {
    // Atoma's documentation shows the bare word.
    set_format(in, value, path, format);
  } else if (value.is_object()) {
    in.require(value, path, "type");
    read_members<ResponseFormat>(in, value, path, kFormatFields, format, nullptr);
  } else {
    in.refuse_type(path, "one of a string or an object", value);
  }
  if (!in.failed() && format.type == Format::Type::json_schema && format.name.empty()) {
    in.refuse_missing(Path(path, "json_schema"));
  }
  out = std::move(format);
}

void read_stream_options(FieldReader& in, const JsonView& value, const Path& path,
                         std::optional<StreamOptions>& out) {
  if (!in.is_object(value, path)) return;
  read_members<StreamOptions>(in, value, path, kStreamFields, out.emplace(), nullptr);
}

void read_modalities(FieldReader& in, const JsonView& value, const Path& path,
                     std::vector<std::string>& out) {
  for (const JsonView& element : in.array(value, path, {1})) {
    std::string modality;
    in.string(element, path, modality);
    if (!in.failed() && modality != "text") {
      in.refuse_unsupported(path, " but for 'text': answers are text only");
    }
    out.push_back(std::move(modality));
  }
}

void read_prompt_cache_options(FieldReader& in, const JsonView& value, const Path& path,
                               std::optional<PromptCacheOptions>& out) {
  if (!in.is_object(value, path)) return;
  PromptCacheOptions& options = out.emplace();
  read_members<PromptCacheOptions>(in, value, path, kCacheFields, options, &options.extra);
}

void check_options(FieldReader& in, const ChatRequest& request) {
  const Path body;
  if (request.stream_options && !request.stream.value_or(false)) {
    in.refuse(Path(body, "stream_options"), "invalid_value",
              "The 'stream_options' parameter is only allowed when 'stream' is enabled.");
  }
  if (request.logprobs == false && request.top_logprobs.value_or(0) > 0) {
    in.refuse(Path(body, "top_logprobs"), "invalid_value",
              "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.");
  }
  const std::optional<std::int64_t> cap = completion_token_cap(request);
  if (cap && request.min_tokens.value_or(0) > *cap) {
    in.refuse(Path(body, "min_tokens"), "invalid_value",
              "Invalid value for 'min_tokens': it is above the cap of " + std::to_string(*cap) +
                  " tokens.");
  }
  check_constraints(in, request);
}

std::optional<std::int64_t> completion_token_cap(const ChatRequest& request) {
  return request.max_completion_tokens ? request.max_completion_tokens : request.max_tokens;
}

bool wants_logprobs(const ChatRequest& request) {
  return request.logprobs.value_or(request.top_logprobs.has_value());
}

}  // namespace retort::protocol
