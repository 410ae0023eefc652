// The chat template engine: renders a model's Jinja chat template to the text of the prompt.
//
// Byte-identical to Python's Jinja2 3.1 as Hugging Face transformers sets it up
// (ImmutableSandboxedEnvironment, trim_blocks, lstrip_blocks, loop controls, the generation tag,
// tojson as plain json.dumps, raise_exception, strftime_now). provider/ calls it in
// Provider::prepare, `retort render` for one template. Beyond the text it says which bytes the
// template itself wrote, so that only those can become control tokens (promise 8), and it bounds
// everything that a hostile template or conversation can make large (promise 6).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <retort/result.h>

#include "text/jinja_value.h"
#include "text/prompt_text.h"

namespace retort::text {

namespace jinja {
struct Program;
}

// A template's variable: undefined, None, bool, int, float, str, list or dict.
using jinja::Value;

struct ParseLimits {
  std::size_t source_bytes_max = std::size_t{1} << 20;
  std::size_t nesting_max = 150;  // brackets, operators and blocks within one another
};

struct RenderLimits {
  std::uint64_t steps_max = 20'000'000;  // evaluated nodes, visited items
  std::uint64_t loop_iterations_max = 2'000'000;
  // All bytes of all values made on the way, not only of those alive at once.
  std::uint64_t work_bytes_max = std::uint64_t{256} << 20;
  std::size_t output_bytes_max = std::size_t{32} << 20;
  std::size_t call_depth_max = 1200;  // nested evaluation: blocks, operators, macro calls
  std::size_t value_depth_max = 256;  // lists within lists
  std::size_t range_max = 100'000;    // the sandbox's MAX_RANGE
};

struct RenderOptions {
  // What strftime_now() formats: a calendar time without a zone, as Python's datetime.now().
  std::chrono::local_seconds now{};
  // Variables whose strings count as the template's own, because the caller wrote them.
  std::vector<std::string> trusted_variables = {"bos_token", "eos_token"};
  RenderLimits limits;
};

// The code() of the errors below.
inline constexpr std::string_view kTemplateRefused = "chat_template_refused";
inline constexpr std::string_view kTemplateError = "chat_template_error";
inline constexpr std::string_view kTemplateLimit = "chat_template_limit";

// One parsed template. Immutable after parse: any number of threads may render it at once.
class ChatTemplate {
 public:
  // Parses `source` (UTF-8); `name` stands in messages. A mistake in it is ErrorKind::malformed,
  // code kTemplateError, and the message names the line.
  static Result<ChatTemplate> parse(std::string_view source, std::string name,
                                    const ParseLimits& limits = {});

  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  // Renders with `variables` (a dict by name). All errors are ErrorKind::invalid_request, since
  // it is the conversation that brings them out, and tell apart by code():
  //   kTemplateRefused  the template called raise_exception; message() is its text alone
  //   kTemplateError    the template used a value in a way Python forbids, or a construct that
  //                     is not supported; message() names template and line
  //   kTemplateLimit    a limit of `options` was crossed; message() names it
  Result<PromptText> render(const Value& variables, const RenderOptions& options = {}) const;

  // Whether the template reads the variable `name` from outside.
  bool mentions(std::string_view variable) const;
  // Whether `text` stands anywhere in the template's source.
  bool source_contains(std::string_view text) const;

 private:
  explicit ChatTemplate(std::unique_ptr<const jinja::Program> program);

  std::unique_ptr<const jinja::Program> program_;
};

}  // namespace retort::text
