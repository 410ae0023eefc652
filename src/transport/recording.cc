#include "transport/recording.h"

#include <memory>
#include <mutex>
#include <utility>

#include <retort/describe.h>

namespace retort::transport {
namespace {

struct RecordedRequest {
  std::string method;
  std::string url;
  std::string body;
};
RETORT_DESCRIBE(RecordedRequest, (method), (url), (body))

struct RecordedFailure {
  int kind = 0;
  std::string message;
};
RETORT_DESCRIBE(RecordedFailure, (kind), (message))

struct RecordedAnswer {
  int status = 0;
  std::vector<std::vector<std::string>> headers;
  std::vector<std::string> body;
  std::optional<RecordedFailure> failure;
};
RETORT_DESCRIBE(RecordedAnswer, (status), (headers), (body), (failure))

struct RecordedExchange {
  RecordedRequest request;
  RecordedAnswer answer;
};
RETORT_DESCRIBE(RecordedExchange, (request), (answer))

Result<MockAnswer> answer_of(std::string_view line) {
  Result<RecordedExchange> read = from_json<RecordedExchange>(line);
  if (!read) return std::move(read).error();
  RecordedAnswer& recorded = read->answer;
  MockAnswer answer{.status = recorded.status, .body = std::move(recorded.body)};
  for (std::vector<std::string>& field : recorded.headers) {
    if (field.size() != 2) {
      return Error(ErrorKind::malformed, "a header is a name and a value");
    }
    answer.headers.add(std::move(field[0]), std::move(field[1]));
  }
  if (recorded.failure) {
    constexpr int kLastKind = static_cast<int>(ErrorKind::config);
    if (recorded.failure->kind < 0 || recorded.failure->kind > kLastKind) {
      return Error(ErrorKind::malformed, "there is no error of that kind");
    }
    answer.failure =
        Error(static_cast<ErrorKind>(recorded.failure->kind), recorded.failure->message);
  }
  return answer;
}

// Passes on to the client's sink and keeps a copy.
class RecordingSink final : public ResponseSink {
 public:
  using Write = std::function<void(std::string_view)>;

  RecordingSink(HttpRequest request, std::shared_ptr<ResponseSink> to, std::shared_ptr<Write> write)
      : request_(std::move(request)), to_(std::move(to)), write_(std::move(write)) {
    answer_.status = 0;
  }

  void on_head(HttpHead head) override {
    answer_.status = head.status;
    answer_.headers = head.headers;
    to_->on_head(std::move(head));
  }
  bool on_body(std::string_view bytes) override {
    answer_.body.emplace_back(bytes);
    return to_->on_body(bytes);
  }
  void on_end(Result<void> outcome) override {
    if (!outcome) answer_.failure = outcome.error();
    (*write_)(recording_line(request_, answer_));
    to_->on_end(std::move(outcome));
  }

 private:
  const HttpRequest request_;
  const std::shared_ptr<ResponseSink> to_;
  const std::shared_ptr<Write> write_;
  MockAnswer answer_;
};

class RecordingTransport final : public Transport {
 public:
  RecordingTransport(std::shared_ptr<Transport> to, std::function<void(std::string_view)> write)
      : to_(std::move(to)) {
    // Exchanges end on several threads; lines are written one by one.
    auto mutex = std::make_shared<std::mutex>();
    write_ = std::make_shared<std::function<void(std::string_view)>>(
        [mutex, write = std::move(write)](std::string_view line) {
          const std::lock_guard lock(*mutex);
          write(line);
        });
  }

  std::shared_ptr<Exchange> start(HttpRequest request,
                                  std::shared_ptr<ResponseSink> sink) override {
    auto recorder = std::make_shared<RecordingSink>(request, std::move(sink), write_);
    return to_->start(std::move(request), std::move(recorder));
  }
  Clock::time_point now() const override { return to_->now(); }
  TimerId call_at(Clock::time_point when, std::function<void()> task) override {
    return to_->call_at(when, std::move(task));
  }
  void cancel_timer(TimerId id) override { to_->cancel_timer(id); }
  bool run_one() override { return to_->run_one(); }

 private:
  const std::shared_ptr<Transport> to_;
  std::shared_ptr<std::function<void(std::string_view)>> write_;
};

}  // namespace

std::string recording_line(const HttpRequest& request, const MockAnswer& answer) {
  RecordedExchange exchange;
  exchange.request = {request.method, request.url, request.body};
  exchange.answer.status = answer.status;
  for (const auto& [name, value] : answer.headers) {
    const bool is_cookie = Headers{{name, ""}}.find("set-cookie") != nullptr;
    if (!is_cookie) exchange.answer.headers.push_back({name, value});
  }
  exchange.answer.body = answer.body;
  if (answer.failure) {
    exchange.answer.failure =
        RecordedFailure{static_cast<int>(answer.failure->kind()), answer.failure->message()};
  }
  std::string line;
  write_json(line, exchange);
  return line;
}

Result<std::vector<MockAnswer>> read_recording(std::string_view lines) {
  std::vector<MockAnswer> answers;
  std::size_t number = 0;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    ++number;
    if (line.empty()) continue;
    Result<MockAnswer> answer = answer_of(line);
    if (!answer) {
      return Error(ErrorKind::malformed,
                   "line " + std::to_string(number) + ": " + answer.error().message());
    }
    answers.push_back(std::move(*answer));
  }
  return answers;
}

}  // namespace retort::transport

namespace retort {

std::shared_ptr<Transport> recording_transport(std::shared_ptr<Transport> transport,
                                               std::function<void(std::string_view line)> write) {
  return std::make_shared<transport::RecordingTransport>(std::move(transport), std::move(write));
}

}  // namespace retort
