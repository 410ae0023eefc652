#include "load/prompts.h"

#include <array>
#include <string_view>

#include "base/json_writer.h"

namespace retort::load {
namespace {

constexpr auto kWords = std::to_array<std::string_view>(
    {"time",  "year",   "people", "way",     "day",    "man",    "thing",    "woman",
     "life",  "child",  "world",  "school",  "state",  "family", "group",    "hand",
     "part",  "place",  "case",   "week",    "work",   "point",  "number",   "night",
     "room",  "mother", "area",   "money",   "story",  "fact",   "month",    "lot",
     "right", "study",  "book",   "eye",     "job",    "word",   "business", "side",
     "kind",  "head",   "house",  "service", "friend", "father", "power",    "hour",
     "game",  "line",   "end",    "member",  "law",    "car",    "city",     "name",
     "team",  "minute", "idea",   "body",    "back",   "parent", "face",     "door"});
static_assert(kWords.size() == 64);

// SplitMix64 (Steele, Lea, Flood 2014): one step.
std::uint64_t next(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
  return z ^ (z >> 31);
}

void append_message(std::string& out, std::string_view role, const std::string& text) {
  out.append(R"({"role":")").append(role).append(R"(","content":)");
  base::append_json_string(out, text);
  out += '}';
}

}  // namespace

std::string words(std::size_t count, std::uint64_t seed) {
  std::string text;
  text.reserve(count * 6);
  for (std::size_t i = 0; i < count; ++i) {
    if (i > 0) text += ' ';
    text += kWords[next(seed) % kWords.size()];
  }
  return text;
}

std::string request_body(const std::string& model, const PromptShape& shape, std::uint64_t index,
                         std::size_t output_tokens) {
  std::string body = R"({"model":)";
  base::append_json_string(body, model);
  body += R"(,"messages":[)";
  if (shape.shared_words > 0) {
    append_message(body, "system", words(shape.shared_words, shape.shared_seed));
    body += ',';
  }
  // Seeds that lie apart: neighbours would give neighbouring words.
  std::uint64_t seed = index;
  append_message(body, "user", words(shape.own_words, next(seed)));
  body.append(R"(],"stream":true,"stream_options":{"include_usage":true},"temperature":0,)");
  body.append(R"("ignore_eos":true,"max_tokens":)").append(std::to_string(output_tokens));
  return body + "}";
}

}  // namespace retort::load
