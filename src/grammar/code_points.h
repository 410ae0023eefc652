// Sets of code points: what one place of a pattern lets through.
//
// pattern_parser.h makes them from classes, escapes and properties, spelling.h turns them into
// expressions over bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace retort::grammar {

// Code points from `first` to `last`, both within.
struct CodePoints {
  char32_t first, last;
  friend bool operator==(const CodePoints&, const CodePoints&) = default;
};
// Sorted, disjoint and merged, and without surrogates (U+D800 to U+DFFF): they are no characters.
using CodePointSet = std::vector<CodePoints>;

// `ranges`, in any order and overlapping or not, as such a set.
CodePointSet make_set(const std::vector<CodePoints>& ranges);
CodePointSet all_code_points();
CodePointSet complement(const CodePointSet& set);
CodePointSet without(const CodePointSet& set, const CodePointSet& excluded);
bool contains(const CodePointSet& set, char32_t code_point);

// The set that \p{name} or \p{name=value} stands for, after Unicode as the installed PCRE2 knows
// it: general categories by either name, scripts, script extensions and the properties of yes or
// no. Nothing where there is no such property. Looks at every code point, some milliseconds.
std::optional<CodePointSet> property(std::string_view name, std::string_view value = {});
// What PCRE2 calls that property; nothing where it has no name for it.
std::optional<std::string> pcre2_property(std::string_view name, std::string_view value = {});

}  // namespace retort::grammar
