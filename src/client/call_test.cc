#include "client/call.h"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

#include "client/mock_testing.h"

namespace retort::client::test {
namespace {

using std::chrono::milliseconds;

// Refuses the first attempt. In the second it is far into the answer before start() returns: it has
// been asked to pause, and the reader has read on, before the call has the exchange.
class HastyTransport final : public Transport {
 public:
  std::shared_ptr<Exchange> start(HttpRequest, std::shared_ptr<ResponseSink> sink) override {
    if (++attempts_ == 1) {
      sink->on_head({503, {}});
      sink->on_end({});
      return std::make_shared<Rest>(nullptr);
    }
    sink->on_head({200, {{"content-type", "text/event-stream"}}});
    EXPECT_FALSE(sink->on_body("data: " + text_chunk("a") + "\n\n"));
    read_on.get_future().wait();
    return std::make_shared<Rest>(std::move(sink));
  }

  std::promise<void> read_on;

 private:
  class Rest final : public Exchange {
   public:
    explicit Rest(std::shared_ptr<ResponseSink> sink) : sink_(std::move(sink)) {}
    void resume() override {
      const std::shared_ptr<ResponseSink> sink = std::exchange(sink_, nullptr);
      if (!sink) return;
      (void)sink->on_body("data: " + last_chunk() + "\n\n");
      sink->on_end({});
    }
    void cancel() override {}

   private:
    std::shared_ptr<ResponseSink> sink_;
  };

  int attempts_ = 0;
};

TEST(Call, PauseThatEndsBeforeStartReturnsIsResumed) {
  const auto transport = std::make_shared<HastyTransport>();
  ClientOptions options;
  options.transport = transport;
  options.api_key = "";
  options.stream_buffer_bytes = 1;
  options.retry = {.retries_max = 1, .initial = milliseconds(1), .statuses = {503}};
  ChatStream stream = Client(options).chat().stream(hello());
  EXPECT_TRUE(stream.next().has_value());
  transport->read_on.set_value();
  EXPECT_EQ(stream.finish().choices.at(0).message.content, "a");
}

TEST(Call, LimitBeyondTheClockIsNone) {
  Mocked mocked;
  const milliseconds forever = milliseconds::max();
  mocked.options.timeouts = {.connect = forever,
                             .first_byte = forever,
                             .idle = forever,
                             .total = forever,
                             .attempt = forever};
  mocked.options.retry = {
      .retries_max = 1, .longest = forever, .elapsed_max = forever, .statuses = {503}};
  mocked.mock->add(MockAnswer::json("{}", 503));
  mocked.mock->add(MockAnswer::json(text_answer("Hi")));
  auto answer = mocked.client().chat().create_async(hello());
  EXPECT_TRUE(answer.wait_for(forever));
  EXPECT_TRUE(answer.try_get().has_value());
}

TEST(Call, WaitingForAFutureCountsInTheTransportsTime) {
  Mocked mocked;
  MockAnswer slow = MockAnswer::json(text_answer("Hi"));
  slow.head_delay = milliseconds(100);
  mocked.mock->add(slow);
  auto answer = mocked.client().chat().create_async(hello());
  EXPECT_FALSE(answer.wait_for(milliseconds(0)));
  EXPECT_TRUE(answer.wait_for(milliseconds(200)));
}

TEST(Call, ErrorWithinAStreamIsThrownAsItsKind) {
  Mocked mocked;
  mocked.mock->add(MockAnswer::events({R"({"error":{"message":"slow down","code":429}})"}));
  mocked.mock->add(MockAnswer::events({R"({"error":{"message":"broken"}})"}));
  const Client client = mocked.client();
  EXPECT_THROW((void)client.chat().stream(hello()).next(), RateLimitError);
  EXPECT_THROW((void)client.chat().stream(hello()).next(), ServerError);
}

TEST(Call, HandlerThatThrowsIsAConnectionError) {
  ClientOptions options;
  options.api_key = "";
  options.transport =
      in_process_transport([](const HttpRequest&, const std::shared_ptr<ResponseWriter>&) {
        throw std::runtime_error("out of ink");
      });
  const auto answer = Client(options).chat().try_create(hello());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind(), ErrorKind::connection);
  EXPECT_NE(answer.error().message().find("out of ink"), std::string::npos);
}

TEST(Call, IdThatNamesNoObjectIsRefused) {
  Mocked mocked;
  for (const char* id : {"", ".", ".."}) {
    EXPECT_EQ(mocked.client().chat().try_remove(id).error().param(), "id");
    EXPECT_EQ(mocked.client().chat().try_messages(id).error().param(), "id");
    EXPECT_EQ(mocked.client().try_model(id).error().param(), "id");
  }
  EXPECT_TRUE(mocked.mock->requests().empty());
}

}  // namespace
}  // namespace retort::client::test
