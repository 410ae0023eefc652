// The chat completion's way over a real socket, in front of a provider that answers what it was
// told.
#include "api/chat_completions.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <memory>
#include <thread>

#include "api/routes.h"
#include "http/server.h"
#include "http/test_client.h"
#include "protocol/error_body.h"
#include "provider/fake_provider.h"

namespace retort::api {
namespace {

using http::test::Answer;
using http::test::RawClient;
using provider::FakeProvider;
using provider::FakeScript;

constexpr const char* kRequest =
    R"({"model":"fake","messages":[{"role":"user","content":"Hello!"}]})";
constexpr const char* kStreamRequest =
    R"({"model":"fake","stream":true,"messages":[{"role":"user","content":"Hello!"}]})";

class ChatCompletionsTest : public testing::Test {
 protected:
  void start(FakeScript script, const std::vector<std::string>& keys = {}) {
    keys_ = std::make_unique<KeyRing>(keys);
    auto fake = std::make_unique<FakeProvider>("fake", std::move(script));
    fake_ = fake.get();
    ASSERT_TRUE(models_.add(std::move(fake)));
    ASSERT_TRUE(models_.add_alias("meta-llama/Llama-3.3-70B-Instruct", "fake"));
    services_ = std::make_unique<Services>(Services{.models = models_,
                                                    .keys = *keys_,
                                                    .metrics = metrics_,
                                                    .chat_metrics = chat_metrics_,
                                                    .log = log_});
    Result<http::Router> router =
        make_router(*services_, {.ready = [] { return true; }, .refresh_gauges = [] {}});
    ASSERT_TRUE(router);
    http::ServerOptions options;
    options.port = 0;
    options.render_error = protocol::error_body;
    options.metrics = &metrics_;
    Result<std::unique_ptr<http::Server>> server =
        http::Server::listen(options, std::move(*router));
    ASSERT_TRUE(server) << server.error().message();
    server_ = std::move(*server);
    server_->run();
  }

  RawClient client() const { return RawClient(server_->port()); }

  Answer post(const std::string& body, const std::string& fields = "",
              const std::string& path = "/v1/chat/completions") {
    RawClient one = client();
    one.send("POST " + path + " HTTP/1.1\r\nHost: test\r\nContent-Length: " +
             std::to_string(body.size()) + "\r\n" + fields + "\r\n" + body);
    return one.read_answer();
  }

  base::Metrics metrics_;
  ChatMetrics chat_metrics_{metrics_};
  base::Log log_ = base::Log::silent();
  std::unique_ptr<KeyRing> keys_;
  provider::ProviderPool models_;
  FakeProvider* fake_ = nullptr;
  std::unique_ptr<Services> services_;
  std::unique_ptr<http::Server> server_;  // last: it uses all above
};

boost::json::value error_of(const Answer& answer) {
  return boost::json::parse(answer.body).at("error");
}

TEST_F(ChatCompletionsTest, AnswersOneDocumentUnderEachOfItsPaths) {
  start({});
  for (const char* path :
       {"/v1/chat/completions", "/chat/completions", "/api/v1/chat/completions?agent=true"}) {
    const Answer answer = post(kRequest, "", path);
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.header("content-type"), "application/json");
    EXPECT_FALSE(answer.header("x-request-id").empty());
    const boost::json::value body = boost::json::parse(answer.body);
    EXPECT_EQ(body.at("object"), "chat.completion");
    EXPECT_EQ(body.at("model"), "fake");
    const boost::json::value& choice = body.at("choices").at(0);
    EXPECT_EQ(choice.at("message").at("content"), "Hello");
    EXPECT_EQ(choice.at("finish_reason"), "stop");
    EXPECT_EQ(body.at("usage").at("total_tokens"), 5);
  }
}

TEST_F(ChatCompletionsTest, StreamsOneEventAChunkAndEndsWithDone) {
  start({});
  const Answer answer = post(kStreamRequest);
  ASSERT_EQ(answer.status, 200);
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(answer.header("content-type"), "text/event-stream; charset=utf-8");
  ASSERT_EQ(answer.chunks.size(), 5u);  // role, two pieces, the end, [DONE]; no usage unasked
  for (const std::string& chunk : answer.chunks) {
    EXPECT_TRUE(chunk.starts_with("data: ") && chunk.ends_with("\n\n")) << chunk;
  }
  EXPECT_EQ(answer.chunks.back(), "data: [DONE]\n\n");
  const boost::json::value first = boost::json::parse(answer.chunks.front().substr(6));
  EXPECT_EQ(first.at("choices").at(0).at("delta").at("role"), "assistant");
}

TEST_F(ChatCompletionsTest, SendsUsageWhereAskedAndUnaskedToAtomasClients) {
  start({});
  const std::string asked =
      R"({"model":"fake","stream":true,"stream_options":{"include_usage":true},)"
      R"("messages":[{"role":"user","content":"Hello!"}]})";
  const std::string agent = "User-Agent: speakeasy-sdk/python 0.1.1 2.588.0 0.1.0 atoma-sdk\r\n";
  for (const Answer& answer : {post(asked), post(kStreamRequest, agent)}) {
    ASSERT_EQ(answer.chunks.size(), 6u);
    const boost::json::value usage = boost::json::parse(answer.chunks[4].substr(6));
    EXPECT_TRUE(usage.at("choices").as_array().empty());
    EXPECT_EQ(usage.at("usage").at("prompt_tokens"), 3);
  }
}

TEST_F(ChatCompletionsTest, RefusesBeforeTheBodyIsReadWhereTheKeyIsWrong) {
  start({}, {"secret"});
  EXPECT_EQ(post(kRequest).status, 401);
  const Answer wrong = post("{", "Authorization: Bearer nope\r\n");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(error_of(wrong).at("code"), "invalid_api_key");
  EXPECT_EQ(post(kRequest, "Authorization: bearer secret\r\n").status, 200);
}

TEST_F(ChatCompletionsTest, NamesTheFieldThatIsWrong) {
  start({});
  const Answer missing = post(R"({"messages":[{"role":"user","content":"x"}]})");
  EXPECT_EQ(missing.status, 400);
  EXPECT_EQ(error_of(missing).at("param"), "model");
  const Answer unknown = post(R"({"model":"other","messages":[{"role":"user","content":"x"}]})");
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(error_of(unknown).at("param"), "model");
  EXPECT_EQ(error_of(unknown).at("code"), "model_not_found");
  EXPECT_EQ(post("{\"model\":").status, 400);
  EXPECT_EQ(post(kRequest, "Content-Type: text/plain\r\n").status, 415);
  EXPECT_EQ(post(kRequest, "Content-Type: application/json; charset=utf-8\r\n").status, 200);
}

TEST_F(ChatCompletionsTest, ListsWhatHadNoEffect) {
  start({.ignored = {"logit_bias.1234567890"}});
  const Answer answer =
      post(R"({"model":"fake","maxTokens":5,"messages":[{"role":"user","content":"x"}]})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.header("x-retort-ignored"), "maxTokens, logit_bias.1234567890");
}

TEST_F(ChatCompletionsTest, PassesOnWhatTheProviderRefuses) {
  start({.refusal = Error(ErrorKind::invalid_request, "no tools here").with_param("tools")});
  const Answer answer = post(kRequest);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(error_of(answer).at("param"), "tools");
}

TEST_F(ChatCompletionsTest, SaysWhenToComeBackWhereTheQueueIsFull) {
  start({.start_error =
             Error(ErrorKind::rate_limit, "full").with_retry_after(std::chrono::seconds(1))});
  const Answer answer = post(kStreamRequest);
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.header("retry-after"), "1");
}

TEST_F(ChatCompletionsTest, AFailureIsTheLastEventOfAStreamAndThePlainErrorOfADocument) {
  start({.late_error = Error(ErrorKind::bad_upstream, "the service behind died")});
  const Answer stream = post(kStreamRequest);
  EXPECT_EQ(stream.status, 200);
  ASSERT_FALSE(stream.chunks.empty());
  const boost::json::value last = boost::json::parse(stream.chunks.back().substr(6));
  EXPECT_EQ(last.at("error").at("message"), "the service behind died");
  const Answer document = post(kRequest);
  EXPECT_EQ(document.status, 502);
  // What was generated counts, whatever ended it: two pieces each time. It is counted behind the
  // answer, so that a reader may have to look again.
  const std::string counted = "retort_completion_tokens_total{model=\"fake\"} 4";
  const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::string metrics;
  while (metrics.find(counted) == metrics.npos && std::chrono::steady_clock::now() < limit) {
    RawClient reader = client();
    reader.get("/metrics");
    metrics = reader.read_answer().body;
  }
  EXPECT_NE(metrics.find(counted), metrics.npos) << metrics;
}

TEST_F(ChatCompletionsTest, ClientsThatLeaveCancelTheirStream) {
  start({.hangs = true});
  for (const char* request : {kStreamRequest, kRequest}) {
    const int before = fake_->cancelled();
    RawClient one = client();
    one.post("/v1/chat/completions", request);
    if (request == kStreamRequest) {
      (void)one.read_head();
      (void)one.read_chunk();
    }
    one.close();
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (fake_->cancelled() == before && std::chrono::steady_clock::now() < limit) {
      std::this_thread::yield();
    }
    EXPECT_EQ(fake_->cancelled(), before + 1);
  }
}

TEST_F(ChatCompletionsTest, ListsModelsAliasesHealthAndMetrics) {
  start({});
  RawClient one = client();
  one.get("/v1/models");
  const boost::json::value list = boost::json::parse(one.read_answer().body);
  EXPECT_EQ(list.at("data").as_array().size(), 2u);
  one.get("/v1/models/meta-llama/Llama-3.3-70B-Instruct");
  EXPECT_EQ(boost::json::parse(one.read_answer().body).at("id"),
            "meta-llama/Llama-3.3-70B-Instruct");
  one.get("/health");
  EXPECT_EQ(boost::json::parse(one.read_answer().body).at("message"), "ok");
  one.post("/v1/chat/completions", kRequest);
  (void)one.read_answer();
  one.get("/metrics");
  EXPECT_NE(one.read_answer().body.find("retort_completion_tokens_total{model=\"fake\"} 2"),
            std::string::npos);
}

TEST_F(ChatCompletionsTest, ServesEveryPathOfItsOpenApiDocument) {
  start({});
  const auto get = [this](const std::string& path) {
    RawClient one = client();
    one.send("GET " + path + " HTTP/1.1\r\nHost: test\r\n\r\n");
    return one.read_answer();
  };
  const Answer document = get("/openapi.json");
  EXPECT_EQ(document.status, 200);
  const boost::json::value described = boost::json::parse(document.body);
  for (const auto& [path, methods] : described.at("paths").as_object()) {
    std::string filled(path);
    if (const std::size_t id = filled.find("{id}"); id != filled.npos)
      filled.replace(id, 4, "fake");
    if (methods.as_object().contains("get")) {
      EXPECT_EQ(get(filled).status, 200) << filled;
    } else {
      EXPECT_EQ(post(kRequest, "", filled).status, 200) << filled;
    }
  }
}

TEST_F(ChatCompletionsTest, SaysWhatItDoesNotDo) {
  start({});
  const Answer answer = post("{}", "", "/v1/embeddings");
  EXPECT_EQ(answer.status, 404);
  EXPECT_NE(answer.body.find("embeddings are not part of it"), std::string::npos);
  EXPECT_EQ(post("{}", "", "/v1/nothing").status, 404);
  RawClient one = client();
  one.get("/v1/chat/completions");
  EXPECT_EQ(one.read_answer().status, 405);
}

}  // namespace
}  // namespace retort::api
