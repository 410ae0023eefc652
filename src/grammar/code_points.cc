#include "grammar/code_points.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "base/utf8.h"

namespace retort::grammar {
namespace {

constexpr char32_t kLastCodePoint = 0x10FFFF;
constexpr char32_t kBelowSurrogates = 0xD7FF, kFirstSurrogate = 0xD800, kAboveSurrogates = 0xE000;

// The general categories: PCRE2 knows the short names only (Unicode 15, PropertyValueAliases).
struct Category {
  std::string_view name, pcre2;
};
constexpr std::array kCategories = {
    Category{"Letter", "L"},
    Category{"Cased_Letter", "L&"},
    Category{"LC", "L&"},
    Category{"Uppercase_Letter", "Lu"},
    Category{"Lowercase_Letter", "Ll"},
    Category{"Titlecase_Letter", "Lt"},
    Category{"Modifier_Letter", "Lm"},
    Category{"Other_Letter", "Lo"},
    Category{"Mark", "M"},
    Category{"Combining_Mark", "M"},
    Category{"Nonspacing_Mark", "Mn"},
    Category{"Spacing_Mark", "Mc"},
    Category{"Enclosing_Mark", "Me"},
    Category{"Number", "N"},
    Category{"Decimal_Number", "Nd"},
    Category{"digit", "Nd"},
    Category{"Letter_Number", "Nl"},
    Category{"Other_Number", "No"},
    Category{"Punctuation", "P"},
    Category{"punct", "P"},
    Category{"Connector_Punctuation", "Pc"},
    Category{"Dash_Punctuation", "Pd"},
    Category{"Open_Punctuation", "Ps"},
    Category{"Close_Punctuation", "Pe"},
    Category{"Initial_Punctuation", "Pi"},
    Category{"Final_Punctuation", "Pf"},
    Category{"Other_Punctuation", "Po"},
    Category{"Symbol", "S"},
    Category{"Math_Symbol", "Sm"},
    Category{"Currency_Symbol", "Sc"},
    Category{"Modifier_Symbol", "Sk"},
    Category{"Other_Symbol", "So"},
    Category{"Separator", "Z"},
    Category{"Space_Separator", "Zs"},
    Category{"Line_Separator", "Zl"},
    Category{"Paragraph_Separator", "Zp"},
    Category{"Other", "C"},
    Category{"Control", "Cc"},
    Category{"cntrl", "Cc"},
    Category{"Format", "Cf"},
    Category{"Private_Use", "Co"},
    Category{"Unassigned", "Cn"},
};

std::optional<std::string> category_name(std::string_view name) {
  for (const Category& category : kCategories) {
    if (name == category.name || (name == category.pcre2 && name != "L&")) {
      return std::string(category.pcre2);
    }
  }
  return std::nullopt;
}

bool is_property_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

struct FreeCode {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatch {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

std::unique_ptr<pcre2_code, FreeCode> compile_runs(const std::string& name) {
  const std::string text = "\\p{" + name + "}++";
  int error = 0;
  PCRE2_SIZE error_at = 0;
  std::unique_ptr<pcre2_code, FreeCode> code(
      pcre2_compile(reinterpret_cast<const unsigned char*>(text.data()), text.size(), PCRE2_UTF,
                    &error, &error_at, nullptr));
  if (code) pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);  // slower without, and no worse
  return code;
}

// Adds the code points of `text`, which holds those from `first` on, one behind the other, that
// `code` matches.
void add_runs(pcre2_code* code, pcre2_match_data* data, const std::string& text, char32_t first,
              std::vector<CodePoints>& ranges) {
  const auto* subject = reinterpret_cast<const unsigned char*>(text.data());
  const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data);
  PCRE2_SIZE done = 0;
  char32_t next = first;
  const auto count = [&](PCRE2_SIZE from, PCRE2_SIZE to) {
    return static_cast<char32_t>(std::count_if(
        subject + from, subject + to, [](unsigned char byte) { return (byte & 0xC0) != 0x80; }));
  };
  while (pcre2_match(code, subject, text.size(), done, PCRE2_NO_UTF_CHECK, data, nullptr) > 0) {
    const char32_t begin = next + count(done, bounds[0]);
    next = begin + count(bounds[0], bounds[1]);
    ranges.push_back({begin, next - 1});
    done = bounds[1];
  }
}

}  // namespace

std::optional<std::string> pcre2_property(std::string_view name, std::string_view value) {
  if (!is_property_name(name)) return std::nullopt;
  if (!value.empty()) {
    if (!is_property_name(value)) return std::nullopt;
    if (name == "General_Category" || name == "gc") return category_name(value);
    if (name == "Script" || name == "sc") return "sc:" + std::string(value);
    if (name == "Script_Extensions" || name == "scx") return "scx:" + std::string(value);
    return std::nullopt;
  }
  if (const auto category = category_name(name)) return category;
  // PCRE2's own inventions, and what it reads in any case: Unicode's names are of two letters or
  // more, and begin with a capital.
  for (const std::string_view own : {"Xan", "Xps", "Xsp", "Xuc", "Xwd"}) {
    if (name == own) return std::nullopt;
  }
  return std::string(name);
}

CodePointSet make_set(const std::vector<CodePoints>& ranges) {
  std::vector<CodePoints> characters;
  for (const CodePoints& range : ranges) {
    if (range.first < kFirstSurrogate) {
      characters.push_back({range.first, std::min(range.last, kBelowSurrogates)});
    }
    if (range.last >= kAboveSurrogates) {
      characters.push_back({std::max(range.first, kAboveSurrogates), range.last});
    }
  }
  std::ranges::sort(characters, {}, &CodePoints::first);
  CodePointSet set;
  for (const CodePoints& range : characters) {
    if (!set.empty() && range.first <= set.back().last + 1) {
      set.back().last = std::max(set.back().last, range.last);
    } else {
      set.push_back(range);
    }
  }
  return set;
}

CodePointSet all_code_points() {
  return make_set({{0, kLastCodePoint}});
}

CodePointSet complement(const CodePointSet& set) {
  std::vector<CodePoints> gaps;
  char32_t next = 0;
  for (const CodePoints& range : set) {
    if (range.first > next) gaps.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kLastCodePoint) gaps.push_back({next, kLastCodePoint});
  return make_set(gaps);
}

CodePointSet without(const CodePointSet& set, const CodePointSet& excluded) {
  CodePointSet others = complement(set);
  others.insert(others.end(), excluded.begin(), excluded.end());
  return complement(make_set(others));
}

bool contains(const CodePointSet& set, char32_t code_point) {
  const auto above = std::ranges::upper_bound(set, code_point, {}, &CodePoints::first);
  return above != set.begin() && std::prev(above)->last >= code_point;
}

std::optional<CodePointSet> property(std::string_view name, std::string_view value) {
  if (name == "Assigned" && value.empty()) {
    const auto unassigned = property("Cn");
    return unassigned ? std::optional(complement(*unassigned)) : std::nullopt;
  }
  const auto known = pcre2_property(name, value);
  if (!known) return std::nullopt;
  const auto code = compile_runs(*known);
  if (!code) return std::nullopt;
  const std::unique_ptr<pcre2_match_data, FreeMatch> data(
      pcre2_match_data_create_from_pattern(code.get(), nullptr));
  if (!data) return std::nullopt;
  std::vector<CodePoints> ranges;
  std::string text;
  constexpr char32_t kBlock = 0x800;  // surrogates are one block, and code points fill the last
  for (char32_t first = 0; first <= kLastCodePoint; first += kBlock) {
    if (first == kFirstSurrogate) continue;
    text.clear();
    for (char32_t i = 0; i < kBlock; ++i) base::append_utf8(text, first + i);
    add_runs(code.get(), data.get(), text, first, ranges);
  }
  return make_set(ranges);
}

}  // namespace retort::grammar
