// Messages: each role's members, each form of content, each fault named by its path.
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/chat_request.h"
#include "protocol/chat_request_testing.h"

namespace retort::protocol {
namespace {

TEST(RequestMessages, EveryRoleHasItsMembers) {
  const ChatRequest request = parsed(body_with_message(R"(
    {"role":"system","content":"s","name":"a b"},{"role":"developer","content":"d"},
    {"role":"user","content":"u","name":"John Doe"},
    {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function",
      "function":{"name":"f","arguments":"{}"}}],"reasoning_content":"why"},
    {"role":"tool","content":"t","tool_call_id":"c1"},
    {"role":"assistant","function_call":{"name":"g","arguments":"{\"x\":1}"}},
    {"role":"function","name":"g","content":null},
    {"role":"assistant","refusal":"no"},{"role":"tool","content":"no id"})"))
                                  .request;
  ASSERT_EQ(request.messages.size(), 9u);
  EXPECT_EQ(std::get<System>(request.messages[0]).name, "a b");
  EXPECT_EQ(std::get<Developer>(request.messages[1]).content, Content("d"));
  EXPECT_EQ(std::get<User>(request.messages[2]).name, "John Doe");
  const Assistant& caller = std::get<Assistant>(request.messages[3]);
  EXPECT_FALSE(caller.content);
  EXPECT_EQ(caller.tool_calls.at(0).id, "c1");
  EXPECT_EQ(caller.tool_calls.at(0).function.arguments, "{}");
  EXPECT_EQ(caller.reasoning_content, "why");
  EXPECT_EQ(std::get<Tool>(request.messages[4]).tool_call_id, "c1");
  EXPECT_EQ(std::get<Assistant>(request.messages[5]).function_call->name, "g");
  EXPECT_EQ(std::get<Function>(request.messages[6]).name, "g");
  EXPECT_EQ(std::get<Assistant>(request.messages[7]).refusal, "no");
  EXPECT_EQ(std::get<Tool>(request.messages[8]).tool_call_id, "");
}

TEST(RequestMessages, ContentComesInEveryForm) {
  const ChatRequest request = parsed(body_with_message(R"(
    {"role":"user","content":["a","b"]},
    {"role":"user","content":[{"type":"text","text":"a"},"b",{"type":"image_url",
      "image_url":{"url":"http://x/y.png","detail":"low"}},{"type":"image","image_url":{"url":"u"}},
      {"type":"input_audio","input_audio":{"data":"AA==","format":"wav"}}]},
    {"role":"assistant","content":[{"type":"refusal","refusal":"no"}]})"))
                                  .request;
  EXPECT_EQ(std::get<User>(request.messages[0]).content, Content("ab"));
  const auto& parts =
      std::get<std::vector<ContentPart>>(*std::get<User>(request.messages[1]).content);
  ASSERT_EQ(parts.size(), 5u);
  EXPECT_EQ(std::get<TextPart>(parts[1]).text, "b");
  EXPECT_EQ(std::get<ImagePart>(parts[2]).url, "http://x/y.png");
  EXPECT_EQ(std::get<ImagePart>(parts[2]).detail, "low");
  EXPECT_EQ(std::get<ImagePart>(parts[3]).url, "u");
  EXPECT_EQ(std::get<OtherPart>(parts[4]).type, "input_audio");
  EXPECT_EQ(text_of(*std::get<User>(request.messages[1]).content), "ab");
  EXPECT_EQ(text_of(*std::get<Assistant>(request.messages[2]).content), "no");
}

TEST(RequestMessages, MessagesAtFaultAreNamedByPath) {
  const std::pair<const char*, const char*> rows[] = {
      {R"("hi")", "messages[0]: invalid_type"},
      {R"({"content":"x"})", "messages[0].role: missing_required_parameter"},
      {R"({"role":7,"content":"x"})", "messages[0].role: invalid_type"},
      {R"({"role":"user"})", "messages[0].content: missing_required_parameter"},
      {R"({"role":"user","content":null})", "messages[0].content: missing_required_parameter"},
      {R"({"role":"user","content":5})", "messages[0].content: invalid_type"},
      {R"({"role":"user","content":[]})", "messages[0].content: empty_array"},
      {R"({"role":"user","content":[5]})", "messages[0].content[0]: invalid_type"},
      {R"({"role":"user","content":["a",{"text":"x"}]})",
       "messages[0].content[1].type: missing_required_parameter"},
      {R"({"role":"user","content":[{"type":"text"}]})",
       "messages[0].content[0].text: missing_required_parameter"},
      {R"({"role":"user","content":[{"type":"text","text":7}]})",
       "messages[0].content[0].text: invalid_type"},
      {R"({"role":"user","content":[{"type":"poem","text":"x"}]})",
       "messages[0].content[0].type: invalid_value"},
      {R"({"role":"user","content":[{"type":"refusal","refusal":"x"}]})",
       "messages[0].content[0].type: invalid_value"},
      {R"({"role":"user","content":[{"type":"image_url"}]})",
       "messages[0].content[0].image_url: missing_required_parameter"},
      {R"({"role":"user","content":[{"type":"image_url","image_url":"http://x"}]})",
       "messages[0].content[0].image_url: invalid_type"},
      {R"({"role":"user","content":[{"type":"image_url","image_url":{"detail":"low"}}]})",
       "messages[0].content[0].image_url.url: missing_required_parameter"},
      {R"({"role":"user","content":[{"type":"image_url","image_url":{"url":"u","detail":"x"}}]})",
       "messages[0].content[0].image_url.detail: invalid_value"},
      {R"({"role":"user","content":"x","name":5})", "messages[0].name: invalid_type"},
      {R"({"role":"assistant"})", "messages[0].content: missing_required_parameter"},
      {R"({"role":"assistant","content":null,"tool_calls":[]})",
       "messages[0].content: missing_required_parameter"},
      {R"({"role":"assistant","tool_calls":{}})", "messages[0].tool_calls: invalid_type"},
      {R"({"role":"assistant","tool_calls":[{"type":"function",
          "function":{"name":"f","arguments":""}}]})",
       "messages[0].tool_calls[0].id: missing_required_parameter"},
      {R"({"role":"assistant","tool_calls":[{"id":"1","type":"function"}]})",
       "messages[0].tool_calls[0].function: missing_required_parameter"},
      {R"({"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","arguments":{}}}]})",
       "messages[0].tool_calls[0].function.arguments: invalid_type"},
      {R"({"role":"assistant","tool_calls":[{"id":"1","function":{"arguments":"{}"}}]})",
       "messages[0].tool_calls[0].function.name: missing_required_parameter"},
      {R"({"role":"assistant","function_call":{"name":"f"}})",
       "messages[0].function_call.arguments: missing_required_parameter"},
      {R"({"role":"function","content":"x"})", "messages[0].name: missing_required_parameter"},
      {R"({"role":"tool","tool_call_id":"1"})", "messages[0].content: missing_required_parameter"},
      {R"({"role":"tool","content":"x","tool_call_id":"1"})", "messages[0].role: "},
      {R"({"role":"assistant","content":"x","tool_calls":[{"id":"1","function":
          {"name":"f","arguments":"{}"}}]},{"role":"tool","content":"x","tool_call_id":"2"})",
       "messages[1].role: "},
      {R"({"role":"assistant","content":"x","tool_calls":[{"id":"1","function":
          {"name":"f","arguments":"{}"}}]},{"role":"user","content":"x"},
          {"role":"tool","content":"x","tool_call_id":"1"})",
       "messages[2].role: "},
      {R"({"role":"tool","content":"x","tool_call_id":1})",
       "messages[0].tool_call_id: invalid_type"},
  };
  for (const auto& [message, expected] : rows)
    EXPECT_EQ(message_fault(message), expected) << message;
  EXPECT_EQ(refusal(R"({"model":"m","messages":{}})").substr(0, 22), "messages: invalid_type");
}

}  // namespace
}  // namespace retort::protocol
