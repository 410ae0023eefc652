// What the tests of the request parser share: bodies around a member or message, and how a refusal
// reads.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "protocol/chat_request.h"

namespace retort::protocol {

// A request with `members` beside a model and one message.
inline std::string body_with(const std::string& members) {
  return R"({"model":"m","messages":[{"role":"user","content":"hi"}],)" + members + "}";
}

inline std::string body_with_message(const std::string& message) {
  return R"({"model":"m","messages":[)" + message + "]}";
}

inline ParsedRequest parsed(const std::string& body) {
  Result<ParsedRequest> result = parse_chat_request(body);
  EXPECT_TRUE(result) << body << "\n" << (result ? "" : result.error().message());
  return result ? std::move(result).value() : ParsedRequest{};
}

inline ChatRequest request_with(const std::string& members) {
  return parsed(body_with(members)).request;
}

// "param: code: message" of the refusal.
inline std::string refusal(const std::string& body) {
  const Result<ParsedRequest> result = parse_chat_request(body);
  if (result) return "accepted";
  EXPECT_EQ(result.error().kind(), ErrorKind::invalid_request);
  EXPECT_EQ(result.error().status(), 400);
  EXPECT_EQ(result.error().type(), "invalid_request_error");
  return result.error().param() + ": " + result.error().code() + ": " + result.error().message();
}

// "param: code" of the refusal.
inline std::string fault(const std::string& members) {
  const Result<ParsedRequest> result = parse_chat_request(body_with(members));
  if (result) return "accepted";
  return result.error().param() + ": " + result.error().code();
}

inline std::string message_fault(const std::string& message) {
  const Result<ParsedRequest> result = parse_chat_request(body_with_message(message));
  if (result) return "accepted";
  return result.error().param() + ": " + result.error().code();
}

}  // namespace retort::protocol
