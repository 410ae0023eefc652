// The masks of Retort over a workload that maskbench.py made: how long each takes.
//
// maskbench PIECES WORK: PIECES has one token a line in base64, WORK one JSON object a line, {"id",
// "schema", "documents": [[token id, ...], ...]}. Answers one JSON object a line, {"id", "ok",
// "first_us", "masks_us", "accepted"}. One thread.
#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "grammar/matcher.h"
#include "grammar/schema_grammar.h"
#include "grammar/token_trie.h"

namespace {

using namespace retort;
using Clock = std::chrono::steady_clock;

double microseconds(Clock::time_point since) {
  return std::chrono::duration<double, std::micro>(Clock::now() - since).count();
}

// RFC 4648; the workload is our own, so nothing is checked.
std::string from_base64(const std::string& text) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  std::uint32_t bits = 0, count = 0;
  for (const char c : text) {
    const std::size_t value = alphabet.find(c);
    if (value == std::string::npos) break;
    bits = bits << 6 | static_cast<std::uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count & 0xFF));
  }
  return bytes;
}

struct Row {
  std::string id, schema;
  std::vector<std::vector<std::uint32_t>> documents;
};

Row read_row(const std::string& line) {
  const boost::json::object object = boost::json::parse(line).as_object();
  Row row{.id = object.at("id").as_string().c_str(),
          .schema = object.at("schema").as_string().c_str(),
          .documents = {}};
  for (const auto& document : object.at("documents").as_array()) {
    auto& tokens = row.documents.emplace_back();
    for (const auto& token : document.as_array()) {
      tokens.push_back(token.to_number<std::uint32_t>());
    }
  }
  return row;
}

boost::json::object measure(const Row& row, const grammar::TokenTrie& trie) {
  std::vector<std::uint64_t> mask(trie.words());
  boost::json::object result{{"id", row.id}, {"ok", false}};
  const Clock::time_point began = Clock::now();
  Result<grammar::CompiledSchema> compiled = grammar::compile_schema(row.schema);
  if (!compiled) {
    result["error"] = compiled.error().message();
    return result;
  }
  auto automaton = std::make_shared<grammar::Automaton>(std::move(compiled->grammar));
  grammar::Matcher(automaton).fill_mask(trie, mask);
  result["first_us"] = microseconds(began);
  boost::json::array masks;
  int accepted = 0;
  for (const auto& document : row.documents) {
    grammar::Matcher matcher(automaton);
    bool good = true;
    for (const std::uint32_t token : document) {
      const Clock::time_point start = Clock::now();
      matcher.fill_mask(trie, mask);
      masks.emplace_back(microseconds(start));
      good = grammar::has_token(mask, token) && matcher.accept(trie.piece(token));
      if (!good) break;
    }
    accepted += good && matcher.can_end() ? 1 : 0;
  }
  result["ok"] = true;
  result["masks_us"] = std::move(masks);
  result["accepted"] = accepted;
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: maskbench PIECES WORK\n");
    return 2;
  }
  std::vector<std::string> pieces;
  std::ifstream pieces_file(argv[1]), work(argv[2]);
  for (std::string line; std::getline(pieces_file, line);) pieces.push_back(from_base64(line));
  const Result<grammar::TokenTrie> trie = grammar::TokenTrie::make(pieces, {});
  if (!trie) {
    std::fprintf(stderr, "%s\n", trie.error().message().c_str());
    return 1;
  }
  for (std::string line; std::getline(work, line);) {
    std::cout << measure(read_row(line), *trie) << '\n';
  }
  return 0;
}
