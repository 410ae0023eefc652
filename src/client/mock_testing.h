// Requests, chunks and clients for the tests of src/client. Only *_test.cc include it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <retort/client.h>

namespace retort::client::test {

inline ChatRequest hello() {
  ChatRequest request;
  request.model = "retort-tiny";
  request.messages.push_back(User{.content = "Hello!"});
  return request;
}

inline std::string answer_body(const std::string& message,
                               const std::string& finish_reason = "stop") {
  return R"({"id":"chatcmpl-1","object":"chat.completion","created":1700000000,"model":"m",)"
         R"("choices":[{"index":0,"message":)" +
         message + R"(,"finish_reason":")" + finish_reason +
         R"("}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}})";
}

inline std::string text_answer(const std::string& text) {
  return answer_body(R"({"role":"assistant","content":")" + text + R"("})");
}

// A chunk with one choice; `rest` follows the delta: ,"finish_reason":"stop"
inline std::string chunk(const std::string& delta, const std::string& rest = "", int index = 0) {
  return R"({"id":"chatcmpl-1","object":"chat.completion.chunk","created":1700000000,"model":"m",)"
         R"("choices":[{"index":)" +
         std::to_string(index) + R"(,"delta":)" + delta + rest + "}]}";
}
inline std::string text_chunk(const std::string& text) {
  return chunk(R"({"content":")" + text + R"("})");
}
inline std::string last_chunk(const std::string& reason = "stop", int index = 0) {
  return chunk("{}", R"(,"finish_reason":")" + reason + R"(")", index);
}

// A client on a mock, and the mock.
struct Mocked {
  std::shared_ptr<MockTransport> mock = std::make_shared<MockTransport>();
  ClientOptions options{};

  Mocked() {
    options.base_url = "http://127.0.0.1:8080";
    options.api_key = "sk-secret";
    options.transport = mock;
    options.uniform = [] { return 0.5; };
  }
  Client client() const { return Client(options); }
};

}  // namespace retort::client::test
