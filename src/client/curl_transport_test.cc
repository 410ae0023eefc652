#include <gtest/gtest.h>
#include <sys/resource.h>

#include <condition_variable>
#include <filesystem>
#include <future>
#include <latch>

#include "client/mock_testing.h"
#include "client/socket_server_testing.h"

namespace retort::client::test {
namespace {

using std::chrono::milliseconds;

ClientOptions options_for(const std::string& url) {
  ClientOptions options;
  options.base_url = url;
  options.api_key = "";
  options.network.no_proxy = "*";
  return options;
}

// Answers every request of a connection.
void answer_all(Connection& connection) {
  while (connection.read_request()) connection.send_answer(text_answer("Hi"));
}

void stream_all(Connection& connection) {
  while (connection.read_request()) {
    connection.begin_stream();
    connection.send_event(text_chunk("a"));
    connection.send_event(last_chunk());
    connection.send_event("[DONE]");
    connection.send_chunk("");
  }
}

TEST(CurlTransport, CallsShareAConnection) {
  SocketServer server(answer_all);
  const Client client(options_for(server.url()));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.chat().create(hello()).choices.at(0).message.content, "Hi");
  }
  EXPECT_EQ(server.connections, 1);
}

TEST(CurlTransport, ReadStreamGivesItsConnectionBack) {
  SocketServer server(stream_all);
  const Client client(options_for(server.url()));
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(client.chat().stream(hello()).finish().choices.at(0).message.content, "a");
  }
  // The end of one stream and the next request may cross: then another connection is opened.
  EXPECT_LE(server.connections, 3);
}

TEST(CurlTransport, ClosedIdleConnectionIsNoErrorOfTheNextCall) {
  SocketServer server([](Connection& connection) {
    if (connection.read_request()) connection.send_answer(text_answer("Hi"));
  });
  const Client client(options_for(server.url()));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.chat().try_create(hello()).has_value());
}

TEST(CurlTransport, RefusedConnectionAndUnknownHostSaySo) {
  std::string url;
  {
    const SocketServer gone(answer_all);
    url = gone.url();
  }
  for (const std::string& base : {url, std::string("http://no-such-host.invalid")}) {
    try {
      (void)Client(options_for(base)).chat().create(hello());
      ADD_FAILURE();
    } catch (const ConnectionError& error) {
      EXPECT_EQ(error.kind(), ErrorKind::connection);
      EXPECT_EQ(error.status(), 0);
      EXPECT_NE(error.message().find(base), std::string::npos);
    }
  }
}

TEST(CurlTransport, BrokenAnswerIsAConnectionError) {
  SocketServer server([](Connection& connection) {
    (void)connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{");
  });
  const auto answer = Client(options_for(server.url())).chat().try_create(hello());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind(), ErrorKind::connection);
}

TEST(CurlTransport, BrokenStreamIsTruncated) {
  SocketServer server([](Connection& connection) {
    (void)connection.read_request();
    connection.begin_stream();
    connection.send_event(text_chunk("a"));
  });
  ChatStream stream = Client(options_for(server.url())).chat().stream(hello());
  EXPECT_EQ(stream.try_finish().error().kind(), ErrorKind::stream_truncated);
  EXPECT_EQ(stream.completion().choices.at(0).message.content, "a");
}

// The quickest of a few tries: what else the machine does is not the library's.
milliseconds quickest(const std::function<milliseconds()>& measure) {
  constexpr int kTries = 10;
  milliseconds best = milliseconds::max();
  for (int i = 0; i < kTries && best >= milliseconds(50); ++i) best = std::min(best, measure());
  return best;
}

milliseconds since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - begin);
}

// How long a call takes to return that is stopped where `script` says so.
milliseconds stopped_within(const std::function<void(Connection&, std::promise<void>&)>& script) {
  std::promise<void> reached;
  SocketServer server([&](Connection& connection) { script(connection, reached); });
  ClientOptions options = options_for(server.url());
  options.retry = RetryPolicy::openai();
  const Client client(options);
  std::stop_source source;
  RequestOptions call;
  call.stop = source.get_token();
  auto answer = client.chat().create_async(hello(), call);
  reached.get_future().wait();
  EXPECT_FALSE(answer.wait_for(milliseconds(30)));
  const auto begin = std::chrono::steady_clock::now();
  source.request_stop();
  const auto got = answer.try_get();
  const milliseconds took = since(begin);
  EXPECT_FALSE(got.has_value());
  EXPECT_EQ(got.error().kind(), ErrorKind::cancelled);
  return took;
}

TEST(CurlTransport, StopReturnsWithinFiftyMillisecondsWhileTheHeadIsAwaited) {
  const auto script = [](Connection& connection, std::promise<void>& reached) {
    (void)connection.read_request();
    reached.set_value();
    connection.wait_closed();
  };
  EXPECT_LT(quickest([&] { return stopped_within(script); }), milliseconds(50));
}

TEST(CurlTransport, StopReturnsWithinFiftyMillisecondsWhileTheBodyIsRead) {
  const auto script = [](Connection& connection, std::promise<void>& reached) {
    (void)connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{");
    reached.set_value();
    connection.wait_closed();
  };
  EXPECT_LT(quickest([&] { return stopped_within(script); }), milliseconds(50));
}

TEST(CurlTransport, StopReturnsWithinFiftyMillisecondsBetweenTwoAttempts) {
  const auto script = [](Connection& connection, std::promise<void>& reached) {
    (void)connection.read_request();
    connection.send("HTTP/1.1 503 No\r\nretry-after: 100\r\ncontent-length: 0\r\n\r\n");
    reached.set_value();
    connection.wait_closed();
  };
  EXPECT_LT(quickest([&] { return stopped_within(script); }), milliseconds(50));
}

TEST(CurlTransport, StopWakesABlockedStreamWithinFiftyMilliseconds) {
  const auto measure = [] {
    SocketServer server([](Connection& connection) {
      (void)connection.read_request();
      connection.begin_stream();
      connection.send_event(text_chunk("a"));
      connection.wait_closed();
    });
    std::stop_source source;
    RequestOptions call;
    call.stop = source.get_token();
    ChatStream stream = Client(options_for(server.url())).chat().stream(hello(), call);
    EXPECT_TRUE(stream.next().has_value());
    std::chrono::steady_clock::time_point asked;
    {
      const std::jthread stopper([&] {
        asked = std::chrono::steady_clock::now();
        source.request_stop();
      });
      EXPECT_EQ(stream.try_next().error().kind(), ErrorKind::cancelled);
    }
    return since(asked);
  };
  EXPECT_LT(quickest(measure), milliseconds(50));
}

TEST(CurlTransport, ConnectLimitIsReportedByItsName) {
  ClientOptions options = options_for("http://192.0.2.1:9");  // TEST-NET-1: nobody answers
  options.timeouts.connect = milliseconds(50);
  const auto answer = Client(options).chat().try_create(hello());
  ASSERT_FALSE(answer.has_value());
  // A machine without any route refuses at once.
  if (answer.error().kind() == ErrorKind::timeout) {
    EXPECT_EQ(answer.error().code(), "connect");
  }
}

std::ptrdiff_t open_files() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return std::distance(begin(files), end(files));
}

TEST(CurlTransport, ThousandCallsAtOnceAllComeBackAndLeaveNothingOpen) {
  constexpr int kCalls = 1'000;
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const std::ptrdiff_t before = open_files();
  {
    // No answer before all have asked, so that all are under way at the same time.
    std::latch all_asked(kCalls);
    SocketServer server([&all_asked](Connection& connection) {
      if (!connection.read_request()) return;
      all_asked.arrive_and_wait();
      connection.send_answer(text_answer("Hi"));
    });
    ClientOptions options = options_for(server.url());
    options.timeouts.connect = milliseconds(0);  // a busy machine takes its time
    const Client client(options);
    std::vector<Future<ChatCompletion>> calls;
    calls.reserve(kCalls);
    for (int i = 0; i < kCalls; ++i) calls.push_back(client.chat().create_async(hello()));
    int answered = 0;
    for (auto& call : calls) answered += call.try_get().has_value() ? 1 : 0;
    EXPECT_EQ(answered, kCalls);
    EXPECT_EQ(server.connections, kCalls);
  }
  EXPECT_EQ(open_files(), before);
}

TEST(CurlTransport, LastClientToGoEndsWhatStillRuns) {
  SocketServer server([](Connection& connection) {
    (void)connection.read_request();
    connection.wait_closed();
  });
  std::promise<ErrorKind> ended;
  {
    const Client client(options_for(server.url()));
    client.chat().create_async(hello()).on_ready(
        [&ended](const Result<ChatCompletion>& answer) { ended.set_value(answer.error().kind()); });
  }
  EXPECT_EQ(ended.get_future().get(), ErrorKind::cancelled);
}

TEST(CurlTransport, ClientMayGoOnItsOwnThread) {
  SocketServer server(answer_all);
  std::promise<void> done;
  {
    auto client = std::make_shared<Client>(options_for(server.url()));
    client->chat().create_async(hello()).on_ready(
        [client, &done](const Result<ChatCompletion>&) mutable {
          client.reset();
          done.set_value();
        });
    client.reset();
  }
  done.get_future().wait();
}

// A coroutine that runs by itself.
struct Detached {
  struct promise_type {
    Detached get_return_object() { return {}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

Detached talk(Client client, std::promise<std::string>& said) {
  AsyncChatStream stream = co_await client.chat().stream_async(hello());
  std::string text;
  while (true) {
    const std::optional<ChatChunk> chunk = co_await stream.next();
    if (!chunk) break;
    for (const auto& choice : chunk->choices) text += choice.delta.content.value_or("");
  }
  ChatRequest wrong = hello();
  wrong.stream = true;
  const auto refused = co_await client.chat().create_async(wrong).try_await();
  said.set_value(text + (refused.has_value() ? "" : " refused"));
}

TEST(CurlTransport, CoroutineReadsAStream) {
  SocketServer server(stream_all);
  const Client client(options_for(server.url()));
  std::promise<std::string> said;
  talk(client, said);
  EXPECT_EQ(said.get_future().get(), "a refused");
}

TEST(CurlTransport, SlowReaderGetsEverything) {
  constexpr int kEvents = 2'000;
  SocketServer server([](Connection& connection) {
    (void)connection.read_request();
    connection.begin_stream();
    for (int i = 0; i < kEvents; ++i) connection.send_event(text_chunk(std::string(500, 'x')));
    connection.send_event(last_chunk());
    connection.send_event("[DONE]");
    connection.send_chunk("");
    connection.wait_closed();
  });
  ClientOptions options = options_for(server.url());
  options.stream_buffer_bytes = 4'096;
  const auto whole = Client(options).chat().stream(hello()).try_finish();
  ASSERT_TRUE(whole.has_value()) << whole.error().message();
  EXPECT_EQ(whole->choices.at(0).message.content->size(), std::size_t{kEvents} * 500);
}

}  // namespace
}  // namespace retort::client::test
