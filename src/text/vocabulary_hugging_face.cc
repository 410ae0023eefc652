// Reads a tokenizer from a Hugging Face folder: tokenizer.json, and beside it what transformers
// reads too: tokenizer_config.json (which tokens are bos and eos, the chat template),
// chat_template.jinja and generation_config.json (which tokens end an answer).
#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "text/vocabulary.h"

namespace retort::text {
namespace {

namespace json = boost::json;

constexpr std::uintmax_t kTokenizerBytesMax = 256u << 20;
constexpr std::uintmax_t kOtherBytesMax = 16u << 20;

// The whole file; nothing where there is none.
Result<std::optional<std::string>> read_file(const std::filesystem::path& path,
                                             std::uintmax_t bytes_max) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::optional<std::string>();
  const std::uintmax_t bytes = std::filesystem::file_size(path, error);
  if (error) return Error(ErrorKind::io, path.string() + ": " + error.message());
  if (bytes > bytes_max) {
    return Error(ErrorKind::malformed,
                 path.string() + ": is larger than " + std::to_string(bytes_max >> 20) + " MiB");
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(static_cast<std::size_t>(bytes), '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(bytes))) {
    return Error(ErrorKind::io, path.string() + ": cannot be read");
  }
  return std::optional<std::string>(std::move(text));
}

// The file's JSON object; an empty one where there is no file.
Result<json::object> read_object(const std::filesystem::path& path) {
  auto text = read_file(path, kOtherBytesMax);
  if (!text) return std::move(text).error();
  if (!*text) return json::object();
  json::error_code error;
  json::value root = json::parse(**text, error);
  if (error || !root.is_object()) {
    return Error(ErrorKind::malformed, path.string() + ": is no JSON object");
  }
  return std::move(root.get_object());
}

// A token's text: a string, or an object with `content`.
std::string_view token_text(const json::object& config, std::string_view key) {
  const json::value* value = config.if_contains(key);
  if (value == nullptr) return {};
  if (const json::object* token = value->if_object()) value = token->if_contains("content");
  const json::string* text = value != nullptr ? value->if_string() : nullptr;
  return text != nullptr ? std::string_view(text->data(), text->size()) : std::string_view();
}

void read_flag(const json::object& config, std::string_view key, bool& flag) {
  const json::value* value = config.if_contains(key);
  if (value != nullptr && value->is_bool()) flag = value->get_bool();
}

Result<void> read_token(const std::string& file, const json::object& config, std::string_view key,
                        Vocabulary& vocabulary, std::optional<TokenId>& id) {
  const std::string_view text = token_text(config, key);
  if (text.empty()) return {};
  const auto found = std::ranges::find(vocabulary.tokens, text, &Token::text);
  if (found == vocabulary.tokens.end()) {
    return Error(ErrorKind::malformed, file + ": " + std::string(key) + ": \"" +
                                           std::string(text.substr(0, 100)) +
                                           "\" is not in the vocabulary");
  }
  id = static_cast<TokenId>(found - vocabulary.tokens.begin());
  return {};
}

// A string, or [{"name", "template"}, ...].
void read_chat_templates(const json::object& config, Vocabulary& vocabulary) {
  const json::value* value = config.if_contains("chat_template");
  if (value == nullptr) return;
  if (const json::string* text = value->if_string()) {
    vocabulary.chat_templates["default"] = std::string(*text);
  }
  if (!value->is_array()) return;
  for (const json::value& entry : value->get_array()) {
    const json::object* fields = entry.if_object();
    if (fields == nullptr) continue;
    const json::value* name = fields->if_contains("name");
    const json::value* text = fields->if_contains("template");
    if (name == nullptr || text == nullptr || !name->is_string() || !text->is_string()) continue;
    vocabulary.chat_templates[std::string(name->get_string())] = std::string(text->get_string());
  }
}

Result<void> read_tokenizer_config(const std::filesystem::path& path, Vocabulary& vocabulary) {
  auto config = read_object(path);
  if (!config) return std::move(config).error();
  const std::string file = path.string();
  struct Named {
    std::string_view key;
    std::optional<TokenId>& id;
  };
  for (const Named& named :
       {Named{"bos_token", vocabulary.beginning}, Named{"eos_token", vocabulary.end},
        Named{"pad_token", vocabulary.padding}}) {
    Result<void> done = read_token(file, *config, named.key, vocabulary, named.id);
    if (!done) return done;
  }
  read_flag(*config, "add_bos_token", vocabulary.adds_beginning);
  read_flag(*config, "add_eos_token", vocabulary.adds_end);
  read_chat_templates(*config, vocabulary);
  return {};
}

// eos_token_id: a number or several. Ids outside the vocabulary belong to no token.
Result<void> read_ends(const std::filesystem::path& path, Vocabulary& vocabulary) {
  auto config = read_object(path);
  if (!config) return std::move(config).error();
  const json::value* ids = config->if_contains("eos_token_id");
  if (ids == nullptr) return {};
  const auto add = [&vocabulary](const json::value& value) {
    const std::int64_t* id = value.if_int64();
    if (id == nullptr || *id < 0) return;
    if (*id >= static_cast<std::int64_t>(vocabulary.tokens.size())) return;
    vocabulary.end_of_generation.push_back(static_cast<TokenId>(*id));
  };
  add(*ids);
  if (!ids->is_array()) return {};
  for (const json::value& id : ids->get_array()) add(id);
  return {};
}

}  // namespace

Result<Vocabulary> vocabulary_from_hugging_face(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "tokenizer.json";
  auto text = read_file(path, kTokenizerBytesMax);
  if (!text) return std::move(text).error();
  if (!*text) return Error(ErrorKind::io, path.string() + ": there is no such file");
  auto vocabulary = vocabulary_from_tokenizer_json(**text, path.string());
  if (!vocabulary) return vocabulary;

  Result<void> done = read_tokenizer_config(folder / "tokenizer_config.json", *vocabulary);
  if (!done) return std::move(done).error();
  auto chat_template = read_file(folder / "chat_template.jinja", kOtherBytesMax);
  if (!chat_template) return std::move(chat_template).error();
  if (*chat_template) vocabulary->chat_templates["default"] = std::move(**chat_template);
  for (const char* file : {"config.json", "generation_config.json"}) {
    if (done = read_ends(folder / file, *vocabulary); !done) return std::move(done).error();
  }
  add_known_ends(*vocabulary);
  return vocabulary;
}

}  // namespace retort::text
