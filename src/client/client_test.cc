#include <gtest/gtest.h>

#include <cstdlib>

#include <retort/client.h>

#include "client/mock_testing.h"

namespace retort::client::test {
namespace {

TEST(Client, SendsTheRequestAndReadsTheAnswer) {
  Mocked mocked;
  mocked.mock->add(MockAnswer::json(text_answer("Hi")));
  const ChatCompletion answer = mocked.client().chat().create(hello());
  EXPECT_EQ(answer.choices.at(0).message.content, "Hi");
  EXPECT_EQ(answer.usage->total_tokens, 5);
  const HttpRequest sent = mocked.mock->requests().at(0).request;
  EXPECT_EQ(sent.method, "POST");
  EXPECT_EQ(sent.url, "http://127.0.0.1:8080/v1/chat/completions");
  EXPECT_EQ(*sent.headers.find("authorization"), "Bearer sk-secret");
  EXPECT_EQ(*sent.headers.find("Content-Type"), "application/json");
  EXPECT_EQ(sent.body,
            R"({"model":"retort-tiny","messages":[{"role":"user","content":"Hello!"}]})");
}

TEST(Client, BaseUrlGetsV1UnlessItEndsSo) {
  for (const char* url : {"http://127.0.0.1:1", "http://127.0.0.1:1/", "http://127.0.0.1:1/v1",
                          "http://127.0.0.1:1/v1/"}) {
    Mocked mocked;
    mocked.options.base_url = url;
    mocked.mock->add(MockAnswer::json(text_answer("Hi")));
    (void)mocked.client().chat().create(hello());
    EXPECT_EQ(mocked.mock->requests().at(0).request.url, "http://127.0.0.1:1/v1/chat/completions");
  }
}

TEST(Client, WrongOptionFailsEachCallByItsName) {
  for (const char* url : {"127.0.0.1:8080", "ftp://x", "http://", "http://u:p@h", "http://h?x=1",
                          "http://h:99999", "http://h\r\nx: y"}) {
    Mocked mocked;
    mocked.options.base_url = url;
    const auto answer = mocked.client().chat().try_create(hello());
    ASSERT_FALSE(answer.has_value()) << url;
    EXPECT_EQ(answer.error().kind(), ErrorKind::config);
    EXPECT_EQ(answer.error().param(), "base_url");
    EXPECT_EQ(answer.error().message().find("u:p"), std::string::npos);
  }
}

TEST(Client, KeyGoesOverPlainHttpToThisMachineOnly) {
  Mocked mocked;
  mocked.options.base_url = "http://example.com";
  const auto refused = mocked.client().chat().try_create(hello());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().param(), "api_key_over_http");
  EXPECT_EQ(refused.error().message().find("sk-secret"), std::string::npos);
  EXPECT_TRUE(mocked.mock->requests().empty());

  for (const char* url :
       {"https://example.com", "http://localhost:1", "http://[::1]:1", "http://127.9.9.9"}) {
    Mocked fine;
    fine.options.base_url = url;
    fine.mock->add(MockAnswer::json(text_answer("Hi")));
    EXPECT_TRUE(fine.client().chat().try_create(hello()).has_value()) << url;
  }
  Mocked asked;
  asked.options.base_url = "http://127.0.0.1.example.com";
  asked.options.api_key_over_http = true;
  asked.mock->add(MockAnswer::json(text_answer("Hi")));
  EXPECT_TRUE(asked.client().chat().try_create(hello()).has_value());
}

TEST(Client, HeaderWithALineBreakIsNotSent) {
  Mocked mocked;
  RequestOptions options;
  options.headers.set("x-mine", "a\r\nx-injected: b");
  const auto refused = mocked.client().chat().try_create(hello(), options);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().param(), "headers");
  EXPECT_TRUE(mocked.mock->requests().empty());
}

TEST(Client, CreateRefusesStreamAndStreamRefusesNone) {
  Mocked mocked;
  ChatRequest request = hello();
  request.stream = true;
  EXPECT_EQ(mocked.client().chat().try_create(request).error().param(), "stream");
  request.stream = false;
  EXPECT_EQ(mocked.client().chat().try_stream(request).error().param(), "stream");
  EXPECT_EQ(mocked.client().chat().stream_async(request).try_get().error().param(), "stream");
  EXPECT_TRUE(mocked.mock->requests().empty());
}

struct StatusCase {
  int status;
  void (*expect)(const Error&);
};

template <typename Child>
void expect_child(const Error& error) {
  EXPECT_NE(dynamic_cast<const Child*>(&error), nullptr) << error.status();
}

TEST(Client, EachStatusIsThrownAsItsClass) {
  const std::vector<StatusCase> cases = {
      {400, expect_child<BadRequestError>}, {401, expect_child<AuthenticationError>},
      {403, expect_child<PermissionError>}, {404, expect_child<NotFoundError>},
      {408, expect_child<BadRequestError>}, {409, expect_child<ConflictError>},
      {413, expect_child<BadRequestError>}, {422, expect_child<UnprocessableError>},
      {429, expect_child<RateLimitError>},  {500, expect_child<ServerError>},
      {502, expect_child<ServerError>},     {503, expect_child<ServerError>},
      {504, expect_child<ServerError>},     {529, expect_child<ServerError>},
  };
  for (const StatusCase& each : cases) {
    Mocked mocked;
    MockAnswer answer = MockAnswer::json(
        R"({"error":{"message":"no","type":"t","param":"p","code":"c"}})", each.status);
    answer.headers.set("x-request-id", "req-7");
    mocked.mock->add(answer);
    try {
      (void)mocked.client().chat().create(hello());
      ADD_FAILURE() << each.status;
    } catch (const StatusError& error) {
      each.expect(error);
      EXPECT_EQ(error.status(), each.status);
      EXPECT_EQ(error.message(), "no");
      EXPECT_EQ(error.param(), "p");
      EXPECT_EQ(error.code(), "c");
      EXPECT_EQ(error.request_id(), "req-7");
      EXPECT_EQ(error.attempts(), 1);
    }
  }
}

TEST(Client, RefusalsOfAnyFormKeepTheirStatus) {
  for (const char* body : {"", "<html>nginx</html>", "{\"error\":", R"({"detail":"bad"})"}) {
    Mocked mocked;
    mocked.mock->add(MockAnswer::json(body, 503));
    const auto answer = mocked.client().chat().try_create(hello());
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().status(), 503);
    EXPECT_FALSE(answer.error().message().empty());
  }
}

TEST(Client, RedirectIsAnErrorThatSaysWhereTo) {
  Mocked mocked;
  mocked.mock->add({.status = 308, .headers = {{"location", "https://elsewhere/"}}});
  const auto answer = mocked.client().chat().try_create(hello());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().status(), 308);
  EXPECT_NE(answer.error().message().find("https://elsewhere/"), std::string::npos);
}

TEST(Client, AnswerThatCannotBeReadIsMalformed) {
  for (const char* body : {"", "hello", "{}", R"({"choices":7})"}) {
    Mocked mocked;
    mocked.mock->add(MockAnswer::json(body));
    EXPECT_THROW((void)mocked.client().chat().create(hello()), MalformedError) << body;
  }
}

TEST(Client, AnswerBeyondItsLimitIsRefused) {
  Mocked mocked;
  mocked.options.answer_bytes_max = 100;
  mocked.mock->add(MockAnswer::json(std::string(101, ' ')));
  const auto answer = mocked.client().chat().try_create(hello());
  ASSERT_FALSE(answer.has_value());
  EXPECT_NE(answer.error().message().find("answer_bytes_max"), std::string::npos);
  EXPECT_EQ(mocked.mock->cancelled(), 1U);
}

TEST(Client, HeadOfTheAnswerIsTold) {
  Mocked mocked;
  MockAnswer answer = MockAnswer::json(text_answer("Hi"));
  answer.headers.set("X-Request-Id", "req-9");
  mocked.mock->add(answer);
  ResponseInfo info;
  RequestOptions options;
  options.on_response = [&info](const ResponseInfo& got) { info = got; };
  (void)mocked.client().chat().create(hello(), options);
  EXPECT_EQ(info.status, 200);
  EXPECT_EQ(info.request_id, "req-9");
  EXPECT_EQ(info.attempts, 1);
}

TEST(Client, HooksSeeEachAttemptAndLogsNoSecret) {
  Mocked mocked;
  mocked.options.retry = RetryPolicy::openai();
  std::string log;
  std::vector<std::string> seen;
  mocked.options.log = [&log](LogLevel, std::string_view line) { log.append(line).append("\n"); };
  mocked.options.before_attempt = [](HttpRequest& request, int attempt) {
    request.headers.set("x-attempt", std::to_string(attempt));
  };
  mocked.options.after_attempt = [&seen](const AttemptReport& report) {
    seen.push_back(std::to_string(report.attempt) + " " +
                   std::to_string(report.head ? report.head->status : 0) +
                   (report.retry_in ? " again" : ""));
  };
  mocked.mock->add(MockAnswer::json("{}", 500));
  mocked.mock->add(MockAnswer::json(text_answer("Hi")));
  (void)mocked.client().chat().create(hello());
  EXPECT_EQ(seen, (std::vector<std::string>{"1 500 again", "2 200"}));
  EXPECT_EQ(*mocked.mock->requests().at(1).request.headers.find("x-attempt"), "2");
  EXPECT_EQ(log.find("sk-secret"), std::string::npos);
  EXPECT_EQ(log.find("Hello!"), std::string::npos);
  EXPECT_NE(log.find("again in"), std::string::npos);
}

TEST(Client, KeySourceIsAskedBeforeEachAttempt) {
  Mocked mocked;
  int asked = 0;
  mocked.options.retry = RetryPolicy::openai();
  mocked.options.api_key_source = [&asked] { return "key-" + std::to_string(++asked); };
  mocked.mock->add(MockAnswer::json("{}", 500));
  mocked.mock->add(MockAnswer::json(text_answer("Hi")));
  (void)mocked.client().chat().create(hello());
  EXPECT_EQ(*mocked.mock->requests().at(1).request.headers.find("authorization"), "Bearer key-2");
}

TEST(Client, EnvironmentNamesTheServerWhereOptionsDoNot) {
  setenv("RETORT_BASE_URL", "http://127.0.0.1:5", 1);
  setenv("RETORT_API_KEY", "from-env", 1);
  setenv("OPENAI_API_KEY", "sk-openai", 1);
  Mocked mocked;
  mocked.options.base_url.clear();
  mocked.options.api_key.reset();
  mocked.mock->add(MockAnswer::json(text_answer("Hi")));
  (void)mocked.client().chat().create(hello());
  const HttpRequest sent = mocked.mock->requests().at(0).request;
  EXPECT_EQ(sent.url, "http://127.0.0.1:5/v1/chat/completions");
  EXPECT_EQ(*sent.headers.find("authorization"), "Bearer from-env");
  EXPECT_EQ(ClientOptions::from_openai_environment().api_key, "sk-openai");
  unsetenv("RETORT_BASE_URL");
  unsetenv("RETORT_API_KEY");
  unsetenv("OPENAI_API_KEY");
}

TEST(Client, ModelsAndHealthAreRead) {
  Mocked mocked;
  mocked.mock->add(
      MockAnswer::json(R"({"object":"list","data":[{"id":"a","created":1},{"id":"b"}]})"));
  mocked.mock->add(MockAnswer::json(R"({"id":"a/b","object":"model"})"));
  mocked.mock->add(MockAnswer::json(R"({"status":"ok","message":"ok"})"));
  const Client client = mocked.client();
  EXPECT_EQ(client.models().at(1).id, "b");
  EXPECT_EQ(client.model("a/b").id, "a/b");
  EXPECT_EQ(client.health().status, "ok");
  EXPECT_EQ(mocked.mock->requests().at(1).request.url, "http://127.0.0.1:8080/v1/models/a%2Fb");
  EXPECT_EQ(mocked.mock->requests().at(2).request.url, "http://127.0.0.1:8080/health");
}

TEST(Client, StoredCompletionsAreListedChangedAndRemoved) {
  Mocked mocked;
  mocked.mock->add(MockAnswer::json(R"({"object":"list","data":[)" + text_answer("Hi") +
                                    R"(],"first_id":"x","last_id":"y","has_more":true})"));
  mocked.mock->add(MockAnswer::json(text_answer("Hi")));
  mocked.mock->add(MockAnswer::json(R"({"deleted":true})"));
  mocked.mock->add(MockAnswer::json(
      R"({"data":[{"id":"m-0","role":"robot","content":[{"type":"text","text":"a"}],"new":1}]})"));
  const ChatService chat = mocked.client().chat();
  const auto page = chat.list({.after = "c 1", .limit = 2, .metadata = {{"k", "v&"}}});
  EXPECT_TRUE(page.has_more);
  EXPECT_EQ(page.last_id, "y");
  EXPECT_EQ(page.data.at(0).choices.at(0).message.content, "Hi");
  (void)chat.update("id", {{"k", "\"v\""}});
  chat.remove("id");
  const auto messages = chat.messages("id");
  EXPECT_EQ(messages.data.at(0).role, "robot");
  EXPECT_EQ(messages.data.at(0).extra.at(0).first, "new");
  const auto requests = mocked.mock->requests();
  EXPECT_EQ(requests.at(0).request.url,
            "http://127.0.0.1:8080/v1/chat/completions?after=c%201&limit=2&metadata%5Bk%5D=v%26");
  EXPECT_EQ(requests.at(1).request.body, R"({"metadata":{"k":"\"v\""}})");
  EXPECT_EQ(requests.at(2).request.method, "DELETE");
}

TEST(Client, AnyBodyCanBeSent) {
  Mocked mocked;
  mocked.mock->add(MockAnswer::json(R"({"anything": 1})"));
  const Json answer = mocked.client().chat().create_json(Json::parse(R"({"x":1})").value());
  EXPECT_EQ(answer.text(), R"({"anything": 1})");
  EXPECT_EQ(mocked.mock->requests().at(0).request.body, R"({"x":1})");
}

TEST(Client, RecordingAnswersAsTheServerDid) {
  Mocked mocked;
  std::string lines;
  mocked.mock->add(MockAnswer::json(text_answer("Hi")));
  mocked.mock->add(MockAnswer::events({text_chunk("a"), last_chunk()}).split_every(7));
  mocked.options.transport = recording_transport(
      mocked.mock, [&lines](std::string_view line) { lines.append(line).append("\n"); });
  (void)mocked.client().chat().create(hello());
  (void)mocked.client().chat().stream(hello()).finish();
  EXPECT_EQ(lines.find("sk-secret"), std::string::npos);

  auto replayed = MockTransport::from_recording(lines);
  ASSERT_TRUE(replayed.has_value()) << replayed.error().message();
  mocked.options.transport = *replayed;
  EXPECT_EQ(mocked.client().chat().create(hello()).choices.at(0).message.content, "Hi");
  EXPECT_EQ(mocked.client().chat().stream(hello()).finish().choices.at(0).message.content, "a");
  EXPECT_FALSE(MockTransport::from_recording("{\"request\":1}\n").has_value());
}

TEST(Client, InProcessHandlerAnswersWithoutASocket) {
  ClientOptions options;
  options.base_url = "http://localhost";
  options.transport = in_process_transport(
      [](const HttpRequest& request, const std::shared_ptr<ResponseWriter>& writer) {
        writer->head({200, {{"content-type", "text/event-stream"}}});
        if (request.body.find("\"stream\":true") == std::string::npos) {
          writer->body(text_answer("whole"));
        } else {
          writer->body("data: " + text_chunk("piece") + "\n\n");
          writer->body("data: " + last_chunk() + "\n\ndata: [DONE]\n\n");
        }
        writer->end();
      });
  const Client client(options);
  EXPECT_EQ(client.chat().create(hello()).choices.at(0).message.content, "whole");
  EXPECT_EQ(client.chat().stream(hello()).finish().choices.at(0).message.content, "piece");
}

TEST(Client, HandlerThatLeavesBeforeTheEndIsAConnectionError) {
  ClientOptions options;
  options.base_url = "http://localhost";
  options.transport =
      in_process_transport([](const HttpRequest&, const std::shared_ptr<ResponseWriter>& writer) {
        writer->head({200, {}});
      });
  EXPECT_THROW((void)Client(options).chat().create(hello()), ConnectionError);
}

}  // namespace
}  // namespace retort::client::test
