#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>
#include <string>

#include "cli/commands.h"
#include "cli/hub_models.h"
#include "cli/json_lines.h"
#include "provider/model_files.h"

namespace retort::cli {
namespace {

boost::json::array ids_of(const text::Tokenizer& tokenizer, std::string_view text) {
  boost::json::array ids;
  for (const text::TokenId id : tokenizer.encode(text)) ids.emplace_back(id);
  return ids;
}

boost::json::object answer(const text::Tokenizer& tokenizer, const boost::json::object& request) {
  const boost::json::value* text = request.if_contains("text");
  if (text == nullptr || !text->is_string()) {
    return error_object(Error(ErrorKind::invalid_request, "a line needs \"text\", a string"));
  }
  return {{"ids", ids_of(tokenizer, text->get_string())}};
}

// One token a line: its id and its text; with --ids the ids alone, as one JSON array.
void print(const text::Tokenizer& tokenizer, const std::string& text, bool ids_only) {
  if (ids_only) {
    std::printf("%s\n", boost::json::serialize(ids_of(tokenizer, text)).c_str());
    return;
  }
  for (const text::TokenId id : tokenizer.encode(text)) {
    const std::string piece(tokenizer.piece(id));
    std::printf("%8d  %s\n", id, boost::json::serialize(boost::json::value(piece)).c_str());
  }
}

int run(const Arguments& arguments) {
  const Result<std::filesystem::path> path = find_model(arguments);
  if (!path) {
    complain(path.error().message());
    return kFailed;
  }
  const Result<text::Tokenizer> tokenizer = provider::load_tokenizer(*path);
  if (!tokenizer) {
    complain(tokenizer.error().message());
    return kFailed;
  }
  if (arguments.has("jsonl")) {
    answer_json_lines(
        [&tokenizer](const boost::json::object& line) { return answer(*tokenizer, line); });
  } else {
    print(*tokenizer, read_standard_input(), arguments.has("ids"));
  }
  return kDone;
}

}  // namespace

Command tokenize_command() {
  return {.name = "tokenize",
          .help = "Text from standard input to token ids. No control token is recognised in it.",
          .flags = {model_flag(),
                    hub_flag(),
                    data_dir_flag(),
                    {"ids", "", "print the ids alone, as a JSON array"},
                    {"jsonl", "", "read {\"text\":...} a line, answer {\"ids\":[...]} a line"}},
          .positional = "",
          .run = run};
}

}  // namespace retort::cli
