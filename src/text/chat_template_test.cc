// The chat template engine against Python's Jinja2 (goldens of this repository, and the corpora of
// the shared folder where it is there), its provenance, its limits and its errors.
#include "text/chat_template.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <thread>
#include <vector>

namespace retort::text {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<json::object> read_lines(const fs::path& path) {
  std::vector<json::object> rows;
  std::ifstream file(path, std::ios::binary);
  for (std::string line; std::getline(file, line);) rows.push_back(json::parse(line).as_object());
  return rows;
}

std::string text_of(const json::value& value) {
  return std::string(value.as_string());
}

// The time that every golden was made at.
RenderOptions golden_options() {
  RenderOptions options;
  options.now = std::chrono::local_days(std::chrono::year(2026) / 1 / 15) + std::chrono::hours(12) +
                std::chrono::minutes(34) + std::chrono::seconds(56);
  return options;
}

Result<PromptText> render(std::string_view source, const Value& variables,
                          const RenderOptions& options = golden_options()) {
  auto parsed = ChatTemplate::parse(source, "test");
  if (!parsed) return std::move(parsed).error();
  return parsed->render(variables, options);
}

Result<PromptText> render(std::string_view source) {
  return render(source, Value::dict({}));
}

std::string code_of(const Result<PromptText>& result) {
  return result ? "rendered: " + result->text : result.error().code();
}

// Literal ranges must be sorted, disjoint, merged, not empty and within the text.
void expect_sound(const PromptText& prompt) {
  std::size_t end = 0;
  bool first = true;
  for (const auto& span : prompt.literals) {
    EXPECT_LT(span.begin, span.end);
    EXPECT_LE(span.end, prompt.text.size());
    if (!first) {
      EXPECT_GT(span.begin, end);
    }
    end = span.end;
    first = false;
  }
}

// Counts how many rows differ; the first few are shown.
class Tally {
 public:
  // `row`: {"output" or "text" or "expected": what must come, or "error": anything but false}.
  void check(const std::string& name, const json::object& row, std::string_view key,
             const Result<PromptText>& got) {
    ++rows_;
    const json::value* error = row.if_contains("error");
    const bool raises = error != nullptr && !(error->is_bool() && !error->as_bool());
    if (raises ? !got.has_value() : got && got->text == text_of(row.at(key))) {
      if (got) expect_sound(*got);
      return;
    }
    if (++wrong_ > 10) return;
    ADD_FAILURE() << name << "\nexpected: " << (raises ? "an error" : json::serialize(row.at(key)))
                  << "\ngot: " << (got ? got->text : got.error().message());
  }
  std::size_t rows() const { return rows_; }
  std::size_t wrong() const { return wrong_; }

 private:
  std::size_t rows_ = 0, wrong_ = 0;
};

// ------------------------------------------------------------------------------ against Jinja2

TEST(ChatTemplate, RendersEveryGoldenAsPythonsJinja2) {
  const auto rows = read_lines(RETORT_SOURCE_DIR "/tests/golden/template/goldens.jsonl");
  ASSERT_GT(rows.size(), 700U);
  const Value variables = Value::from_json(rows[0].at("vars"));
  Tally tally;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const std::string source = text_of(rows[i].at("template"));
    const auto got = render(source, variables);
    tally.check(source, rows[i], "text", got);
    if (!got && rows[i].contains("refused")) {
      EXPECT_EQ(got.error().code() == kTemplateRefused, rows[i].at("refused").as_bool()) << source;
    }
  }
  EXPECT_EQ(tally.wrong(), 0U);
}

const fs::path kShared = fs::path(RETORT_SHARED_DIR) / "data";

#define NEED_SHARED(path) \
  if (!fs::exists(path)) GTEST_SKIP() << (path) << " is not there: nothing to compare with"

void check_template_folder(const fs::path& folder, Tally& tally) {
  const auto parsed = ChatTemplate::parse(read_file(folder / "template.jinja"), folder.filename());
  std::map<std::string, json::object> conversations;
  const json::value listed = json::parse(read_file(folder / "conversations.json"));
  for (const auto& one : listed.as_array()) {
    conversations.emplace(text_of(one.at("id")), one.as_object());
  }
  for (const std::string file : {"expected.jsonl", "expected_tools_absent.jsonl"}) {
    for (const json::object& row : read_lines(folder / file)) {
      const std::string id = text_of(row.at("conversation"));
      json::object variables{{"messages", conversations.at(id).at("messages")},
                             {"add_generation_prompt", row.at("add_generation_prompt")},
                             {"bos_token", "<s>"},
                             {"eos_token", "</s>"}};
      if (file == "expected.jsonl") {
        variables["tools"] = conversations.at(id).at("tools");
        variables["documents"] = nullptr;
      }
      const auto got = parsed ? parsed->render(Value::from_json(variables), golden_options())
                              : Result<PromptText>(parsed.error());
      tally.check(folder.filename().string() + " " + file + " " + id, row, "output", got);
      const json::value* kind = row.if_contains("error_class");
      if (!got && kind != nullptr && text_of(*kind) == "TemplateError") {
        EXPECT_EQ(got.error().code(), kTemplateRefused);
        EXPECT_EQ(got.error().message(), text_of(row.at("error_message")));
        EXPECT_EQ(got.error().status(), 400);
      }
    }
  }
}

TEST(ChatTemplate, RendersEveryConversationThroughEveryRealTemplateAsPythonsJinja2) {
  NEED_SHARED(kShared / "chat_templates");
  Tally tally;
  for (const auto& entry : fs::directory_iterator(kShared / "chat_templates")) {
    if (entry.is_directory()) check_template_folder(entry.path(), tally);
  }
  EXPECT_GE(tally.rows(), 1296U);
  EXPECT_EQ(tally.wrong(), 0U);
}

TEST(ChatTemplate, RendersTheInlineTemplatesOfLlamaCppAsPythonsJinja2) {
  NEED_SHARED(kShared / "chat_templates_llamacpp_expected.jsonl");
  Tally tally;
  for (json::object& row : read_lines(kShared / "chat_templates_llamacpp_expected.jsonl")) {
    json::object variables;
    for (const char* name : {"messages", "add_generation_prompt", "bos_token", "eos_token"}) {
      variables[name] = row.at(name);
    }
    tally.check(text_of(row.at("name")), row, "jinja2_output",
                render(text_of(row.at("template")), Value::from_json(variables)));
  }
  EXPECT_EQ(tally.rows(), 19U);
  EXPECT_EQ(tally.wrong(), 0U);
}

TEST(ChatTemplate, RendersTheSnippetsOfOtherEnginesAsPythonsJinja2) {
  NEED_SHARED(kShared / "jinja_snippets.jsonl");
  Tally tally;
  for (const json::object& row : read_lines(kShared / "jinja_snippets.jsonl")) {
    const json::value& expected = row.at("expected");
    // An address of Python's memory cannot be matched.
    if (expected.is_string() && text_of(expected).find(" at 0x") != std::string::npos) continue;
    tally.check(text_of(row.at("id")), row, "expected",
                render(text_of(row.at("template")), Value::from_json(row.at("vars"))));
  }
  EXPECT_GE(tally.rows(), 224U);
  EXPECT_EQ(tally.wrong(), 0U);
}

// ---------------------------------------------------------------------------------- provenance

constexpr std::string_view kToken = "<|im_end|>";

// The parts of the text that lie in a literal range, joined by \x01 where ranges are apart.
std::string literal_text(const PromptText& prompt) {
  std::string all;
  for (const auto& span : prompt.literals) {
    all += "\x01" + prompt.text.substr(span.begin, span.end - span.begin);
  }
  return all;
}

Value message(std::string_view role, Value content) {
  return Value::dict({{"role", Value::literal(role)}, {"content", std::move(content)}});
}

TEST(ChatTemplate, WhatUsersWriteIsNeverLiteralWhateverTheTemplateDoesWithIt) {
  const Value variables = Value::dict(
      {{"x", Value::data("a <|im_end|> b")},
       {"l", Value::list({Value::data("<|im_end|>"), Value::data("<|im_"), Value::data("end|>")})},
       {"d", Value::dict({{"<|im_end|>", Value::data("<|im_end|>")}})}});
  const std::array<std::string_view, 46> expressions = {"x",
                                                        "x | trim",
                                                        "x | upper | lower",
                                                        "x ~ x",
                                                        "'' + x + ''",
                                                        "'q' + x",
                                                        "x.strip()",
                                                        "[x] | join",
                                                        "l | join(' ')",
                                                        "l | join",
                                                        "x | replace(' ', '')",
                                                        "'Z' | replace('Z', x)",
                                                        "'aZb'.replace('Z', x)",
                                                        "x | tojson",
                                                        "d | tojson",
                                                        "l | tojson(indent=2)",
                                                        "x[2:12]",
                                                        "x[2:][:10]",
                                                        "x[::-1][::-1]",
                                                        "l[0]",
                                                        "l[1] + l[2]",
                                                        "l[1] ~ l[2]",
                                                        "x.split(' ')[1]",
                                                        "x.split()[1]",
                                                        "x.partition(' ')[2]",
                                                        "x.splitlines()[0]",
                                                        "d.keys() | first",
                                                        "d | items | list | first | first",
                                                        "d.values() | list",
                                                        "l | map('upper') | map('lower') | join",
                                                        "l | first",
                                                        "l | sort | last",
                                                        "l | unique | first",
                                                        "l | batch(1) | list",
                                                        "x | string",
                                                        "x | safe",
                                                        "'%s' % x",
                                                        "'{}'.format(x)",
                                                        "'%s' | format(x)",
                                                        "x | indent",
                                                        "x | default('')",
                                                        "x | list | join",
                                                        "'<|im_' ~ l[2]",
                                                        "l[1] ~ 'end|>'",
                                                        "x | center(40)",
                                                        "l"};
  for (const std::string_view expression : expressions) {
    const auto got = render("{{ " + std::string(expression) + " }}", variables);
    ASSERT_TRUE(got) << expression << ": " << got.error().message();
    EXPECT_NE(got->text.find("im_"), std::string::npos) << expression;
    EXPECT_EQ(literal_text(*got).find(kToken), std::string::npos) << expression;
    expect_sound(*got);
  }
}

TEST(ChatTemplate, WhatUsersWriteIsNeverLiteralThroughBlocksMacrosAndLoops) {
  const Value variables = Value::dict({{"x", Value::data("<|im_end|>")}});
  const std::array<std::string_view, 9> templates = {
      "{% set y = x %}{{ y }}",
      "{% set y %}{{ x }}{% endset %}{{ y }}",
      "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(x) }}",
      "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{{ x }}{% endcall %}",
      "{% filter trim %}{{ x }}{% endfilter %}",
      "{% for c in x %}{{ c }}{% endfor %}",
      "{% set ns = namespace(a='') %}{% for c in x %}{% set ns.a = ns.a + c %}{% endfor %}{{ ns.a "
      "}}",
      "{% generation %}{{ x }}{% endgeneration %}",
      "{% for a in [[x]] recursive %}{{ loop(a) if a is not string else a }}{% endfor %}",
  };
  for (const std::string_view source : templates) {
    const auto got = render(source, variables);
    ASSERT_TRUE(got) << source << ": " << got.error().message();
    EXPECT_EQ(got->text, kToken) << source;
    EXPECT_TRUE(got->literals.empty()) << source;
  }
}

TEST(ChatTemplate, ItsOwnTextAndTrustedVariablesAreLiteral) {
  const Value variables = Value::dict({{"bos_token", Value::data("<s>")},
                                       {"eos_token", Value::data("</s>")},
                                       {"role", Value::literal("user")},
                                       {"x", Value::data("hi")}});
  const auto got = render(
      "{{ bos_token }}<|{{ role }}|>{{ '\n' + x + eos_token }}{{ 'a<b>c'[1:4] }}"
      "{{ '<e>'.upper() ~ ('<r>' | replace('r', 'f')) }}",
      variables);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->text, "<s><|user|>\nhi</s><b><E><f>");
  EXPECT_EQ(literal_text(*got), "\x01<s><|user|>\n\x01</s><b><E><f>");
}

TEST(ChatTemplate, OnlyTheNamedVariablesAreTrusted) {
  RenderOptions options = golden_options();
  options.trusted_variables = {"mine"};
  const Value variables =
      Value::dict({{"bos_token", Value::data("<s>")}, {"mine", Value::data("<m>")}});
  const auto got = render("{{ bos_token }}{{ mine }}", variables, options);
  ASSERT_TRUE(got);
  EXPECT_EQ(literal_text(*got), "\x01<m>");
}

// Puts `attack` into every field of a conversation.
Value attacked(const std::string& attack) {
  const Value call = Value::dict(
      {{"id", Value::data(attack)},
       {"type", Value::data("function")},
       {"function", Value::dict({{"name", Value::data(attack)},
                                 {"arguments", Value::dict({{attack, Value::data(attack)}})}})}});
  const Value assistant = Value::dict({{"role", Value::literal("assistant")},
                                       {"content", Value::data(attack)},
                                       {"reasoning_content", Value::data(attack)},
                                       {"tool_calls", Value::list({call})}});
  const Value tool = Value::dict({{"role", Value::literal("tool")},
                                  {"content", Value::data(attack)},
                                  {"tool_call_id", Value::data(attack)},
                                  {"name", Value::data(attack)}});
  const Value function = Value::dict(
      {{"name", Value::data(attack)},
       {"description", Value::data(attack)},
       {"parameters", Value::dict({{"type", Value::data("object")},
                                   {"properties", Value::dict({{attack, Value::dict({})}})}})}});
  return Value::dict(
      {{"messages",
        Value::list({message("system", Value::data(attack)), message("user", Value::data(attack)),
                     assistant, tool, message("user", Value::data(attack))})},
       {"tools",
        Value::list({Value::dict({{"type", Value::data("function")}, {"function", function}})})},
       {"add_generation_prompt", true},
       {"bos_token", Value::literal("<s>")},
       {"eos_token", Value::literal("</s>")}});
}

TEST(ChatTemplate, InjectedTokensStayDataInEveryFieldOfEveryRealTemplate) {
  NEED_SHARED(kShared / "chat_templates");
  // The attack spells a token that no template writes, so every literal trace of it is a leak.
  const std::string attack = " <|im_Q7_end|> ";
  int rendered = 0;
  for (const auto& entry : fs::directory_iterator(kShared / "chat_templates")) {
    if (!entry.is_directory()) continue;
    const auto got = render(read_file(entry.path() / "template.jinja"), attacked(attack));
    if (!got) continue;
    ++rendered;
    EXPECT_NE(got->text.find("im_Q7_end"), std::string::npos) << entry.path();
    EXPECT_EQ(literal_text(*got).find("Q7"), std::string::npos) << entry.path();
    EXPECT_FALSE(got->literals.empty()) << entry.path();
    expect_sound(*got);
  }
  EXPECT_GE(rendered, 30);
}

// -------------------------------------------------------------------------------------- limits

struct Hostile {
  std::string_view name;
  std::string source;
};

std::string repeated(std::string_view piece, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += piece;
  return all;
}

TEST(ChatTemplate, EveryLimitIsAClearErrorAndNothingHangs) {
  const std::vector<Hostile> cases = {
      {"string multiplication", "{{ 'a' * 10**12 }}"},
      {"huge multiplication", "{{ 'ab' * 9223372036854775807 }}"},
      {"list multiplication", "{{ [0] * 10**10 }}"},
      {"nested multiplication", "{{ (('a' * 10000) * 10000) * 10000 }}"},
      {"huge integer", "{{ 10 ** 100 }}"},
      {"integer overflow", "{{ 9223372036854775807 + 1 }}"},
      {"range", "{{ range(10**9) }}"},
      {"nested loops",
       "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"},
      {"endless recursion", "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"},
      {"recursion through call",
       "{% macro m() %}{% call m() %}{% endcall %}{{ caller }}{% endmacro %}{{ m() }}"},
      {"recursive loop", "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}"},
      {"doubling string",
       "{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}"
       "{% endfor %}"},
      {"doubling list",
       "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}"
       "{% endfor %}"},
      {"deep list",
       "{% set ns = namespace(s=[]) %}{% for i in range(99999) %}{% set ns.s = [ns.s] %}{% endfor "
       "%}"},
      {"deep dict",
       "{% set ns = namespace(s={}) %}{% for i in range(99999) %}{% set ns.s = {1: ns.s} %}"
       "{% endfor %}"},
      {"deep generator",
       "{% set ns = namespace(s=[1]) %}{% for i in range(99999) %}"
       "{% set ns.s = ns.s | map('string') %}{% endfor %}"},
      {"deep method",
       "{% set ns = namespace(s=[1]) %}{% for i in range(99999) %}{% set ns.s = [ns.s].copy %}"
       "{% endfor %}"},
      {"shared value printed",
       "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}"
       "{% endfor %}{{ ns.s }}"},
      {"shared value as JSON",
       "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}"
       "{% endfor %}{{ ns.s | tojson }}"},
      {"shared values compared",
       "{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}"
       "{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.s == ns.t }}"},
      {"shared tuples as keys",
       "{% set ns = namespace(s=(1,), t=(1,)) %}{% for i in range(60) %}"
       "{% set ns.s = (ns.s, ns.s) %}{% set ns.t = (ns.t, ns.t) %}{% endfor %}"
       "{{ {ns.s: 1, ns.t: 2} }}"},
      {"namespace in itself", "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}"},
      {"field width", "{{ '%999999999d' % 1 }}"},
      {"field precision", "{{ '%.999999999f' % 1.5 }}"},
      {"format width", "{{ '{:99999999999}'.format(1) }}"},
      {"centre", "{{ 'a'.center(10**12) }}"},
      {"indentation", "{{ 'a\nb' | indent(10**12) }}"},
      {"JSON indentation", "{{ [1] | tojson(indent=10**9) }}"},
      {"tabs", "{{ ('\t' * 1000000).expandtabs(1000) }}"},
      {"replacement", "{{ ('a' * 100000).replace('a', 'b' * 100000) }}"},
      {"empty replacement", "{{ ('a' * 100000).replace('', 'b' * 100000) }}"},
      {"output", "{% set s = 'a' * 1000000 %}{% for i in range(99) %}{{ s }}{% endfor %}"},
      {"slices", "{{ [1] | slice(10**12) | list }}"},
      {"batch filling", "{{ [1] | batch(10**12, 0) | list }}"},
  };
  for (const Hostile& one : cases) {
    const auto got = render(one.source);
    EXPECT_EQ(code_of(got).substr(0, 60), kTemplateLimit) << one.name;
  }
}

TEST(ChatTemplate, DeepSourcesAreRefusedByTheParser) {
  const std::vector<Hostile> cases = {
      {"parentheses", "{{ " + repeated("(", 5000) + "1" + repeated(")", 5000) + " }}"},
      {"lists", "{{ " + repeated("[", 5000) + repeated("]", 5000) + " }}"},
      {"dicts", "{{ " + repeated("{1:", 5000) + "1" + repeated("}", 5000) + " }}"},
      {"unclosed", "{{ " + repeated("(", 100000)},
      {"nots", "{{ " + repeated("not ", 5000) + "1 }}"},
      {"signs", "{{ " + repeated("-", 5000) + "1 }}"},
      {"sums", "{{ 1" + repeated("+1", 5000) + " }}"},
      {"filters", "{{ 1" + repeated("|string", 5000) + " }}"},
      {"attributes", "{{ a" + repeated(".b", 5000) + " }}"},
      {"items", "{{ a" + repeated("[0]", 5000) + " }}"},
      {"calls", "{{ a" + repeated("()", 5000) + " }}"},
      {"conditions", "{{ 1" + repeated(" if 1 else 1", 5000) + " }}"},
      {"ifs", repeated("{% if 1 %}", 5000) + repeated("{% endif %}", 5000)},
      {"loops", repeated("{% for a in b %}", 5000)},
      {"tests", "{{ a is in " + repeated("[a is in ", 5000) + " }}"},
      {"targets", "{% for " + repeated("(", 5000) + "a" + repeated(")", 5000) + " in b %}"},
  };
  for (const Hostile& one : cases) {
    const auto parsed = ChatTemplate::parse(one.source, "deep");
    ASSERT_FALSE(parsed) << one.name;
    EXPECT_EQ(parsed.error().kind(), ErrorKind::malformed) << one.name;
  }
}

TEST(ChatTemplate, LongFlatTemplatesAreFine) {
  const std::string elifs =
      "{% if 0 %}" + repeated("{% elif 0 %}", 5000) + "{% else %}x{% endif %}";
  EXPECT_EQ(render(elifs)->text, "x");
  EXPECT_EQ(render("{{ ''" + repeated("~'a'", 5000) + " }}")->text.size(), 5000U);
  EXPECT_EQ(render(repeated("{{ 1 }}", 20000))->text.size(), 20000U);
}

TEST(ChatTemplate, TheSourceHasALimit) {
  const auto parsed = ChatTemplate::parse(std::string(2 << 20, 'a'), "big");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code(), kTemplateLimit);
}

TEST(ChatTemplate, AGreatDictIsSearchedQuickly) {
  std::vector<std::pair<std::string, Value>> entries;
  for (int i = 0; i < 100'000; ++i) entries.emplace_back("key" + std::to_string(i), Value(true));
  const Value variables = Value::dict({{"d", Value::dict(std::move(entries))}});
  const auto got = render("{% for k in d %}{% if not d[k] %}x{% endif %}{% endfor %}", variables);
  ASSERT_TRUE(got) << got.error().message();
  EXPECT_EQ(got->text, "");
}

// -------------------------------------------------------------------------------------- errors

TEST(ChatTemplate, ARefusalIsToldFromAMistake) {
  const auto refused = render("{{ raise_exception('Roles must alternate') }}");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), kTemplateRefused);
  EXPECT_EQ(refused.error().message(), "Roles must alternate");
  EXPECT_EQ(refused.error().status(), 400);

  const auto mistaken = render("a\nb\n{{ x.y }}");
  ASSERT_FALSE(mistaken);
  EXPECT_EQ(mistaken.error().code(), kTemplateError);
  EXPECT_EQ(mistaken.error().message(), "chat template test, line 3: 'x' is undefined");
}

TEST(ChatTemplate, AMistakeInTheSourceNamesItsLine) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\n\n{% if %}", "line 3: Expected an expression, got 'end of statement block'"},
      {"\n{{ 1 | nope }}", "line 2: No filter named 'nope'."},
      {"{% for x in y %}\n\n{% endif %}", "line 3: Encountered unknown tag 'endif'."},
      {"\n'{{ 'a }}", "line 2: unexpected char"},
      {"a\n\xFF", "line 2: no valid UTF-8 at byte 2"},
      {"{{ 99999999999999999999 }}", "line 1: integer 99999999999999999999 is beyond 64 bits"},
  };
  for (const auto& [source, message] : cases) {
    const auto parsed = ChatTemplate::parse(source, "t");
    ASSERT_FALSE(parsed) << source;
    EXPECT_EQ(parsed.error().kind(), ErrorKind::malformed);
    EXPECT_NE(parsed.error().message().find(message), std::string::npos)
        << parsed.error().message();
  }
}

TEST(ChatTemplate, SaysWhichVariablesItReads) {
  const auto parsed = ChatTemplate::parse(
      "{% for m in messages %}{% if tools %}{{ m.enable_thinking }}{% endif %}{% endfor %}", "t");
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->mentions("messages"));
  EXPECT_TRUE(parsed->mentions("tools"));
  EXPECT_FALSE(parsed->mentions("enable_thinking"));
  EXPECT_FALSE(parsed->mentions("documents"));
  EXPECT_TRUE(parsed->source_contains("enable_thinking"));
}

TEST(ChatTemplate, ManyThreadsMayRenderOneTemplate) {
  const auto parsed = ChatTemplate::parse(
      "{% for m in messages %}{{ m.role }}:{{ m.content | upper }};{% endfor %}", "t");
  ASSERT_TRUE(parsed);
  const Value variables = Value::dict(
      {{"messages",
        Value::list({message("user", Value::data("a")), message("tool", Value::data("b"))})}});
  std::array<std::string, 4> texts;
  {
    std::vector<std::jthread> threads;
    for (std::string& text : texts) {
      threads.emplace_back([&] {
        for (int i = 0; i < 200; ++i) text = parsed->render(variables)->text;
      });
    }
  }
  for (const std::string& text : texts) EXPECT_EQ(text, "user:A;tool:B;");
}

TEST(ChatTemplate, IntegersBeyondInt64AreShownAsTheyAre) {
  const Value variables =
      Value::from_json(json::parse(R"({"a": 18446744073709551615, "b": [9223372036854775808]})"));
  EXPECT_EQ(render("{{ a }} {{ b | tojson }} {{ a > 5 }} {{ a is integer }}", variables)->text,
            "18446744073709551615 [9223372036854775808] True True");
}

}  // namespace
}  // namespace retort::text
