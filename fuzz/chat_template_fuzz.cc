// Fuzzes the chat template engine: the input is a template's source, then, after a NUL byte, the
// variables as JSON. Whatever both say, parsing and rendering end soon, within their limits, and
// the literal ranges fit the text.
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "text/chat_template.h"

namespace {

using retort::text::ChatTemplate;
using retort::text::Value;

Value variables_from(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = 64;
  boost::system::error_code error;
  const boost::json::value json = boost::json::parse(text, error, {}, options);
  if (!error && json.is_object()) return Value::from_json(json);
  return Value::dict({{"messages", Value::list({Value::dict({{"role", Value::literal("user")},
                                                             {"content", Value::data("hi")}})})},
                      {"s", Value::data("Wörld <|x|>")},
                      {"n", Value(std::int64_t{7})},
                      {"l", Value::list({Value(1.5), Value(true), Value::data("a")})}});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t cut = input.find('\0');
  const auto parsed = ChatTemplate::parse(input.substr(0, cut), "fuzz");
  if (!parsed) return 0;
  retort::text::RenderOptions options;
  options.limits.steps_max = 100'000;
  options.limits.work_bytes_max = 1 << 24;
  options.limits.output_bytes_max = 1 << 20;
  const auto rendered = parsed->render(
      variables_from(cut == std::string_view::npos ? "" : input.substr(cut + 1)), options);
  if (!rendered) return 0;
  std::size_t end = 0;
  for (const auto& span : rendered->literals) {
    if (span.begin < end || span.end <= span.begin || span.end > rendered->text.size())
      std::abort();
    end = span.end;
  }
  return 0;
}
