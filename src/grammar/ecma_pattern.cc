#include "grammar/ecma_pattern.h"

#include <cstddef>

namespace retort::grammar {
namespace {

// What ECMA-262 calls white space and line ends beyond PCRE2's ASCII \s.
constexpr std::string_view kMoreSpace = R"(\u00A0\uFEFF\u2028\u2029\p{Zs})";
constexpr std::string_view kNoLineEnd = R"([^\n\r\u2028\u2029])";

// \p{Script=Greek}, \p{General_Category=Lu}: PCRE2 takes the value alone.
std::string property(std::string_view braces) {
  const std::size_t equals = braces.find('=');
  if (equals == std::string_view::npos) return std::string(braces);
  return "{" + std::string(braces.substr(equals + 1));
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
      } else if ((escaped == 'p' || escaped == 'P') && close != std::string_view::npos) {
        out += '\\';
        out += escaped + property(pattern.substr(i + 1, close - i));
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
