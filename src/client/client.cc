// Client, and the lists and objects that are read from a server.
#include <utility>

#include <retort/client.h>

#include "base/json_view.h"
#include "client/core.h"
#include "client/stored.h"
#include "protocol/model_list.h"

namespace retort {
namespace {

using client::Answer;
using client::ApiRequest;
using client::encoded_segment;

template <typename T>
T or_throw(Result<T> result) {
  if (!result) throw_error(std::move(result).error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// The answer to a GET, read by `read`.
template <typename Read>
auto get(const client::Core& core, Result<std::string> path, const RequestOptions& options,
         const Read& read) -> decltype(read(std::string_view())) {
  if (!path) return std::move(path).error();
  const Result<Answer> answer = core.run({.path = std::move(*path)}, options);
  if (!answer) return answer.error();
  return read(std::string_view(answer->body));
}

// The path of one object. These ids would name the list, or a path above it.
Result<std::string> object_path(std::string_view list, std::string_view id) {
  if (id.empty() || id == "." || id == "..") {
    return Error(ErrorKind::invalid_request,
                 "an id is one of those that a list gives, not '" + std::string(id) + "'")
        .with_param("id");
  }
  return std::string(list) + "/" + encoded_segment(id);
}

Result<std::string> stored_path(std::string_view id) {
  return object_path("/chat/completions", id);
}

}  // namespace

Client::Client(ClientOptions options) : core_(std::make_shared<client::Core>(std::move(options))) {}

Result<std::vector<ModelInfo>> Client::try_models(const RequestOptions& options) const {
  return get(*core_, std::string("/models"), options, protocol::read_model_list);
}
std::vector<ModelInfo> Client::models(const RequestOptions& options) const {
  return or_throw(try_models(options));
}

Result<ModelInfo> Client::try_model(std::string_view id, const RequestOptions& options) const {
  return get(*core_, object_path("/models", id), options, protocol::read_model);
}
ModelInfo Client::model(std::string_view id, const RequestOptions& options) const {
  return or_throw(try_model(id, options));
}

Result<Health> Client::try_health(const RequestOptions& options) const {
  const Result<Answer> answer = core_->run({.path = "/health", .beside_api = true}, options);
  if (!answer) return answer.error();
  Health health{.status = "ok"};
  if (answer->body.empty()) return health;  // as vLLM answers
  Result<Json> body = Json::parse(answer->body);
  if (!body) {
    return Error(ErrorKind::malformed, "the answer cannot be read: " + body.error().message());
  }
  health.body = std::move(*body);
  const auto status = base::JsonView::checked(health.body.text()).find("status");
  if (status && status->is_string()) health.status = status->string();
  return health;
}
Health Client::health(const RequestOptions& options) const {
  return or_throw(try_health(options));
}

// ---- Stored completions.

Result<Page<ChatCompletion>> ChatService::try_list(const ListOptions& list,
                                                   const RequestOptions& options) const {
  return get(*core_, "/chat/completions" + client::list_query(list), options,
             client::read_completion_page);
}
Page<ChatCompletion> ChatService::list(const ListOptions& list,
                                       const RequestOptions& options) const {
  return or_throw(try_list(list, options));
}

Result<ChatCompletion> ChatService::try_retrieve(std::string_view id,
                                                 const RequestOptions& options) const {
  return get(*core_, stored_path(id), options, client::read_stored_completion);
}
ChatCompletion ChatService::retrieve(std::string_view id, const RequestOptions& options) const {
  return or_throw(try_retrieve(id, options));
}

Result<ChatCompletion> ChatService::try_update(std::string_view id, const Metadata& metadata,
                                               const RequestOptions& options) const {
  Result<std::string> path = stored_path(id);
  if (!path) return std::move(path).error();
  const Result<Answer> answer = core_->run(
      {.method = "POST", .path = std::move(*path), .body = client::metadata_body(metadata)},
      options);
  if (!answer) return answer.error();
  return client::read_stored_completion(answer->body);
}
ChatCompletion ChatService::update(std::string_view id, const Metadata& metadata,
                                   const RequestOptions& options) const {
  return or_throw(try_update(id, metadata, options));
}

Result<void> ChatService::try_remove(std::string_view id, const RequestOptions& options) const {
  Result<std::string> path = stored_path(id);
  if (!path) return std::move(path).error();
  const Result<Answer> answer = core_->run({.method = "DELETE", .path = std::move(*path)}, options);
  if (!answer) return answer.error();
  return {};
}
void ChatService::remove(std::string_view id, const RequestOptions& options) const {
  if (Result<void> removed = try_remove(id, options); !removed) {
    throw_error(std::move(removed).error());
  }
}

Result<Page<StoredMessage>> ChatService::try_messages(std::string_view id, const ListOptions& list,
                                                      const RequestOptions& options) const {
  Result<std::string> path = stored_path(id);
  if (path) *path += "/messages" + client::list_query(list);
  return get(*core_, std::move(path), options, client::read_message_page);
}
Page<StoredMessage> ChatService::messages(std::string_view id, const ListOptions& list,
                                          const RequestOptions& options) const {
  return or_throw(try_messages(id, list, options));
}

}  // namespace retort
