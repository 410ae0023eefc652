// A message's content: a string, an array of parts, or, as some clients send it, of bare strings.
#include <array>
#include <utility>

#include "protocol/chat_request.h"
#include "protocol/request_parts.h"

namespace retort::protocol {
namespace {

using Parts = std::vector<ContentPart>;

constexpr std::array<std::string_view, 3> kDetails = {"auto", "low", "high"};
constexpr std::array<std::string_view, 5> kPartTypes = {"text", "image_url", "input_audio", "file",
                                                        "video_url"};
constexpr std::array<std::string_view, 2> kAssistantPartTypes = {"text", "refusal"};

constexpr std::array<Field<TextPart>, 2> kTextFields = {{
    {"type", skip_field},
    {"text", [](FieldReader& in, const JsonView& value, const Path& path,
                TextPart& part) { in.string(value, path, part.text); }},
}};

constexpr std::array<Field<RefusalPart>, 2> kRefusalFields = {{
    {"type", skip_field},
    {"refusal", [](FieldReader& in, const JsonView& value, const Path& path,
                   RefusalPart& part) { in.string(value, path, part.refusal); }},
}};

constexpr std::array<Field<ImagePart>, 2> kImageUrlFields = {{
    {"url", [](FieldReader& in, const JsonView& value, const Path& path,
               ImagePart& part) { in.string(value, path, part.url, {1}); }},
    {"detail", [](FieldReader& in, const JsonView& value, const Path& path,
                  ImagePart& part) { in.word(value, path, kDetails, part.detail); }},
}};

constexpr std::array<Field<ImagePart>, 2> kImageFields = {{
    {"type", skip_field},
    {"image_url",
     [](FieldReader& in, const JsonView& value, const Path& path, ImagePart& part) {
       if (!in.is_object(value, path)) return;
       in.require(value, path, "url");
       read_members<ImagePart>(in, value, path, kImageUrlFields, part, nullptr);
     }},
}};

void read_text(FieldReader& in, const JsonView& value, const Path& path, Parts& parts) {
  TextPart part;
  in.require(value, path, "text");
  read_members<TextPart>(in, value, path, kTextFields, part, &part.extra);
  parts.push_back(std::move(part));
}

void read_refusal(FieldReader& in, const JsonView& value, const Path& path, Parts& parts) {
  RefusalPart part;
  in.require(value, path, "refusal");
  read_members<RefusalPart>(in, value, path, kRefusalFields, part, nullptr);
  parts.push_back(std::move(part));
}

void read_image(FieldReader& in, const JsonView& value, const Path& path, Parts& parts) {
  ImagePart part;
  in.require(value, path, "image_url");
  read_members<ImagePart>(in, value, path, kImageFields, part, &part.extra);
  parts.push_back(std::move(part));
}

void read_part(FieldReader& in, const JsonView& value, const Path& path, ContentRules rules,
               Parts& parts) {
  if (value.is_string()) return parts.push_back(TextPart{.text = value.string()});
  if (!value.is_object()) return in.refuse_type(path, "one of a string or an object", value);
  const Path type_path(path, "type");
  in.require(value, path, "type");
  if (in.failed()) return;
  std::string type;
  in.string(*value.find("type"), type_path, type);
  if (in.failed()) return;
  if (type == "text") return read_text(in, value, path, parts);
  if (type == "refusal" && rules.refusals) return read_refusal(in, value, path, parts);
  // Atoma's service takes "image" as well.
  if (type == "image_url" || type == "image") return read_image(in, value, path, parts);
  if (type == "input_audio" || type == "file" || type == "video_url") {
    return parts.push_back(OtherPart{.type = type, .value = value.json()});
  }
  if (rules.refusals) return in.refuse_value(type_path, type, kAssistantPartTypes);
  in.refuse_value(type_path, type, kPartTypes);
}

}  // namespace

void read_content(FieldReader& in, const JsonView& value, const Path& path, ContentRules rules,
                  std::optional<Content>& out) {
  if (value.is_string()) {
    out = value.string();
    return;
  }
  if (!value.is_array()) {
    return in.refuse_type(path, "one of a string or array of objects", value);
  }
  Parts parts;
  bool only_strings = true;
  for (const JsonView& element : in.array(value, path, {rules.may_be_empty ? 0u : 1u})) {
    read_part(in, element, Path(path, parts.size()), rules, parts);
    only_strings = only_strings && element.is_string();
    if (in.failed()) return;
  }
  if (in.failed() || parts.empty()) return;
  Content content = std::move(parts);
  out = only_strings ? Content(text_of(content)) : std::move(content);
}

std::string text_of(const Content& content) {
  if (const auto* text = std::get_if<std::string>(&content)) return *text;
  std::string joined;
  for (const ContentPart& part : *std::get_if<Parts>(&content)) {
    if (const auto* text = std::get_if<TextPart>(&part)) joined += text->text;
    if (const auto* refusal = std::get_if<RefusalPart>(&part)) joined += refusal->refusal;
  }
  return joined;
}

}  // namespace retort::protocol
