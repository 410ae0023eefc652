#include <boost/json/serialize.hpp>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json_view.h"
#include "cli/commands.h"
#include "cli/json_lines.h"
#include "grammar/matcher.h"
#include "grammar/schema_grammar.h"

namespace retort::cli {
namespace {

boost::json::object broken(const std::string& message) {
  return {{"status", "error"}, {"error", message}};
}

// The instances' texts; nothing where they are no list of strings.
std::optional<std::vector<std::string>> read_instances(const base::JsonView& line) {
  std::vector<std::string> texts;
  const std::optional<base::JsonView> instances = line.find("instances");
  if (!instances) return texts;
  if (!instances->is_array()) return std::nullopt;
  for (const base::JsonView& instance : instances->elements()) {
    if (!instance.is_string()) return std::nullopt;
    texts.push_back(instance.string());
  }
  return texts;
}

boost::json::object accepted(const std::vector<bool>& verdicts) {
  return {{"status", "ok"}, {"accepted", boost::json::array(verdicts.begin(), verdicts.end())}};
}

boost::json::object refused(const grammar::SchemaRefusal& refusal, std::size_t instances) {
  if (refusal.broken) return broken(refusal.message + " (at '" + refusal.pointer + "')");
  // Nothing fits: that is known of every instance.
  if (refusal.impossible) return accepted(std::vector<bool>(instances, false));
  return {{"status", "unsupported"},
          {"pointer", refusal.pointer},
          {"keyword", refusal.keyword},
          {"message", refusal.message}};
}

// The line as it is spelled: a schema's numbers count digit by digit.
boost::json::object answer(std::string_view text) {
  base::JsonLimits limits;
  limits.depth_max += 1;  // a schema has its own limit
  const Result<base::JsonView> line = base::JsonView::parse(text, limits);
  if (!line) return broken(line.error().message());
  const std::optional<base::JsonView> schema = line->find("schema");
  if (!schema) return broken("give an object with a \"schema\"");
  const std::optional<std::vector<std::string>> instances = read_instances(*line);
  if (!instances) return broken("\"instances\" is a list of texts");
  grammar::SchemaRefusal refusal;
  Result<grammar::CompiledSchema> compiled = grammar::compile_schema(schema->text(), {}, &refusal);
  if (!compiled) return refused(refusal, instances->size());
  const auto automaton = std::make_shared<grammar::Automaton>(std::move(compiled->grammar));
  std::vector<bool> verdicts;
  for (const std::string& instance : *instances) {
    verdicts.push_back(grammar::accepts(automaton, instance));
  }
  if (automaton->exhausted()) return broken("the instances are too much for the matcher");
  return accepted(verdicts);
}

int run(const Arguments& arguments) {
  if (arguments.has("jsonl")) {
    answer_lines(answer);
    return kDone;
  }
  const boost::json::object out = answer(read_standard_input());
  std::printf("%s\n", boost::json::serialize(out).c_str());
  return out.at("status") == "ok" ? kDone : kFailed;
}

}  // namespace

Command schema_command() {
  return {.name = "schema",
          .help =
              "Hold texts to a JSON schema: {\"schema\":..., \"instances\":[text, ...]} on "
              "standard input.",
          .flags = {{"jsonl", "", "an object a line in, {\"status\":...} a line out"}},
          .positional = "",
          .run = run};
}

}  // namespace retort::cli
