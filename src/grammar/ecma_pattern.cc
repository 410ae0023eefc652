#include "grammar/ecma_pattern.h"

#include <cstddef>

#include "grammar/code_points.h"

namespace retort::grammar {
namespace {

// What ECMA-262 calls white space and line ends beyond PCRE2's ASCII \s.
constexpr std::string_view kMoreSpace = R"(\u00A0\uFEFF\u2028\u2029\p{Zs})";
constexpr std::string_view kNoLineEnd = R"([^\n\r\u2028\u2029])";

// The name within the braces of \p{...} as PCRE2 knows it; itself where it does not.
std::string property_name(std::string_view name) {
  const std::size_t equals = name.find('=');
  const std::string_view value =
      equals == std::string_view::npos ? std::string_view{} : name.substr(equals + 1);
  return pcre2_property(name.substr(0, equals), value).value_or(std::string(name));
}

}  // namespace

std::string to_pcre2(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char escaped = pattern[++i];
      const std::size_t close = pattern.find('}', i);
      if (escaped == 's') {
        out += (in_class ? "\\s" : "[\\s") + std::string(kMoreSpace) + (in_class ? "" : "]");
      } else if (escaped == 'S' && !in_class) {
        out += "[^\\s" + std::string(kMoreSpace) + "]";
      } else if ((escaped == 'p' || escaped == 'P') && pattern.substr(i + 1, 1) == "{" &&
                 close != std::string_view::npos) {
        out += std::string("\\") + escaped + "{";
        out += property_name(pattern.substr(i + 2, close - i - 2)) + "}";
        i = close;
      } else {
        out += '\\';
        out += escaped;
      }
      continue;
    }
    if (c == '.' && !in_class) {
      out += kNoLineEnd;
      continue;
    }
    // PCRE2 would take [[:alpha:]] and the like as a class of its own.
    if (c == '[' && in_class) out += '\\';
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    out += c;
  }
  return out;
}

}  // namespace retort::grammar
