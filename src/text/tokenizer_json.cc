// Reads Hugging Face's tokenizer.json: the model (BPE or Unigram), its added tokens, and the
// normaliser, pre-tokenizer and decoder in as far as they are known. Whatever else a file asks for
// is refused with its place and name, because a tokenizer that is nearly right makes a model nearly
// wrong.
#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "text/charsmap.h"
#include "text/pre_tokenizer.h"
#include "text/vocabulary.h"

namespace retort::text {
namespace {

namespace json = boost::json;

constexpr std::string_view kSpaceMark = "\xE2\x96\x81";  // U+2581

std::string_view view(const json::string& text) {
  return {text.data(), text.size()};
}

// A part of the file and where it stands, for errors.
struct Part {
  const json::value* value = nullptr;  // null: absent, or null in the file
  std::string path;

  bool is_there() const { return value != nullptr; }
  const json::object* object() const { return value ? value->if_object() : nullptr; }
  const json::array* array() const { return value ? value->if_array() : nullptr; }

  Part operator[](std::string_view key) const {
    const json::object* fields = object();
    const json::value* found = fields ? fields->if_contains(key) : nullptr;
    if (found != nullptr && found->is_null()) found = nullptr;
    return {found, path.empty() ? std::string(key) : path + "." + std::string(key)};
  }
  Part at(std::size_t index) const {
    return {&(*array())[index], path + "[" + std::to_string(index) + "]"};
  }
  std::size_t size() const { return array() ? array()->size() : 0; }

  // The field where it is there and of the type, else `otherwise`.
  std::string_view text(std::string_view otherwise = "") const {
    const json::string* found = value ? value->if_string() : nullptr;
    return found ? view(*found) : otherwise;
  }
  bool flag(bool otherwise) const {
    const bool* found = value ? value->if_bool() : nullptr;
    return found ? *found : otherwise;
  }
  std::int64_t integer(std::int64_t otherwise) const {
    const std::int64_t* found = value ? value->if_int64() : nullptr;
    return found ? *found : otherwise;
  }
  std::optional<double> number() const {
    if (value == nullptr || !value->is_number()) return std::nullopt;
    return value->to_number<double>();
  }
  std::string_view type() const { return (*this)["type"].text(); }
};

class TokenizerJsonReader {
 public:
  TokenizerJsonReader(const json::value& root, std::string_view name)
      : root_{&root, ""}, name_(name) {}

  Result<Vocabulary> read() {
    for (const auto part :
         {&TokenizerJsonReader::read_pre_tokenizer, &TokenizerJsonReader::read_normalizer,
          &TokenizerJsonReader::read_model, &TokenizerJsonReader::read_merges,
          &TokenizerJsonReader::read_added_tokens}) {
      if (Result<void> done = (this->*part)(); !done) return std::move(done).error();
    }
    read_decoder(root_["decoder"]);
    read_post_processor(root_["post_processor"]);
    return std::move(vocabulary_);
  }

 private:
  Error malformed(const Part& part, const std::string& what) const {
    return Error(ErrorKind::malformed, name_ + ": " + part.path + ": " + what);
  }
  Error unsupported(const Part& part) const {
    return malformed(part, "the type \"" + std::string(part.type()) + "\" is not supported");
  }

  // ------------------------------------------------------------------------------ pre-tokenizer

  Result<void> read_pre_tokenizer() {
    vocabulary_.kind = Vocabulary::Kind::characters;
    return read_pre_tokenizer(root_["pre_tokenizer"]);
  }

  Result<void> read_pre_tokenizer(const Part& part) {
    if (!part.is_there()) return {};
    const std::string_view type = part.type();
    if (type == "Sequence") {
      const Part steps = part["pretokenizers"];
      for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps.at(i).type() == "Sequence") return unsupported(steps.at(i));
        if (Result<void> done = read_pre_tokenizer(steps.at(i)); !done) return done;
      }
      return {};
    }
    // ByteLevel spells each byte as a letter; what follows it would see those letters.
    if (vocabulary_.kind == Vocabulary::Kind::byte_level) {
      return malformed(part, "a step behind ByteLevel is not supported");
    }
    if (type == "ByteLevel") return read_byte_level(part);
    if (type == "Split") return read_split(part);
    if (type == "Digits") {
      return add_rule(part["individual_digits"].flag(false) ? "digits" : "numbers");
    }
    if (type == "Punctuation") return read_punctuation(part);
    if (type == "Metaspace") return read_metaspace(part);
    if (type == "WhitespaceSplit" && is_unigram() && vocabulary_.splits.empty() &&
        !vocabulary_.replaces_spaces) {
      vocabulary_.splits_at_spaces = true;
      return {};
    }
    return unsupported(part);
  }

  bool is_unigram() const { return root_["model"].type() == "Unigram"; }

  Result<void> add_rule(std::string_view name) {
    vocabulary_.splits.push_back(find_split_rule(name));
    return {};
  }

  Result<void> read_byte_level(const Part& part) {
    vocabulary_.kind = Vocabulary::Kind::byte_level;
    vocabulary_.adds_space = part["add_prefix_space"].flag(true);
    if (vocabulary_.adds_space && !vocabulary_.splits.empty()) {
      return malformed(part["add_prefix_space"], "true behind other steps is not supported");
    }
    return part["use_regex"].flag(true) ? add_rule("gpt2") : Result<void>();
  }

  Result<void> read_split(const Part& part) {
    const std::string_view behavior = part["behavior"].text();
    const bool inverted = part["invert"].flag(false);
    const Part pattern = part["pattern"];
    // Gemma cuts at spaces, which its normaliser has turned into U+2581 before.
    if (pattern["String"].text() == " " && behavior == "MergedWithPrevious" &&
        root_["normalizer"].type() == "Replace" &&
        root_["normalizer"]["pattern"]["String"].text() == " ") {
      return {};
    }
    // Where the pattern matches all of a text, both say the same.
    const bool isolates = behavior == "Isolated" && !inverted;
    const bool keeps_matches = behavior == "Removed" && inverted;
    if (!isolates && !keeps_matches) {
      return malformed(part["behavior"], "\"" + std::string(behavior) +
                                             "\" is not supported; Isolated without invert is");
    }
    const SplitRule* rule = find_split_rule_by_pattern(pattern["Regex"].text());
    if (rule == nullptr) {
      return malformed(pattern, "the pattern " + json::serialize(*root_or_null(pattern.value)) +
                                    " is not one of those supported");
    }
    vocabulary_.splits.push_back(rule);
    return {};
  }

  static const json::value* root_or_null(const json::value* value) {
    static const json::value null;
    return value != nullptr ? value : &null;
  }

  Result<void> read_punctuation(const Part& part) {
    const std::string_view behavior = part["behavior"].text("Isolated");
    if (behavior == "Contiguous") return add_rule("punctuation-runs");
    if (behavior == "Isolated") return add_rule("punctuation");
    return malformed(part["behavior"], "\"" + std::string(behavior) + "\" is not supported");
  }

  Result<void> read_metaspace(const Part& part) {
    if (part["replacement"].text() != kSpaceMark) {
      return malformed(part["replacement"], "only U+2581 is supported");
    }
    if (!vocabulary_.splits.empty() || vocabulary_.replaces_spaces) {
      return malformed(part, "behind other steps is not supported");
    }
    const Part scheme = part["prepend_scheme"];
    const std::string_view prefix =
        scheme.text(part["add_prefix_space"].flag(true) ? "always" : "never");
    using SpacePrefix = Vocabulary::SpacePrefix;
    if (prefix != "always" && prefix != "first" && prefix != "never") {
      return malformed(scheme, "\"" + std::string(prefix) + "\" is not supported");
    }
    vocabulary_.replaces_spaces = true;
    vocabulary_.splits_before_space = part["split"].flag(true);
    vocabulary_.space_prefix = prefix == "always"  ? SpacePrefix::always
                               : prefix == "first" ? SpacePrefix::first
                                                   : SpacePrefix::never;
    return {};
  }

  // --------------------------------------------------------------------------------- normaliser

  Result<void> read_normalizer() { return read_normalizer(root_["normalizer"]); }

  Result<void> read_normalizer(const Part& part) {
    using Kind = NormalizerStep::Kind;
    if (!part.is_there()) return {};
    const std::string_view type = part.type();
    if (type == "NFC") {
      vocabulary_.normalizer.push_back({Kind::nfc, "", ""});
    } else if (type == "Prepend") {
      vocabulary_.normalizer.push_back({Kind::prepend, "", std::string(part["prepend"].text())});
    } else if (type == "Replace" && part["pattern"]["Regex"].text() == " {2,}") {
      vocabulary_.normalizer.push_back(
          {Kind::replace_space_runs, "", std::string(part["content"].text())});
    } else if (type == "Strip") {
      if (part["strip_left"].flag(true))
        vocabulary_.normalizer.push_back({Kind::strip_front, "", ""});
      if (part["strip_right"].flag(true))
        vocabulary_.normalizer.push_back({Kind::strip_back, "", ""});
    } else if (type == "Precompiled") {
      auto table = Charsmap::from_base64(part["precompiled_charsmap"].text());
      if (!table) return malformed(part["precompiled_charsmap"], "is no base64");
      vocabulary_.normalizer.push_back({Kind::precompiled, "", std::move(*table)});
    } else if (type == "Replace") {
      const std::string_view pattern = part["pattern"]["String"].text();
      if (pattern.empty()) {
        return malformed(part["pattern"], "only a String, or the Regex \" {2,}\", is supported");
      }
      vocabulary_.normalizer.push_back(
          {Kind::replace, std::string(pattern), std::string(part["content"].text())});
    } else if (type == "Sequence") {
      const Part steps = part["normalizers"];
      for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps.at(i).type() == "Sequence") return unsupported(steps.at(i));
        if (Result<void> done = read_normalizer(steps.at(i)); !done) return done;
      }
    } else {
      return unsupported(part);
    }
    if (vocabulary_.normalizer.size() > 16) return malformed(part, "too many steps");
    return {};
  }

  // -------------------------------------------------------------------------------------- model

  Result<void> read_model() {
    const Part model = root_["model"];
    if (model.object() == nullptr) return malformed(model, "is missing");
    if (is_unigram()) return read_unigram();
    if (model["type"].text("BPE") != "BPE") return unsupported(model);
    if (model["dropout"].is_there()) return malformed(model["dropout"], "is not supported");
    for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!model[affix].text().empty()) return malformed(model[affix], "is not supported");
    }
    vocabulary_.byte_fallback = model["byte_fallback"].flag(false);
    vocabulary_.fuses_unknown = model["fuse_unk"].flag(false);
    vocabulary_.ignore_merges = model["ignore_merges"].flag(false);
    const Part vocab = model["vocab"];
    if (vocab.object() == nullptr) return malformed(vocab, "is missing");
    for (const auto& entry : *vocab.object()) {
      const Part id{&entry.value(), vocab.path};
      Result<void> done = put(id, entry.key(), id.integer(-1), TokenType::normal);
      if (!done) return done;
    }
    mark_bytes();
    return {};
  }

  void mark_bytes() {
    for (Token& token : vocabulary_.tokens) {
      const bool is_byte = vocabulary_.byte_fallback && read_byte_token(token.text);
      if (is_byte) token.type = TokenType::byte;
    }
  }

  // A list of pieces and their scores, by id.
  Result<void> read_unigram() {
    const Part model = root_["model"];
    if (vocabulary_.kind == Vocabulary::Kind::byte_level) {
      return malformed(root_["pre_tokenizer"], "ByteLevel is not supported with a Unigram model");
    }
    vocabulary_.kind = Vocabulary::Kind::unigram;
    vocabulary_.byte_fallback = model["byte_fallback"].flag(false);
    const Part vocab = model["vocab"];
    if (vocab.size() == 0) return malformed(vocab, "is missing");
    double least = 0;
    for (std::size_t i = 0; i < vocab.size(); ++i) {
      const Part entry = vocab.at(i);
      if (entry.size() != 2) return malformed(entry, "is not a piece and its score");
      const std::optional<double> score = entry.at(1).number();
      if (!score) return malformed(entry, "has no score");
      const auto id = static_cast<std::int64_t>(i);
      if (auto done = put(entry, entry.at(0).text(), id, TokenType::normal); !done) return done;
      vocabulary_.tokens[i].score = *score;
      least = i == 0 ? *score : std::min(least, *score);
    }
    // Worse by 10 than every piece, as SentencePiece has it.
    vocabulary_.unknown_score = least - 10;
    mark_bytes();
    const Part unknown = model["unk_id"];
    if (!unknown.is_there()) return {};
    const std::int64_t id = unknown.integer(-1);
    if (id < 0 || id >= static_cast<std::int64_t>(vocab.size())) {
      return malformed(unknown, "is not in the vocabulary");
    }
    vocabulary_.unknown = static_cast<TokenId>(id);
    return {};
  }

  // Gives the token `id` a text and a type, where it has none or the same text already.
  Result<void> put(const Part& part, std::string_view text, std::int64_t id, TokenType type) {
    if (id < 0 || id >= static_cast<std::int64_t>(kTokensMax)) {
      return malformed(part, "the id of \"" + std::string(text.substr(0, 100)) +
                                 "\" is not a number from 0 to " + std::to_string(kTokensMax - 1));
    }
    const auto index = static_cast<std::size_t>(id);
    if (index >= vocabulary_.tokens.size()) {
      vocabulary_.tokens.resize(index + 1, Token{.type = TokenType::unused});
    }
    Token& token = vocabulary_.tokens[index];
    if (token.type != TokenType::unused && token.text != text) {
      return malformed(part, "the id " + std::to_string(id) + " is given to two tokens");
    }
    token.text = text;
    token.type = type;
    return {};
  }

  Result<void> read_merges() {
    if (is_unigram()) return {};
    const Part merges = root_["model"]["merges"];
    if (merges.array() == nullptr) return malformed(merges, "is missing");
    if (merges.size() > kMergesMax) return malformed(merges, "too many");
    vocabulary_.merges.reserve(merges.size());
    for (const json::value& merge : *merges.array()) {
      std::pair<std::string, std::string> pair;
      if (const json::string* text = merge.if_string()) {
        const std::size_t space = view(*text).find(' ');
        if (space != std::string_view::npos) {
          pair = {std::string(view(*text).substr(0, space)),
                  std::string(view(*text).substr(space + 1))};
        }
      } else if (const json::array* both = merge.if_array(); both && both->size() == 2) {
        const Part left{&(*both)[0], ""};
        const Part right{&(*both)[1], ""};
        pair = {std::string(left.text()), std::string(right.text())};
      }
      if (pair.first.empty() || pair.second.empty()) {
        return malformed(
            merges, "merge " + std::to_string(vocabulary_.merges.size()) + " is not two tokens");
      }
      vocabulary_.merges.push_back(std::move(pair));
    }
    return {};
  }

  Result<void> read_added_tokens() {
    const Part added = root_["added_tokens"];
    for (std::size_t i = 0; i < added.size(); ++i) {
      const Part part = added.at(i);
      const std::string_view content = part["content"].text();
      const std::int64_t id = part["id"].integer(-1);
      if (content.empty()) return malformed(part["content"], "is missing");
      const TokenType type =
          part["special"].flag(false) ? TokenType::control : TokenType::user_defined;
      if (Result<void> done = put(part, content, id, type); !done) return done;
      Token& token = vocabulary_.tokens[static_cast<std::size_t>(id)];
      token.strips_left = part["lstrip"].flag(false);
      token.strips_right = part["rstrip"].flag(false);
      token.single_word = part["single_word"].flag(false);
      token.normalized = part["normalized"].flag(type == TokenType::user_defined);
    }
    // What stands for unknown text may come from a user's text, though it is listed as special.
    if (vocabulary_.unknown) {
      vocabulary_.tokens[static_cast<std::size_t>(*vocabulary_.unknown)].type = TokenType::unknown;
      return {};
    }
    const std::string_view unknown = root_["model"]["unk_token"].text();
    if (unknown.empty()) return {};
    const auto found = std::ranges::find(vocabulary_.tokens, unknown, &Token::text);
    if (found == vocabulary_.tokens.end()) {
      return malformed(root_["model"]["unk_token"], "is not in the vocabulary");
    }
    found->type = TokenType::unknown;
    vocabulary_.unknown = static_cast<TokenId>(found - vocabulary_.tokens.begin());
    return {};
  }

  // --------------------------------------------------------------- what surrounds a decoded text

  void read_decoder(const Part& part) {
    const Part steps = part["decoders"];
    if (part.type() == "Sequence") {
      for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps.at(i).type() != "Sequence") read_decoder(steps.at(i));
      }
    } else if (part.type() == "Strip" && part["content"].text() == " ") {
      vocabulary_.strips_leading_space = part["start"].integer(0) > 0;
    } else if (part.type() == "Metaspace") {
      const bool prefix = part["add_prefix_space"].flag(true);
      vocabulary_.strips_leading_space =
          part["prepend_scheme"].text(prefix ? "always" : "never") != "never";
    }
  }

  void read_post_processor(const Part& part) {
    const Part steps = part["processors"];
    if (part.type() == "Sequence") {
      for (std::size_t i = 0; i < steps.size(); ++i) {
        if (steps.at(i).type() != "Sequence") read_post_processor(steps.at(i));
      }
    } else if (part.type() == "TemplateProcessing" && part["single"].size() > 0) {
      const Part single = part["single"];
      vocabulary_.adds_beginning = single.at(0)["SpecialToken"].is_there();
      vocabulary_.adds_end = single.at(single.size() - 1)["SpecialToken"].is_there();
    }
  }

  Part root_;
  std::string name_;
  Vocabulary vocabulary_;
};

}  // namespace

Result<Vocabulary> vocabulary_from_tokenizer_json(std::string_view json, std::string_view name) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 64;
  const json::value root =
      json::parse(json::string_view(json.data(), json.size()), error, {}, options);
  if (error) {
    return Error(ErrorKind::malformed, std::string(name) + ": not JSON: " + error.message());
  }
  return TokenizerJsonReader(root, name).read();
}

}  // namespace retort::text
