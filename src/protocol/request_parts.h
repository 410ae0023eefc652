// The parts of a request that have a file each: internal to the request parser.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <retort/chat.h>

#include "protocol/fields.h"

namespace retort::protocol {

// request_messages.cc
void read_messages(FieldReader& in, const JsonView& value, const Path& path,
                   std::vector<Message>& out);

// request_content.cc. `may_be_empty`: whether the message may do without, so that [] means none.
// `refusals`: whether a refusal part may stand in it.
struct ContentRules {
  bool may_be_empty = false;
  bool refusals = false;
};
void read_content(FieldReader& in, const JsonView& value, const Path& path, ContentRules rules,
                  std::optional<Content>& out);

// request_tools.cc
void read_tools(FieldReader& in, const JsonView& value, const Path& path,
                std::vector<ToolDefinition>& out);
void read_functions(FieldReader& in, const JsonView& value, const Path& path,
                    std::vector<FunctionDefinition>& out);
void read_tool_choice(FieldReader& in, const JsonView& value, const Path& path,
                      std::optional<ToolChoice>& out);
void read_function_call(FieldReader& in, const JsonView& value, const Path& path,
                        std::optional<ToolChoice>& out);
// What tools, functions and the choices must be together.
void check_tools(FieldReader& in, const ChatRequest& request);

// request_options.cc
void read_stop(FieldReader& in, const JsonView& value, const Path& path,
               std::vector<std::string>& out);
void read_logit_bias(FieldReader& in, const JsonView& value, const Path& path,
                     std::map<std::string, double>& out);
void read_metadata(FieldReader& in, const JsonView& value, const Path& path,
                   std::vector<std::pair<std::string, std::string>>& out);
void read_response_format(FieldReader& in, const JsonView& value, const Path& path,
                          std::optional<ResponseFormat>& out);
void read_stream_options(FieldReader& in, const JsonView& value, const Path& path,
                         std::optional<StreamOptions>& out);
void read_modalities(FieldReader& in, const JsonView& value, const Path& path,
                     std::vector<std::string>& out);
void read_prompt_cache_options(FieldReader& in, const JsonView& value, const Path& path,
                               std::optional<PromptCacheOptions>& out);
// What the options must be together.
void check_options(FieldReader& in, const ChatRequest& request);

}  // namespace retort::protocol
