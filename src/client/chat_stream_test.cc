#include <gtest/gtest.h>

#include <retort/stream.h>

#include "client/mock_testing.h"

namespace retort::client::test {
namespace {

using std::chrono::milliseconds;

std::string stream_of(const std::vector<std::string>& data) {
  std::string out;
  for (const std::string& each : MockAnswer::events(data).body) out += each;
  return out;
}

MockAnswer stream_answer(std::string bytes) {
  return {.headers = {{"content-type", "text/event-stream"}}, .body = {std::move(bytes)}};
}

std::string call_delta(const std::string& rest) {
  return chunk(R"({"tool_calls":[{)" + rest + "}]}");
}

std::string streamed_text(const MockAnswer& answer) {
  Mocked mocked;
  mocked.mock->add(answer);
  return mocked.client().chat().stream(hello()).finish().choices.at(0).message.content.value_or("");
}

TEST(ChatStream, RangeGivesEachChunkAndCompletionTheWhole) {
  Mocked mocked;
  mocked.mock->add(MockAnswer::events({text_chunk("Hel"), text_chunk("lo"), last_chunk()}));
  ChatStream stream = mocked.client().chat().stream(hello());
  std::string text;
  for (const auto& each : stream) {
    for (const auto& choice : each.choices) text += choice.delta.content.value_or("");
  }
  EXPECT_EQ(text, "Hello");
  EXPECT_EQ(stream.completion().choices.at(0).message.content, "Hello");
  EXPECT_FALSE(stream.next().has_value());
  EXPECT_NE(mocked.mock->requests().at(0).request.body.find(R"("stream":true)"), std::string::npos);
}

// Each line with the next of the three endings; never CR before LF, which would be one of them.
std::string mixed_endings(const std::string& stream) {
  constexpr const char* kEndings[] = {"\n", "\r", "\r\n"};
  std::string out;
  std::size_t lines = 0;
  for (const char byte : stream) out += byte == '\n' ? kEndings[lines++ % 3] : std::string(1, byte);
  return out;
}

// The JSON of each event on two data lines, which the reader joins.
std::string data_in_lines(std::string stream) {
  const std::string choices = ",\"choices\"";
  for (std::size_t at = stream.find(choices); at != std::string::npos;
       at = stream.find(choices, at + choices.size() + 7)) {
    stream.insert(at, "\ndata: ");
  }
  return stream;
}

// Without [DONE], and without the blank line of the last event.
std::string without_end(const std::string& stream) {
  return stream.substr(0, stream.find("\n\ndata: [DONE]"));
}

TEST(ChatStream, CutsOfTheBytesDoNotMatter) {
  const std::vector<std::string> chunks = {text_chunk("a"), text_chunk("\\u00e9\xF0\x9F\x98\x80"),
                                           last_chunk()};
  const std::string expected = "a\xC3\xA9\xF0\x9F\x98\x80";
  std::string crlf;
  for (const char byte : stream_of(chunks)) crlf += byte == '\n' ? "\r\n" : std::string(1, byte);
  std::string cr = stream_of(chunks);
  std::replace(cr.begin(), cr.end(), '\n', '\r');
  const std::vector<std::string> fixtures = {
      stream_of(chunks),
      crlf,
      cr,
      "\xEF\xBB\xBF: hello\n\nevent: message\nid: 1\nretry: 3000\n\n" + stream_of(chunks),
      "id: 7\n" + stream_of(chunks) + "\n\n\n",
      mixed_endings(stream_of(chunks)),
      data_in_lines(stream_of(chunks)),
      without_end(stream_of(chunks)),
      ":\n\n: ping\n\nretry: x\nunknown: y\n\n" + stream_of(chunks) + ": bye",
  };
  for (const std::string& bytes : fixtures) {
    for (std::size_t at = 0; at <= bytes.size(); ++at) {
      MockAnswer answer = stream_answer(bytes.substr(0, at));
      answer.body.push_back(bytes.substr(at));
      EXPECT_EQ(streamed_text(answer), expected) << at;
    }
    EXPECT_EQ(streamed_text(stream_answer(bytes).split_every(1)), expected);
  }
}

TEST(ChatStream, EndsAtDoneWhateverFollows) {
  EXPECT_EQ(
      streamed_text(stream_answer(stream_of({text_chunk("a"), last_chunk()}) + "data: {\n\n")),
      "a");
}

TEST(ChatStream, MissingDoneIsNoErrorOnceTheChoicesAreComplete) {
  MockAnswer answer = MockAnswer::events({text_chunk("a"), last_chunk()});
  answer.body.pop_back();
  EXPECT_EQ(streamed_text(answer), "a");
  answer.body.back().resize(answer.body.back().size() - 2);  // nor is the last blank line
  EXPECT_EQ(streamed_text(answer), "a");
}

TEST(ChatStream, EndBeforeAFinishReasonIsTruncationAndKeepsWhatHadCome) {
  for (const bool with_done : {true, false}) {
    Mocked mocked;
    MockAnswer answer = MockAnswer::events({text_chunk("a"), last_chunk("stop", 1)});
    if (!with_done) answer.body.pop_back();
    mocked.mock->add(answer);
    ChatStream stream = mocked.client().chat().stream(hello());
    const auto whole = stream.try_finish();
    ASSERT_FALSE(whole.has_value());
    EXPECT_EQ(whole.error().kind(), ErrorKind::stream_truncated);
    EXPECT_NE(whole.error().message().find("choice 0"), std::string::npos);
    EXPECT_EQ(stream.completion().choices.at(0).message.content, "a");
    EXPECT_EQ(stream.try_next().error().kind(), ErrorKind::stream_truncated);
  }
}

TEST(ChatStream, EndWithoutAFinishReasonCanBeAllowed) {
  Mocked mocked;
  mocked.options.finish_reason_required = false;
  mocked.mock->add(MockAnswer::events({text_chunk("a")}));
  EXPECT_EQ(mocked.client().chat().stream(hello()).finish().choices.at(0).message.content, "a");
}

TEST(ChatStream, AnswerThatIsNoStreamSaysSo) {
  Mocked mocked;
  mocked.mock->add(MockAnswer::json(text_answer("Hi")));
  const auto whole = mocked.client().chat().stream(hello()).try_finish();
  ASSERT_FALSE(whole.has_value());
  EXPECT_NE(whole.error().message().find("application/json"), std::string::npos);
}

TEST(ChatStream, ErrorInTheStreamIsTheServersOwn) {
  Mocked mocked;
  mocked.mock->add(MockAnswer::events(
      {text_chunk("a"), R"({"error":{"message":"overloaded","type":"t","code":"busy"}})"}));
  ChatStream stream = mocked.client().chat().stream(hello());
  EXPECT_TRUE(stream.next().has_value());
  const auto failed = stream.try_next();
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().message(), "overloaded");
  EXPECT_EQ(failed.error().code(), "busy");
}

TEST(ChatStream, EventBeyondItsLimitIsRefused) {
  Mocked mocked;
  mocked.options.event_bytes_max = 1'000;
  mocked.mock->add(stream_answer("data: " + std::string(2'000, 'x')));
  const auto failed = mocked.client().chat().stream(hello()).try_next();
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().kind(), ErrorKind::malformed);
}

TEST(ChatStream, ToolCallsOfEveryServicesFormComeOutTheSame) {
  const std::string end = last_chunk("tool_calls");
  const std::vector<std::vector<std::string>> forms = {
      // OpenAI's: id, type and name once.
      {call_delta(
           R"("index":0,"id":"c1","type":"function","function":{"name":"w","arguments":""})"),
       call_delta(R"("index":0,"function":{"arguments":"{\"a\":"})"),
       call_delta(R"("index":0,"function":{"arguments":"1}"})"), end},
      // An empty id behind the first, and a repeated one.
      {call_delta(
           R"("index":0,"id":"c1","type":"function","function":{"name":"w","arguments":"{"})"),
       call_delta(R"("index":0,"id":"","type":"function","function":{"arguments":"\"a\":"})"),
       call_delta(
           R"("index":0,"id":"c1","type":"function","function":{"name":"w","arguments":"1}"})"),
       end},
      // Two fragments of one call in a chunk.
      {chunk(
           R"({"tool_calls":[{"index":0,"id":"c1","function":{"name":"w","arguments":"{\"a\":"}},)"
           R"({"index":0,"function":{"arguments":"1}"}}]})"),
       end},
      // All at once, and with index -1.
      {call_delta(R"("index":0,"id":"c1","function":{"name":"w","arguments":"{\"a\":1}"})"), end},
      {call_delta(R"("index":-1,"id":"c1","function":{"name":"w","arguments":"{\"a\":1}"})"), end},
  };
  for (const auto& chunks : forms) {
    Mocked mocked;
    mocked.mock->add(MockAnswer::events(chunks));
    const ChatCompletion whole = mocked.client().chat().stream(hello()).finish();
    ToolCall expected;
    expected.id = "c1";
    expected.function = {.name = "w", .arguments = R"({"a":1})"};
    EXPECT_EQ(whole.choices.at(0).message.tool_calls, std::vector<ToolCall>{expected});
  }
}

TEST(ChatStream, CallsThatInterleaveAreToldApart) {
  Mocked mocked;
  mocked.mock->add(MockAnswer::events(
      {call_delta(R"("index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""})"),
       call_delta(R"("index":1,"id":"b","function":{"name":"g","arguments":"{"})"),
       call_delta(R"("index":0,"function":{"arguments":":1}"})"),
       call_delta(R"("index":1,"function":{"arguments":"}"})"), last_chunk("tool_calls")}));
  const ChatCompletion whole = mocked.client().chat().stream(hello()).finish();
  const std::vector<ToolCall>& calls = whole.choices.at(0).message.tool_calls;
  ASSERT_EQ(calls.size(), 2U);
  EXPECT_EQ(calls[0].id + calls[0].function.name + calls[0].function.arguments, R"(af{"x":1})");
  EXPECT_EQ(calls[1].id + calls[1].function.name + calls[1].function.arguments, "bg{}");
}

TEST(ChatStream, RefusalReasoningAndLogprobsAreFolded) {
  const std::string logprobs =
      R"(,"logprobs":{"content":[{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[]}]})";
  Mocked mocked;
  mocked.mock->add(MockAnswer::events(
      {chunk(R"({"role":"assistant","content":null,"refusal":"I "})"),
       chunk(R"({"refusal":"won't"})"), chunk(R"({"reasoning_content":"h"})", logprobs),
       chunk(R"({"reasoning_content":"m"})", logprobs), last_chunk(),
       R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})"}));
  const ChatCompletion whole = mocked.client().chat().stream(hello()).finish();
  const Choice& choice = whole.choices.at(0);
  EXPECT_EQ(choice.message.refusal, "I won't");
  EXPECT_EQ(choice.message.reasoning_content, "hm");
  EXPECT_FALSE(choice.message.content.has_value());
  EXPECT_EQ(choice.logprobs->content->size(), 2U);
  EXPECT_EQ(whole.usage->total_tokens, 3);
}

// The event's name, choice and what it carries.
std::string told(const ChatEvent& event) {
  struct Teller {
    std::string operator()(const ContentDelta& e) const {
      return "content " + e.delta + " of " + std::string(e.snapshot);
    }
    std::string operator()(const RefusalDelta& e) const { return "refusal " + e.delta; }
    std::string operator()(const ReasoningDelta& e) const { return "reasoning " + e.delta; }
    std::string operator()(const ToolArgumentsDelta& e) const {
      return e.name + " " + e.delta + " of " + std::string(e.snapshot);
    }
    std::string operator()(const LogprobsDelta&) const { return "logprobs"; }
    std::string operator()(const ContentDone& e) const { return "content done " + e.content; }
    std::string operator()(const RefusalDone& e) const { return "refusal done " + e.refusal; }
    std::string operator()(const ToolCallDone& e) const {
      return "call done " + e.tool_call.function.arguments;
    }
    std::string operator()(const ChoiceDone& e) const { return "done " + e.finish_reason.value; }
    std::string operator()(const UsageEvent& e) const {
      return "usage " + std::to_string(e.usage.total_tokens);
    }
  };
  return std::visit(Teller(), event);
}

TEST(ChatStream, EventsTellWhatChangedAndWhatIsThere) {
  Mocked mocked;
  mocked.mock->add(MockAnswer::events(
      {chunk(R"({"role":"assistant","reasoning_content":"hm"})"), text_chunk("a"), text_chunk("b"),
       call_delta(R"("index":0,"id":"c1","function":{"name":"w","arguments":"{"})"),
       call_delta(R"("index":0,"function":{"arguments":"}"})"), last_chunk("tool_calls"),
       R"({"choices":[],"usage":{"total_tokens":9}})"}));
  std::vector<std::string> events;
  ChatStream stream = mocked.client().chat().stream(hello());
  for (const ChatEvent& event : stream.events()) events.push_back(told(event));
  EXPECT_EQ(events, (std::vector<std::string>{"reasoning hm", "content a of a", "content b of ab",
                                              "w { of {", "w } of {}", "content done ab",
                                              "call done {}", "done tool_calls", "usage 9"}));
}

TEST(ChatStream, ChoicesStandInTheOrderOfTheirIndexWhateverCameFirst) {
  Mocked mocked;
  const auto text = [](const char* word, int index) {
    return chunk(std::string(R"({"content":")") + word + "\"}", "", index);
  };
  mocked.mock->add(
      MockAnswer::events({text("c", 2), text("a", 0), text("b", 1), text("C", 2),
                          last_chunk("stop", 1), last_chunk("stop", 2), last_chunk("length", 0)}));
  ChatStream stream = mocked.client().chat().stream(hello());
  const ChatCompletion whole = stream.finish();
  ASSERT_EQ(whole.choices.size(), 3U);
  EXPECT_EQ(whole.choices[0].message.content, "a");
  EXPECT_EQ(whole.choices[0].finish_reason, FinishReason::length);
  EXPECT_EQ(whole.choices[1].message.content, "b");
  EXPECT_EQ(whole.choices[2].message.content, "cC");
}

TEST(ChatStream, MoreChoicesThanAnyRequestAsksForAreRefused) {
  Mocked mocked;
  std::vector<std::string> chunks;
  for (int i = 0; i < 2'000; ++i) chunks.push_back(last_chunk("stop", i));
  mocked.mock->add(MockAnswer::events(chunks));
  const auto whole = mocked.client().chat().stream(hello()).try_finish();
  ASSERT_FALSE(whole.has_value());
  EXPECT_EQ(whole.error().kind(), ErrorKind::malformed);
}

TEST(ChatStream, EmptyFinishReasonIsNone) {
  Mocked mocked;
  mocked.mock->add(MockAnswer::events({chunk(R"({"content":"a"})", R"(,"finish_reason":"")")}));
  mocked.mock->add(
      MockAnswer::events({chunk(R"({"content":"a"})", R"(,"finish_reason":"")"), last_chunk()}));
  const Client client = mocked.client();
  EXPECT_THROW((void)client.chat().stream(hello()).finish(), StreamTruncatedError);
  EXPECT_EQ(client.chat().stream(hello()).finish().choices.at(0).finish_reason, FinishReason::stop);
}

TEST(ChatStream, LeavingEarlyFreesTheConnection) {
  Mocked mocked;
  MockAnswer answer = MockAnswer::events({text_chunk("a"), text_chunk("b"), last_chunk()});
  answer.piece_delay = milliseconds(10);
  mocked.mock->add(answer);
  for (const auto& each : mocked.client().chat().stream(hello())) {
    (void)each;
    break;
  }
  EXPECT_EQ(mocked.mock->cancelled(), 1U);
}

TEST(ChatStream, OutlivesItsClientAndRequest) {
  Mocked mocked;
  mocked.mock->add(MockAnswer::events({text_chunk("a"), last_chunk()}));
  std::optional<ChatStream> stream;
  {
    const Client client = mocked.client();
    stream.emplace(client.chat().stream(hello()));
  }
  EXPECT_EQ(stream->finish().choices.at(0).message.content, "a");
}

TEST(ChatStream, SlowReaderPausesTheServer) {
  Mocked mocked;
  mocked.options.stream_buffer_bytes = 64;
  std::vector<std::string> chunks(50, text_chunk("abcdefghij"));
  chunks.push_back(last_chunk());
  mocked.mock->add(MockAnswer::events(chunks));
  ChatStream stream = mocked.client().chat().stream(hello());
  while (mocked.mock->run_one()) {
  }
  // Read on after everything that may happen without reading has.
  EXPECT_EQ(stream.finish().choices.at(0).message.content->size(), 500U);
}

TEST(ChatStream, StopTokenEndsItAtTheNextChunk) {
  Mocked mocked;
  MockAnswer answer = MockAnswer::events({text_chunk("a"), text_chunk("b"), last_chunk()});
  answer.piece_delay = milliseconds(10);
  mocked.mock->add(answer);
  std::stop_source source;
  RequestOptions options;
  options.stop = source.get_token();
  ChatStream stream = mocked.client().chat().stream(hello(), options);
  EXPECT_TRUE(stream.next().has_value());
  source.request_stop();
  EXPECT_THROW((void)stream.next(), CancelledError);
  EXPECT_EQ(stream.completion().choices.at(0).message.content, "a");
  EXPECT_EQ(mocked.mock->cancelled(), 1U);
}

TEST(ChatStream, StopBeforeTheCallSendsNothing) {
  Mocked mocked;
  std::stop_source source;
  source.request_stop();
  RequestOptions options;
  options.stop = source.get_token();
  EXPECT_THROW((void)mocked.client().chat().stream(hello(), options), CancelledError);
  EXPECT_THROW((void)mocked.client().chat().create(hello(), options), CancelledError);
  EXPECT_TRUE(mocked.mock->requests().empty());
}

TEST(ChatStream, IdleLimitHoldsBetweenEvents) {
  Mocked mocked;
  mocked.options.timeouts.idle = milliseconds(50);
  MockAnswer answer = MockAnswer::events({text_chunk("a"), last_chunk()});
  answer.piece_delay = milliseconds(60);
  mocked.mock->add(answer);
  ChatStream stream = mocked.client().chat().stream(hello());
  EXPECT_TRUE(stream.next().has_value());
  try {
    (void)stream.next();
    ADD_FAILURE();
  } catch (const TimeoutError& error) {
    EXPECT_EQ(error.code(), "idle");
  }
}

}  // namespace
}  // namespace retort::client::test
