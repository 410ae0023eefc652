// From a chat request to the variables of a chat template: messages, tools, bos_token ... in the
// form that Hugging Face chat templates expect. provider/ calls it before ChatTemplate::render.
//
// Templates differ in what they take: content as a string or as parts, a tool call's arguments as
// an object or as JSON text, null content or none. TemplateTraits says what a template takes; it is
// found out once a template by rendering small conversations.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <retort/chat.h>
#include <retort/result.h>

#include "text/chat_template.h"

namespace retort::text {

struct TemplateTraits {
  bool typed_content = false;     // content must be [{"type": "text", "text": ...}]
  bool string_arguments = false;  // a tool call's arguments must stay JSON text
  bool empty_for_null = false;    // null content must be the empty string
  bool knows_developer = false;   // the role "developer" is the template's own
  // Whether the name of such a message has a place in the prompt.
  bool system_name = false;  // and of a developer's
  bool user_name = false;
  bool assistant_name = false;
  bool tool_name = false;
};

// Finds out what `chat_template` takes, by rendering. Costs a dozen renderings of two messages.
TemplateTraits probe_traits(const ChatTemplate& chat_template);

struct TemplateInput {
  std::string bos_token;
  std::string eos_token;
  bool add_generation_prompt = true;
  // More variables, e.g. enable_thinking: a client's chat_template_kwargs. The names above win.
  std::vector<std::pair<std::string, Value>> extra;
};

// The variables for `request`. Strings of the request are data, so that nothing in them becomes a
// control token; roles are literal, since they come from a closed set. Deprecated forms become
// today's: functions are tools (the same name once), function_call is a tool call, a function's
// message a tool's. Without tools the variable `tools` is None. An error (invalid_request, with
// param) where JSON text in the request cannot be read.
Result<Value> template_variables(const ChatRequest& request, const TemplateTraits& traits,
                                 const TemplateInput& input);

}  // namespace retort::text
