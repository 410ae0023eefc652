#include "client/stored.h"

#include <utility>

#include "base/json_view.h"
#include "base/json_writer.h"
#include "client/base_url.h"
#include "protocol/chat_reader.h"

namespace retort::client {
namespace {

using base::JsonView;

Error malformed(const std::string& what) {
  return {ErrorKind::malformed, "the list cannot be read: " + what};
}

void add_parameter(std::string& query, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  query += query.empty() ? '?' : '&';
  query += encoded_segment(name);
  query += '=';
  query += encoded_segment(value);
}

std::string text_member(const JsonView& object, std::string_view name) {
  const auto member = object.find(name);
  return member ? member->string() : std::string();
}

// A page whose elements `read` reads.
template <typename T, typename Read>
Result<Page<T>> read_page(std::string_view json, const Read& read) {
  const Result<JsonView> view = JsonView::parse(json, {.kind = ErrorKind::malformed});
  if (!view) return malformed(view.error().message());
  const auto data = view->find("data");
  if (!data || !data->is_array()) return malformed("it has no array 'data'");
  Page<T> page;
  for (const JsonView& element : data->elements()) {
    Result<T> item = read(element);
    if (!item) {
      return malformed("data[" + std::to_string(page.data.size()) + "]: " + item.error().message());
    }
    page.data.push_back(std::move(*item));
  }
  page.first_id = text_member(*view, "first_id");
  page.last_id = text_member(*view, "last_id");
  const auto more = view->find("has_more");
  page.has_more = more && more->boolean();
  return page;
}

Result<StoredMessage> read_message(const JsonView& object) {
  if (!object.is_object()) return malformed("a message is an object");
  StoredMessage message;
  for (const auto& [name, value] : object.members()) {
    if (value.is_null()) continue;
    if (name == "id") {
      message.id = value.string();
    } else if (name == "role") {
      message.role = value.string();
    } else if (name == "name") {
      message.name = value.string();
    } else if (name == "content") {
      Result<std::optional<Content>> content = protocol::read_message_content(value.text());
      if (!content) return std::move(content).error();
      message.content = std::move(*content);
    } else {
      message.extra.emplace_back(name, value.json());
    }
  }
  return message;
}

}  // namespace

std::string list_query(const ListOptions& list) {
  std::string query;
  add_parameter(query, "after", list.after);
  if (list.limit) add_parameter(query, "limit", std::to_string(*list.limit));
  add_parameter(query, "order", list.order);
  add_parameter(query, "model", list.model);
  for (const auto& [key, value] : list.metadata) {
    add_parameter(query, "metadata[" + key + "]", value);
  }
  return query;
}

std::string metadata_body(const ChatService::Metadata& metadata) {
  std::string out = "{\"metadata\":{";
  char before = 0;
  for (const auto& [key, value] : metadata) {
    if (before != 0) out += before;
    before = ',';
    base::append_json_string(out, key);
    out += ':';
    base::append_json_string(out, value);
  }
  return out + "}}";
}

Result<ChatCompletion> read_stored_completion(std::string_view json) {
  return protocol::read_chat_completion(json);
}

Result<Page<ChatCompletion>> read_completion_page(std::string_view json) {
  return read_page<ChatCompletion>(
      json, [](const JsonView& element) { return protocol::read_chat_completion(element.text()); });
}

Result<Page<StoredMessage>> read_message_page(std::string_view json) {
  return read_page<StoredMessage>(json, read_message);
}

}  // namespace retort::client
