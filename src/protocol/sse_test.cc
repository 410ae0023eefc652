// The event parser: every way to cut the bytes gives the same events.
#include "protocol/sse.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>

namespace retort::protocol {
namespace {

using Events = std::vector<SseEvent>;

Events parsed(std::string_view bytes) {
  SseParser parser;
  Events events;
  EXPECT_TRUE(parser.push(bytes, events));
  return events;
}

std::vector<std::string> data_of(const Events& events) {
  std::vector<std::string> data;
  for (const SseEvent& event : events) data.push_back(event.data);
  return data;
}

using Strings = std::vector<std::string>;

TEST(Sse, WritesWhatEveryClientReads) {
  std::string out;
  append_sse_event(out, R"({"a":1})");
  append_sse_comment(out, "keep-alive");
  append_sse_done(out);
  EXPECT_EQ(out, "data: {\"a\":1}\n\n: keep-alive\n\ndata: [DONE]\n\n");
}

TEST(Sse, LineBreaksInDataStayInData) {
  std::string out;
  append_sse_event(out, "a\nb\r\nc\rd\n");
  EXPECT_EQ(out, "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
  EXPECT_EQ(data_of(parsed(out)), Strings{"a\nb\nc\nd\n"});
}

TEST(Sse, LinesEndInAnyWay) {
  for (const char* text :
       {"data: a\n\ndata: b\n\n", "data: a\r\n\r\ndata: b\r\n\r\n", "data: a\r\rdata: b\r\r",
        "data: a\n\r\ndata: b\r\n\n", "data: a\r\n\rdata: b\n\r", "data: a\n\rdata: b\r\n\r\n"}) {
    EXPECT_EQ(data_of(parsed(text)), (Strings{"a", "b"})) << text;
  }
}

// CRLF is one line end, not two: the second would end the event.
TEST(Sse, AnEventOfManyLinesStaysOneHoweverTheyEnd) {
  for (const std::string end : {"\n", "\r", "\r\n"}) {
    const std::string text = "data: a" + end + "event: e" + end + "data: b" + end + end;
    EXPECT_EQ(parsed(text), (Events{{"e", "a\nb", "", std::nullopt}}));
  }
}

TEST(Sse, FieldsFollowTheFormat) {
  const Events events = parsed(
      "\xef\xbb\xbf: comment\nevent: delta\nid: 7\nretry: 300\ndata:x\ndata:  y\nunknown: z\n"
      "data\n\n");
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0], (SseEvent{"delta", "x\n y\n", "7", 300}));
}

TEST(Sse, TheIdStaysAndTheRestDoesNot) {
  const std::string zero(1, '\0');
  const Events events = parsed("id: 7\nevent: e\ndata: a\n\nid: b" + zero +
                               "c\ndata: b\nretry: x\n\nid\ndata: c\nretry: -1\n\n");
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[1], (SseEvent{"", "b", "7", std::nullopt}));
  EXPECT_EQ(events[2], (SseEvent{"", "c", "", std::nullopt}));
}

TEST(Sse, BlocksWithoutDataGiveNoEvent) {
  EXPECT_TRUE(parsed(": keep-alive\n\nretry: 5\n\nid: 1\n\nevent: ping\n\n\n\n\n").empty());
  EXPECT_EQ(data_of(parsed("data\n\n")), Strings{""});
  EXPECT_EQ(data_of(parsed("event: ping\n\ndata: a\n\n")), Strings{"a"});
}

TEST(Sse, AnEventWithoutItsBlankLineIsTheCallersToJudge) {
  for (const char* text : {"data: a\n\ndata: b", "data: a\n\ndata: b\n", "data: a\n\ndata: b\r"}) {
    SseParser parser;
    Events events;
    ASSERT_TRUE(parser.push(text, events));
    EXPECT_EQ(data_of(events), Strings{"a"});
    ASSERT_TRUE(parser.finish()) << text;
  }
  SseParser parser;
  Events events;
  ASSERT_TRUE(parser.push("data: b", events));
  EXPECT_EQ(parser.finish()->data, "b");
  EXPECT_FALSE(parser.finish());
}

TEST(Sse, AnEventOverTheLimitIsAnErrorForGood) {
  for (const std::string& piece : {std::string(50, 'x'), "data: " + std::string(20, 'x') + "\n"}) {
    SseParser parser(64);
    Events events;
    int pushes = 0;
    while (parser.push(piece, events) && pushes < 10) ++pushes;
    EXPECT_LT(pushes, 4);
    EXPECT_EQ(parser.push("\n\n", events).error().kind(), ErrorKind::malformed);
    EXPECT_FALSE(parser.finish());
    EXPECT_TRUE(events.empty());
  }
  SseParser parser(64);
  Events events;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(parser.push("data: 0123456789\n\n", events));
  EXPECT_EQ(events.size(), 1000u);
}

// ---- Cuts.

Events parsed_in_pieces(std::string_view bytes, const std::vector<std::size_t>& cuts) {
  SseParser parser;
  Events events;
  std::size_t begin = 0;
  for (const std::size_t cut : cuts) {
    EXPECT_TRUE(parser.push(bytes.substr(begin, cut - begin), events));
    begin = cut;
  }
  EXPECT_TRUE(parser.push(bytes.substr(begin), events));
  if (auto last = parser.finish()) events.push_back(*last);
  return events;
}

std::string random_stream(std::mt19937& random) {
  const char* pieces[] = {"data: ", "data:",    "a",     "\n",     "\r", "\r\n",
                          "\n\n",   ":",        "id: 3", "event:", "é",  "\xef\xbb\xbf",
                          "\xef",   "retry: 9", " ",     "[DONE]"};
  std::string text = random() % 3 == 0 ? "\xef\xbb\xbf" : "";
  for (unsigned i = random() % 30; i > 0; --i) text += pieces[random() % std::size(pieces)];
  return text;
}

TEST(Sse, NoCutChangesTheEvents) {
  std::mt19937 random(11);
  for (int i = 0; i < 500; ++i) {
    const std::string text = random_stream(random);
    const Events whole = parsed_in_pieces(text, {});
    std::vector<std::size_t> every;
    for (std::size_t cut = 0; cut <= text.size(); ++cut) {
      EXPECT_EQ(parsed_in_pieces(text, {cut}), whole) << text;
      every.push_back(cut);
    }
    EXPECT_EQ(parsed_in_pieces(text, every), whole) << text;
  }
}

// The recorded streams as services send them: each line end, heartbeats between, a BOM, no [DONE].
TEST(Sse, RecordedStreamsComeOutWholeHoweverTheyAreSent) {
  const std::filesystem::path folder = RETORT_SHARED_DIR "/data/wire_fixtures";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << folder << " is not there";
  std::mt19937 random(3);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".txt") continue;
    std::ifstream in(entry.path(), std::ios::binary);
    Strings lines;
    for (std::string line; std::getline(in, line) && lines.size() < 60;) {
      if (!line.empty()) lines.push_back(line);
    }
    for (const std::string end : {"\n", "\r", "\r\n"}) {
      std::string stream = "\xef\xbb\xbf: hello" + end + end;
      for (const std::string& line : lines) {
        stream += "data: " + line + end + end;
        if (random() % 4 == 0) stream += ": keep-alive" + end + end;
      }
      EXPECT_EQ(data_of(parsed(stream)), lines) << entry.path();
      std::vector<std::size_t> cuts;
      for (std::size_t at = random() % 90; at < stream.size(); at += random() % 90)
        cuts.push_back(at);
      EXPECT_EQ(data_of(parsed_in_pieces(stream, cuts)), lines) << entry.path();
    }
    const std::string first = "data: " + lines[0] + "\r\n\r\ndata: [DONE]\n\n";
    for (std::size_t cut = 0; cut <= first.size(); ++cut) {
      EXPECT_EQ(data_of(parsed_in_pieces(first, {cut})), (Strings{lines[0], "[DONE]"}));
    }
  }
}

}  // namespace
}  // namespace retort::protocol
