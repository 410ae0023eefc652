// Client: chat completions from any OpenAI-compatible server.
//
//   retort::ClientOptions options;
//   options.base_url = "http://127.0.0.1:8080";
//   retort::Client client(options);
//   retort::ChatRequest request;
//   request.model = "retort-tiny";
//   request.messages.push_back(retort::User{.content = "Hello!"});
//   auto answer = client.chat().create(request);
//
// Each method throws a child of retort::Error; its twin try_... returns a Result instead and never
// throws. Nothing here needs setting up or shutting down.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <retort/chat.h>
#include <retort/error.h>
#include <retort/future.h>
#include <retort/json.h>
#include <retort/result.h>
#include <retort/retry.h>
#include <retort/stream.h>
#include <retort/tools.h>
#include <retort/transport.h>
#include <retort/version.h>

#pragma GCC visibility push(default)

namespace retort {

namespace client {
class Core;
}

// One attempt of a call, for the hook behind it.
struct AttemptReport {
  int attempt = 1;  // from 1
  const HttpRequest& request;
  const HttpHead* head = nullptr;  // null where none came
  const Error* error = nullptr;    // null where it succeeded
  // Set where another attempt follows, after this wait.
  std::optional<std::chrono::milliseconds> retry_in{};
  std::chrono::milliseconds took{0};
};

enum class LogLevel : std::uint8_t { debug, info, warning };

struct ClientOptions {
  // "http(s)://host[:port][/path]"; "/v1" is added unless the path ends so. Where it is empty, the
  // environment's RETORT_BASE_URL, then http://127.0.0.1:8080.
  std::string base_url{};
  // Sent as a bearer token. Where it is not set, the environment's RETORT_API_KEY; "" is no key.
  std::optional<std::string> api_key{};
  // Asked before each attempt instead, for tokens that change; "" is no key. What it throws fails
  // the call.
  std::function<std::string()> api_key_source{};
  // A key goes over plain http to this machine only, and past every proxy, unless this says
  // otherwise.
  bool api_key_over_http = false;

  RetryPolicy retry = RetryPolicy::none();
  Timeouts timeouts{};
  Headers headers{};  // sent with every request

  NetworkOptions network{};
  // Instead of a curl_transport(network) of the client's own.
  std::shared_ptr<Transport> transport{};
  // Where on_ready() calls and coroutines go on; empty: on the transport's thread.
  std::function<void(std::function<void()>)> executor{};

  // Hooks around every attempt, on the thread that makes it; they must not wait. The first may
  // change the request's headers, and what it throws fails the call; the second and the log must
  // not throw.
  std::function<void(HttpRequest& request, int attempt)> before_attempt{};
  std::function<void(const AttemptReport& report)> after_attempt{};
  // One line a step. Headers are never shown, bodies only where log_bodies says so, and a key that
  // a server repeats is taken out.
  std::function<void(LogLevel level, std::string_view line)> log{};
  bool log_bodies = false;

  // A larger answer, or event of a stream, is an error.
  std::size_t answer_bytes_max = std::size_t{256} << 20;
  std::size_t event_bytes_max = std::size_t{64} << 20;
  // What of a stream may lie here unread before the connection is paused.
  std::size_t stream_buffer_bytes = std::size_t{1} << 20;
  // False lets a stream end without a finish_reason, as some servers do.
  bool finish_reason_required = true;
  // U of RetryPolicy's formula; empty: random.
  std::function<double()> uniform{};

  // What the environment says to clients of other services: ATOMASDK_BEARER_AUTH with Atoma's
  // address, and OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_ORG_ID, OPENAI_PROJECT_ID. Only where one
  // asks, so that a key does not go by accident where it does not belong.
  static ClientOptions from_atoma_environment();
  static ClientOptions from_openai_environment();
};

// What one call does differently. What is not set is the client's.
struct RequestOptions {
  std::stop_token stop{};
  Timeouts timeouts{};
  std::optional<RetryPolicy> retry{};
  Headers headers{};  // beside the client's; the same name replaces
  std::string idempotency_key{};
  // The head of the answer that counts, before the call returns; also where it is a refusal.
  std::function<void(const ResponseInfo&)> on_response{};
};

// A page of a list, newest or oldest first as asked.
template <typename T>
struct Page {
  std::vector<T> data{};
  std::string first_id{};
  std::string last_id{};
  bool has_more = false;
};

struct ListOptions {
  std::string after{};  // the last id of the page before
  std::optional<std::int64_t> limit{};
  std::string order{};  // asc or desc
  std::string model{};
  std::vector<std::pair<std::string, std::string>> metadata{};
};

// A message of a stored completion's prompt, as the server has it.
struct StoredMessage {
  std::string id{};
  std::string role{};
  std::optional<Content> content{};
  std::optional<std::string> name{};
  Extra extra{};
};

// GET /health.
struct Health {
  std::string status{};  // "ok"
  Json body{};
};

// The body that create() would send, for create_json() or for a look.
Json request_body(const ChatRequest& request);

// Chat completions. A cheap copy; thread-safe; keeps the client's connection alive.
class ChatService {
 public:
  explicit ChatService(std::shared_ptr<client::Core> core) : core_(std::move(core)) {}

  // The whole answer. request.stream must not be true.
  Result<ChatCompletion> try_create(const ChatRequest& request,
                                    const RequestOptions& options = {}) const;
  ChatCompletion create(const ChatRequest& request, const RequestOptions& options = {}) const;

  // Returns when the server has begun to answer. request.stream must not be false.
  Result<ChatStream> try_stream(const ChatRequest& request,
                                const RequestOptions& options = {}) const;
  ChatStream stream(const ChatRequest& request, const RequestOptions& options = {}) const;

  Future<ChatCompletion> create_async(const ChatRequest& request,
                                      const RequestOptions& options = {}) const;
  Future<AsyncChatStream> stream_async(const ChatRequest& request,
                                       const RequestOptions& options = {}) const;

  // Any body, and the answer as it came: for what the typed request lacks.
  Result<Json> try_create_json(const Json& body, const RequestOptions& options = {}) const;
  Json create_json(const Json& body, const RequestOptions& options = {}) const;

  // The answer as a T, a type described by RETORT_DESCRIBE: its schema is sent as a strict
  // response_format, which request must not have. Where the answer was cut off (length,
  // content_filter) or is no T, the error is malformed and its code says which.
  template <typename T>
  Result<Parsed<T>> try_parse(const ChatRequest& request,
                              const RequestOptions& options = {}) const {
    Result<ChatCompletion> answer =
        try_create_formatted(request, schema_name<T>(), schema_of<T>(), options);
    if (!answer) return std::move(answer).error();
    return parsed<T>(std::move(*answer));
  }
  template <typename T>
  Parsed<T> parse(const ChatRequest& request, const RequestOptions& options = {}) const {
    Result<Parsed<T>> result = try_parse<T>(request, options);
    if (!result) throw_error(std::move(result).error());
    return std::move(*result);
  }

  // Asks, calls the tools that the model asks for, tells it what they said, and asks again, until
  // it answers. request.tools are replaced by those of `tools`.
  Result<ToolRun> try_run_tools(const ChatRequest& request, const std::vector<RunnableTool>& tools,
                                const ToolRunOptions& run = {},
                                const RequestOptions& options = {}) const;
  ToolRun run_tools(const ChatRequest& request, const std::vector<RunnableTool>& tools,
                    const ToolRunOptions& run = {}, const RequestOptions& options = {}) const;

  // Completions that were created with store = true.
  Result<Page<ChatCompletion>> try_list(const ListOptions& list = {},
                                        const RequestOptions& options = {}) const;
  Page<ChatCompletion> list(const ListOptions& list = {}, const RequestOptions& options = {}) const;
  Result<ChatCompletion> try_retrieve(std::string_view id,
                                      const RequestOptions& options = {}) const;
  ChatCompletion retrieve(std::string_view id, const RequestOptions& options = {}) const;
  // Replaces its metadata, the one thing that can be changed.
  using Metadata = std::vector<std::pair<std::string, std::string>>;
  Result<ChatCompletion> try_update(std::string_view id, const Metadata& metadata,
                                    const RequestOptions& options = {}) const;
  ChatCompletion update(std::string_view id, const Metadata& metadata,
                        const RequestOptions& options = {}) const;
  Result<void> try_remove(std::string_view id, const RequestOptions& options = {}) const;
  void remove(std::string_view id, const RequestOptions& options = {}) const;
  Result<Page<StoredMessage>> try_messages(std::string_view id, const ListOptions& list = {},
                                           const RequestOptions& options = {}) const;
  Page<StoredMessage> messages(std::string_view id, const ListOptions& list = {},
                               const RequestOptions& options = {}) const;

 private:
  Result<ChatCompletion> try_create_formatted(const ChatRequest& request, std::string name,
                                              Json schema, const RequestOptions& options) const;

  std::shared_ptr<client::Core> core_;
};

// A cheap handle: copies share connections, and every method may be called from any thread. When
// the last copy and the last stream are gone, what still runs ends as cancelled.
class Client {
 public:
  // Nothing is sent yet. An option that is wrong fails each call, as ErrorKind::config.
  explicit Client(ClientOptions options = {});

  ChatService chat() const { return ChatService(core_); }

  // GET /v1/models, and one of them.
  Result<std::vector<ModelInfo>> try_models(const RequestOptions& options = {}) const;
  std::vector<ModelInfo> models(const RequestOptions& options = {}) const;
  Result<ModelInfo> try_model(std::string_view id, const RequestOptions& options = {}) const;
  ModelInfo model(std::string_view id, const RequestOptions& options = {}) const;

  // GET /health, beside the base URL's /v1.
  Result<Health> try_health(const RequestOptions& options = {}) const;
  Health health(const RequestOptions& options = {}) const;

 private:
  std::shared_ptr<client::Core> core_;
};

}  // namespace retort

#pragma GCC visibility pop
