// GBNF: the grammar notation of llama.cpp's users, compiled to a Grammar.
//
//   root  ::= "yes" | "no, because " words "."
//   words ::= [a-z]+ (" " [a-z]+){0,9}   # a comment
//
// Rules are named with letters, digits, - and _; the answer is a `root`. Literals and classes know
// the escapes \n \r \t \\ \" \[ \] \- \^ \xHH \uHHHH \UHHHHHHHH; . is any character; * + ? {m} {m,}
// {m,n} {,n} repeat. A rule ends at the end of its line, but within brackets and behind | or ::= it
// goes on. Text is UTF-8.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include <retort/result.h>

#include "grammar/grammar.h"

namespace retort::grammar {

struct GbnfLimits {
  std::size_t bytes_max = 256 * 1024;
  std::size_t depth_max = 128;          // of brackets
  std::uint32_t repeats_max = 100'000;  // the largest number in {}
  GrammarLimits grammar;
};

// Errors (invalid_request) name the line and column, or the rule.
Result<Grammar> compile_gbnf(std::string_view text, const GbnfLimits& limits = {});

}  // namespace retort::grammar
