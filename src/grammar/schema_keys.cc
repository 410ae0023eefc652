// The keys of an object that its schema does not declare: which there may be, and how many. Part of
// SchemaForms.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "grammar/schema_forms.h"

namespace retort::grammar {
namespace {

// Classes of an object's keys, told apart by patterns.
constexpr std::size_t kKeyClassesMax = 64;
// Derivatives taken to count the keys of one class.
constexpr std::size_t kCountSteps = 100'000;

std::uint64_t sum_to(std::uint64_t a, std::uint64_t b, std::uint64_t most) {
  return a >= most || b >= most - a ? most : a + b;
}

// JSON strings that spell each character in one way: itself, or the short escape that it needs, or
// \u00xx in lower case.
Expression one_spelling_each(ExpressionPool& pool) {
  const auto byte = [](char c) { return ByteSet::of(static_cast<std::uint8_t>(c)); };
  const ByteSet plain = ByteSet::range(0x20, 0xFF) & ~byte('"') & ~byte('\\');
  ByteSet letters, low, high;
  for (const char c : std::string_view("\"\\bfnrt")) letters = letters | byte(c);
  // Control characters that have no short escape.
  low = ByteSet::range('0', '7') | byte('b') | byte('e') | byte('f');
  high = ByteSet::range('0', '9') | ByteSet::range('a', 'f');
  const Expression control = pool.either(pool.concat(pool.literal("u000"), pool.bytes(low)),
                                         pool.concat(pool.literal("u001"), pool.bytes(high)));
  const Expression escape =
      pool.concat(pool.literal("\\"), pool.either(pool.bytes(letters), control));
  const Expression characters = pool.repeat(pool.either(pool.bytes(plain), escape), 0, kUnbounded);
  return pool.concat({pool.literal("\""), characters, pool.literal("\"")});
}

// How many strings are in `language`, `most` where there are more; nothing where that takes too
// long to find out. By their length: how many there are at each expression that is still open.
std::optional<std::uint64_t> count_strings(ExpressionPool& pool, Expression language,
                                           std::uint64_t most) {
  const std::array<std::uint8_t, 256> classes = pool.byte_classes();
  std::array<std::uint64_t, 256> class_size{};
  for (const std::uint8_t of : classes) ++class_size[of];
  std::uint64_t count = 0;
  std::size_t steps = 0;
  std::map<Expression, std::uint64_t> open{{language, 1}};
  while (!open.empty()) {
    std::map<Expression, std::uint64_t> longer;
    for (const auto& [at, strings] : open) {
      if (pool.nullable(at)) count = sum_to(count, strings, most);
      std::array<bool, 256> seen{};
      for (std::size_t byte = 0; byte < 256; ++byte) {
        if (std::exchange(seen[classes[byte]], true)) continue;
        if (count >= most) return most;
        if (++steps > kCountSteps) return std::nullopt;
        const Expression next = pool.derivative(at, static_cast<std::uint8_t>(byte));
        if (next == ExpressionPool::nothing() || !pool.live(next)) continue;
        std::uint64_t& there = longer[next];
        for (std::uint64_t i = 0; i < class_size[classes[byte]] && there < most; ++i) {
          there = sum_to(there, strings, most);
        }
      }
    }
    open = std::move(longer);
  }
  return count;
}

}  // namespace

std::uint64_t SchemaForms::required_of(const ObjectRules& rules) {
  return static_cast<std::uint64_t>(
      std::ranges::count_if(rules.properties, &ObjectRules::Property::required));
}

FormId SchemaForms::key_form(const ObjectRules& rules, const KeyRules& keys) {
  Parts parts;
  for (const SourceId id : rules.sources) {
    bool matched = false;
    for (const SourceProperty& property : source(id).pattern_properties) {
      const auto& patterns = keys.matched;
      if (std::find(patterns.begin(), patterns.end(), property.name) == patterns.end()) continue;
      matched = true;
      add(parts, property.schema);
    }
    if (!matched && source(id).additional != kNoSource) add(parts, source(id).additional);
  }
  return form_of(parts);
}

// Into those that match each pattern and those that do not, as far as there are any.
bool SchemaForms::split_keys(const ObjectRules& rules, Expression names,
                             std::vector<KeyRules>& classes) {
  std::vector<std::string> patterns;
  for (const SourceId id : rules.sources) {
    for (const SourceProperty& property : source(id).pattern_properties) {
      if (std::find(patterns.begin(), patterns.end(), property.name) != patterns.end()) continue;
      patterns.push_back(property.name);
      std::vector<KeyRules> split;
      for (const KeyRules& keys : classes) {
        split.push_back(keys);
        split.back().matched.push_back(property.name);
        if (!pool_.live(expressions_.key(split.back(), names))) split.pop_back();
        split.push_back(keys);
        split.back().unmatched.push_back(property.name);
        if (!pool_.live(expressions_.key(split.back(), names))) split.pop_back();
      }
      classes = std::move(split);
      if (classes.size() > kKeyClassesMax) {
        refuse(source(id).pointer + "/patternProperties", "patternProperties",
               "too many patterns match the same names");
      }
      if (over_time()) return false;
    }
  }
  return true;
}

std::vector<KeyClass> SchemaForms::key_classes(const ObjectRules& rules) {
  const Expression names = content_of(*this, rules.names, pool_, expressions_);
  std::vector<KeyRules> classes(1);
  if (!split_keys(rules, names, classes)) return {};
  std::vector<KeyClass> made;
  for (KeyRules& keys : classes) {
    const FormId form = key_form(rules, keys);
    if (form == kNoForm) continue;
    const auto matches = [&](const std::string& name) {
      const auto finds_in = [&](const std::string& pattern) { return finds(pattern, name); };
      return std::all_of(keys.matched.begin(), keys.matched.end(), finds_in) &&
             std::none_of(keys.unmatched.begin(), keys.unmatched.end(), finds_in);
    };
    for (const ObjectRules::Property& property : rules.properties) {
      if (matches(property.name)) keys.excluded.push_back(property.name);
    }
    if (!pool_.live(expressions_.key(keys, names))) continue;
    made.push_back({std::move(keys), form});
  }
  return made;
}

std::uint64_t SchemaForms::count_keys(const ObjectRules& rules,
                                      const std::vector<KeyClass>& classes) {
  const Expression names = content_of(*this, rules.names, pool_, expressions_);
  std::uint64_t count = 0;
  for (const KeyClass& keys : classes) {
    const Expression key = expressions_.key(keys.keys, names);
    const auto rest = pool_.as_string_rest(pool_.derivative(key, '"'));
    if (rest && rest->max == kUnbounded) return rules.min;
    const auto [known, added] = key_counts_.try_emplace({key, rules.min}, 0);
    if (added) {
      const auto counted =
          count_strings(pool_, pool_.both(key, one_spelling_each(pool_)), rules.min);
      if (!counted) refuse("", "minProperties", "too many steps to count the names there may be");
      known->second = counted.value_or(0);
    }
    count = sum_to(count, known->second, rules.min);
  }
  return count;
}

}  // namespace retort::grammar
