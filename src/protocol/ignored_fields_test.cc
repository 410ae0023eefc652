// What the parser lists as ignored, and how the header spells it.
#include "protocol/ignored_fields.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

#include "protocol/chat_request_testing.h"

namespace retort::protocol {
namespace {

TEST(IgnoredFields, UnknownFieldsAreKeptAndListedByPath) {
  const ParsedRequest result = parsed(R"({"model":"m","topP":0.5,"a.b, c":{"x": 1},
    "messages":[{"role":"user","content":[{"type":"text","text":"t","cache":1}],"tool_calls":[]}],
    "tools":[{"type":"function","function":{"name":"f","returns":{}}}],
    "stream":true,"stream_options":{"more":1},"service_tier":"on_demand"})");
  EXPECT_EQ(result.ignored.header_value(),
            "topP, a%2Eb%2C%20c, messages[0].content[0].cache, messages[0].tool_calls, "
            "tools[0].function.returns, stream_options.more, service_tier");
  EXPECT_EQ(result.request.service_tier, "on_demand");
  ASSERT_EQ(result.request.extra.size(), 2u);
  EXPECT_EQ(result.request.extra[1].first, "a.b, c");
  EXPECT_EQ(result.request.extra[1].second.text(), R"({"x": 1})");
  EXPECT_EQ(std::get<User>(result.request.messages[0]).extra.at(0).first, "tool_calls");
}

TEST(IgnoredFields, HeaderNamesAtMost32AndCountsTheRest) {
  std::string members = "\"x0\":1";
  for (int i = 1; i < 40; ++i) members += ",\"x" + std::to_string(i) + "\":1";
  const std::string header = parsed(body_with(members)).ignored.header_value();
  EXPECT_EQ(header.substr(0, 8), "x0, x1, ");
  EXPECT_EQ(header.substr(header.size() - 9), ", x31, +8");
}

TEST(IgnoredFields, HeaderStaysWithinOneKibibyte) {
  IgnoredFields ignored;
  EXPECT_EQ(ignored.header_value(), "");
  for (int i = 0; i < 32; ++i) ignored.add(std::to_string(i) + std::string(98, 'n'));
  ignored.add(std::string(5000, 'n'));
  const std::string header = ignored.header_value();
  EXPECT_LE(header.size(), 1024u);
  EXPECT_GE(header.size(), 900u);
  EXPECT_EQ(header.substr(header.size() - 5), ", +23");
  IgnoredFields one;
  one.add(parsed(body_with('"' + std::string(1 << 20, 'x') + "\":1")).ignored.header_value());
  EXPECT_EQ(one.header_value(), "+1");
}

}  // namespace
}  // namespace retort::protocol
