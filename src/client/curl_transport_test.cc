#include <gtest/gtest.h>
#include <malloc.h>
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

// A listener whose queue is full: who asks it to connect waits.
class FullListener {
 public:
  FullListener() {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    sockets_.push_back(::socket(AF_INET, SOCK_STREAM, 0));
    ::bind(sockets_[0], reinterpret_cast<sockaddr*>(&address), size);
    ::listen(sockets_[0], 0);
    ::getsockname(sockets_[0], reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    for (int i = 0; i < 8; ++i) {
      sockets_.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
      ::connect(sockets_.back(), reinterpret_cast<sockaddr*>(&address), size);
    }
  }
  ~FullListener() {
    for (const int socket : sockets_) ::close(socket);
  }
  FullListener(const FullListener&) = delete;
  FullListener& operator=(const FullListener&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  std::vector<int> sockets_;
  int port_ = 0;
};

TEST(CurlTransport, StopReturnsWithinFiftyMillisecondsWhileConnecting) {
  const FullListener listener;
  const auto measure = [&listener] {
    std::stop_source source;
    RequestOptions call;
    call.stop = source.get_token();
    auto answer = Client(options_for(listener.url())).chat().create_async(hello(), call);
    EXPECT_FALSE(answer.wait_for(milliseconds(30)));
    const auto begin = std::chrono::steady_clock::now();
    source.request_stop();
    EXPECT_EQ(answer.try_get().error().kind(), ErrorKind::cancelled);
    return since(begin);
  };
  EXPECT_LT(quickest(measure), milliseconds(50));
}

TEST(CurlTransport, ConnectLimitEndsTheWaitByItsName) {
  const FullListener listener;
  ClientOptions options = options_for(listener.url());
  options.timeouts.connect = milliseconds(50);
  try {
    (void)Client(options).chat().create(hello());
    ADD_FAILURE();
  } catch (const TimeoutError& error) {
    EXPECT_EQ(error.code(), "connect");
    EXPECT_NE(error.message().find("timeouts.connect"), std::string::npos);
  }
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

std::ptrdiff_t open_files() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return std::distance(begin(files), end(files));
}

TEST(CurlTransport, RedirectIsNotFollowedAndItsTargetSeesNoKey) {
  SocketServer elsewhere(answer_all);
  SocketServer server([&elsewhere](Connection& connection) {
    while (connection.read_request()) {
      connection.send("HTTP/1.1 307 Elsewhere\r\nlocation: " + elsewhere.url() +
                      "/v1/chat/completions\r\ncontent-length: 0\r\n\r\n");
    }
  });
  ClientOptions options = options_for(server.url());
  options.api_key = "sk-secret";
  options.retry = RetryPolicy::openai();
  const auto answer = Client(options).chat().try_create(hello());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().status(), 307);
  EXPECT_EQ(elsewhere.connections, 0);
}

TEST(CurlTransport, EndlessHeadIsRefused) {
  SocketServer server([](Connection& connection) {
    (void)connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\n");
    const std::string field = "x-padding: " + std::string(1'000, 'x') + "\r\n";
    for (int i = 0; i < 3'000; ++i) connection.send(field);
  });
  const auto answer = Client(options_for(server.url())).chat().try_create(hello());
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().status(), 0);
}

TEST(CurlTransport, ProxyOfTheEnvironmentIsNotAskedForThisMachine) {
  SocketServer server(answer_all);
  ::setenv("http_proxy", "http://user:hunter2@127.0.0.1:1", 1);
  ClientOptions options = options_for(server.url());
  options.network.no_proxy = "";
  options.api_key = "sk-secret";
  const auto direct = Client(options).chat().try_create(hello());
  EXPECT_TRUE(direct.has_value()) << direct.error().message();
  options.base_url = "http://no-such-host.invalid";
  options.api_key = "";
  const auto proxied = Client(options).chat().try_create(hello());
  ::unsetenv("http_proxy");
  ASSERT_FALSE(proxied.has_value());
  EXPECT_EQ(proxied.error().message().find("hunter2"), std::string::npos);
}

TEST(CurlTransport, PasswordOfAProxyIsInNoError) {
  ClientOptions options = options_for("http://no-such-host.invalid");
  options.network.no_proxy = "";
  for (const char* proxy : {"ftp://user:hunter2@127.0.0.1:1", "http://user:hunter2@127.0.0.1:99999",
                            "http://user:hunter2@no-such-proxy.invalid"}) {
    options.network.proxy = proxy;
    const auto answer = Client(options).chat().try_create(hello());
    ASSERT_FALSE(answer.has_value());
    EXPECT_EQ(answer.error().message().find("hunter2"), std::string::npos)
        << answer.error().message();
  }
}

constexpr int kCalls = 1'000;

// A thousand calls that are all under way at the same time, on a client that goes behind them.
void call_at_once(const std::string& url) {
  ClientOptions options = options_for(url);
  options.timeouts.connect = milliseconds(0);  // a busy machine takes its time
  const Client client(options);
  std::vector<Future<ChatCompletion>> calls;
  calls.reserve(kCalls);
  for (int i = 0; i < kCalls; ++i) calls.push_back(client.chat().create_async(hello()));
  int answered = 0;
  for (auto& call : calls) answered += call.try_get().has_value() ? 1 : 0;
  EXPECT_EQ(answered, kCalls);
}

// Bytes that the program has asked for and not given back; 0 under a sanitizer, which has an
// allocator of its own (and finds leaks itself).
std::size_t bytes_in_use() {
  return mallinfo2().uordblks;
}

TEST(CurlTransport, ThousandCallsAtOnceAllComeBackAndLeaveNothingOpen) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const std::ptrdiff_t before = open_files();
  std::size_t bytes = 0;
  for (int round = 0; round < 3; ++round) {
    {
      // No answer before all have asked, so that all are under way at the same time.
      std::latch all_asked(kCalls);
      SocketServer server([&all_asked](Connection& connection) {
        if (!connection.read_request()) return;
        all_asked.arrive_and_wait();
        connection.send_answer(text_answer("Hi"));
      });
      call_at_once(server.url());
      EXPECT_EQ(server.connections, kCalls);
    }
    EXPECT_EQ(open_files(), before);
    // The first rounds fill what libraries keep for later. A byte a call would be seen.
    if (round == 2) {
      EXPECT_LT(bytes_in_use(), bytes + kCalls);
    }
    bytes = bytes_in_use();
  }
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
