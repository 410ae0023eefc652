// ECMA-262's regular expressions in PCRE2's words, for the one check that patterns get beside
// Retort's own reading of them (pattern.h).
#pragma once

#include <string>
#include <string_view>

namespace retort::grammar {

// `pattern` so that PCRE2 (UTF, ALT_BSUX, DOLLAR_ENDONLY) finds what ECMA-262 with the `u` flag
// finds: `.` and `\s` mean other characters there, and properties have longer names.
std::string to_pcre2(std::string_view pattern);

}  // namespace retort::grammar
