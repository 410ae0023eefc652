// The calls that create: a ChatRequest to a body, a Call, and its answer read.
#include <retort/client.h>

#include "client/core.h"
#include "client/stream_reader.h"
#include "protocol/chat_reader.h"
#include "protocol/chat_request.h"

namespace retort {
namespace {

using client::Answer;
using client::ApiRequest;
using client::Core;

constexpr std::string_view kCompletionsPath = "/chat/completions";

Error refused(std::string_view param, std::string message) {
  return Error(ErrorKind::invalid_request, std::move(message)).with_param(std::string(param));
}

ApiRequest post(std::string body, bool streamed) {
  return {.method = "POST",
          .path = std::string(kCompletionsPath),
          .body = std::move(body),
          .streamed = streamed};
}

Result<ApiRequest> creation(const ChatRequest& request) {
  if (request.stream.value_or(false)) {
    return refused("stream",
                   "create() gives the whole answer: leave request.stream unset, or call "
                   "stream()");
  }
  std::string body;
  protocol::write_chat_request(body, request);
  return post(std::move(body), false);
}

Result<ApiRequest> streaming(const ChatRequest& request) {
  if (!request.stream.value_or(true)) {
    return refused("stream",
                   "stream() gives the answer as it comes: leave request.stream unset, "
                   "or call create()");
  }
  std::string body;
  if (request.stream) {
    protocol::write_chat_request(body, request);
  } else {
    ChatRequest with_stream = request;
    with_stream.stream = true;
    protocol::write_chat_request(body, with_stream);
  }
  return post(std::move(body), true);
}

bool wants_usage(const ChatRequest& request) {
  return request.stream_options && request.stream_options->include_usage.value_or(false);
}

// An answer that cannot be read says which it was.
Error read_error(Error error, const Answer& answer) {
  const std::string* id = answer.head.headers.find("x-request-id");
  if (id != nullptr) error = Error(std::move(error).with_request_id(*id));
  return std::move(error).with_attempts(answer.attempts);
}

Result<ChatCompletion> completion_of(const Result<Answer>& answer) {
  if (!answer) return answer.error();
  Result<ChatCompletion> completion = protocol::read_chat_completion(answer->body);
  if (!completion) return read_error(std::move(completion).error(), *answer);
  return completion;
}

template <typename T>
T or_throw(Result<T> result) {
  if (!result) throw_error(std::move(result).error());
  return std::move(*result);
}

template <typename T>
Future<T> failed_future(const Core& core, Error error) {
  auto state = std::make_shared<FutureState<T>>(core.options().executor);
  state->set(std::move(error));
  return {std::move(state), core.transport()};
}

std::unique_ptr<client::StreamReader> make_reader(std::shared_ptr<const Core> core,
                                                  std::shared_ptr<client::Call> call,
                                                  const Answer& answer, bool usage) {
  return std::make_unique<client::StreamReader>(
      std::move(core), std::move(call), client::response_info(answer.head, answer.attempts), usage);
}

}  // namespace

Json request_body(const ChatRequest& request) {
  std::string body;
  protocol::write_chat_request(body, request);
  return Json::trusted(std::move(body));
}

Result<ChatCompletion> ChatService::try_create(const ChatRequest& request,
                                               const RequestOptions& options) const {
  Result<ApiRequest> sent = creation(request);
  if (!sent) return std::move(sent).error();
  return completion_of(core_->run(std::move(*sent), options));
}

ChatCompletion ChatService::create(const ChatRequest& request,
                                   const RequestOptions& options) const {
  return or_throw(try_create(request, options));
}

Future<ChatCompletion> ChatService::create_async(const ChatRequest& request,
                                                 const RequestOptions& options) const {
  Result<ApiRequest> sent = creation(request);
  if (!sent) return failed_future<ChatCompletion>(*core_, std::move(sent).error());
  auto state = std::make_shared<FutureState<ChatCompletion>>(core_->options().executor);
  core_->start(std::move(*sent), options,
               [state](const Result<Answer>& answer) { state->set(completion_of(answer)); });
  return {std::move(state), core_->transport()};
}

Result<ChatStream> ChatService::try_stream(const ChatRequest& request,
                                           const RequestOptions& options) const {
  Result<ApiRequest> sent = streaming(request);
  if (!sent) return std::move(sent).error();
  const auto state = std::make_shared<FutureState<Answer>>(nullptr);
  std::shared_ptr<client::Call> call = core_->start(
      std::move(*sent), options, [state](Result<Answer> answer) { state->set(std::move(answer)); });
  state->wait(*core_->transport());
  const Result<Answer> answer = state->take();
  if (!answer) return answer.error();
  return ChatStream(make_reader(core_, std::move(call), *answer, wants_usage(request)));
}

ChatStream ChatService::stream(const ChatRequest& request, const RequestOptions& options) const {
  return or_throw(try_stream(request, options));
}

namespace {

// Call::start may tell before it returns the call: the stream begins when both are there.
class StreamOpening {
 public:
  StreamOpening(std::shared_ptr<const Core> core, bool usage)
      : state(std::make_shared<FutureState<AsyncChatStream>>(core->options().executor)),
        core_(std::move(core)),
        usage_(usage) {}

  void take_answer(Result<Answer> answer) {
    {
      const std::lock_guard lock(mutex_);
      answer_ = std::move(answer);
    }
    open();
  }
  void take_call(std::shared_ptr<client::Call> call) {
    {
      const std::lock_guard lock(mutex_);
      call_ = std::move(call);
      has_call_ = true;
    }
    open();
  }

  const std::shared_ptr<FutureState<AsyncChatStream>> state;

 private:
  void open() {
    std::shared_ptr<client::Call> call;
    {
      const std::lock_guard lock(mutex_);
      if (!answer_ || !has_call_ || std::exchange(opened_, true)) return;
      call = std::move(call_);
    }
    if (!*answer_) return state->set(answer_->error());
    state->set(AsyncChatStream(make_reader(core_, std::move(call), **answer_, usage_)));
  }

  const std::shared_ptr<const Core> core_;
  const bool usage_;
  std::mutex mutex_;
  std::optional<Result<Answer>> answer_;
  std::shared_ptr<client::Call> call_;
  bool has_call_ = false;
  bool opened_ = false;
};

}  // namespace

Future<AsyncChatStream> ChatService::stream_async(const ChatRequest& request,
                                                  const RequestOptions& options) const {
  Result<ApiRequest> sent = streaming(request);
  if (!sent) return failed_future<AsyncChatStream>(*core_, std::move(sent).error());
  const auto opening = std::make_shared<StreamOpening>(core_, wants_usage(request));
  opening->take_call(core_->start(std::move(*sent), options, [opening](Result<Answer> answer) {
    opening->take_answer(std::move(answer));
  }));
  return {opening->state, core_->transport()};
}

Result<Json> ChatService::try_create_json(const Json& body, const RequestOptions& options) const {
  const Result<Answer> answer = core_->run(post(body.text(), false), options);
  if (!answer) return answer.error();
  Result<Json> json = Json::parse(answer->body);
  if (json) return json;
  return read_error(
      Error(ErrorKind::malformed, "the answer cannot be read: " + json.error().message()), *answer);
}

Json ChatService::create_json(const Json& body, const RequestOptions& options) const {
  return or_throw(try_create_json(body, options));
}

Result<ChatCompletion> ChatService::try_create_formatted(const ChatRequest& request,
                                                         std::string name, Json schema,
                                                         const RequestOptions& options) const {
  if (request.response_format) {
    return refused("response_format", "parse() sets response_format itself: leave it unset");
  }
  ChatRequest formatted = request;
  formatted.response_format = ResponseFormat::json_schema(std::move(name), std::move(schema), true);
  return try_create(formatted, options);
}

}  // namespace retort
