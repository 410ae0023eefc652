#include "text/pre_tokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/utf8.h"

namespace retort::text {
namespace {

// ------------------------------------------------------------------------------------- the tables

// The cased letters as deepseek-llm's tokenizer.json lists them, from an older Unicode.
constexpr std::string_view kDeepseekLetters =
    "\\s?[A-Za-z\\x{B5}\\x{C0}-\\x{D6}\\x{D8}-\\x{F6}\\x{F8}-\\x{1BA}\\x{1BC}-\\x{1BF}\\x{1C4}-"
    "\\x{293}\\x{295}-\\x{2AF}\\x{370}-\\x{373}\\x{376}\\x{377}\\x{37B}-\\x{37D}\\x{37F}\\x{386}"
    "\\x{388}-\\x{38A}\\x{38C}\\x{38E}-\\x{3A1}\\x{3A3}-\\x{3F5}\\x{3F7}-\\x{481}\\x{48A}-\\x{52F}"
    "\\x{531}-\\x{556}\\x{10A0}-\\x{10C5}\\x{13A0}-\\x{13F5}\\x{13F8}-\\x{13FD}\\x{1C90}-\\x{1CBA}"
    "\\x{1CBD}-\\x{1CBF}\\x{1D00}-\\x{1D2B}\\x{1D6B}-\\x{1D77}\\x{1D79}-\\x{1D9A}\\x{1E00}-\\x{"
    "1F15}"
    "\\x{1F18}-\\x{1F1D}\\x{1F20}-\\x{1F45}\\x{1F48}-\\x{1F4D}\\x{1F50}-\\x{1F57}\\x{1F59}\\x{1F5B}"
    "\\x{1F5D}\\x{1F5F}-\\x{1F7D}\\x{1F80}-\\x{1FB4}\\x{1FB6}-\\x{1FBC}\\x{1FBE}\\x{1FC2}-\\x{1FC4}"
    "\\x{1FC6}-\\x{1FCC}\\x{1FD0}-\\x{1FD3}\\x{1FD6}-\\x{1FDB}\\x{1FE0}-\\x{1FEC}\\x{1FF2}-\\x{"
    "1FF4}"
    "\\x{1FF6}-\\x{1FFC}\\x{2102}\\x{2107}\\x{210A}-\\x{2113}\\x{2115}\\x{2119}-\\x{211D}\\x{2124}"
    "\\x{2126}\\x{2128}\\x{212A}-\\x{212D}\\x{212F}-\\x{2134}\\x{2139}\\x{213C}-\\x{213F}\\x{2145}-"
    "\\x{2149}\\x{214E}\\x{2183}\\x{2184}\\x{2C00}-\\x{2C7B}\\x{2C7E}-\\x{2CE4}\\x{2CEB}-\\x{2CEE}"
    "\\x{2CF2}\\x{2CF3}\\x{A640}-\\x{A66D}\\x{A680}-\\x{A69B}\\x{A722}-\\x{A76F}\\x{A771}-\\x{A787}"
    "\\x{A78B}-\\x{A78E}\\x{AB70}-\\x{ABBF}\\x{FB00}-\\x{FB06}\\x{FB13}-\\x{FB17}\\x{FF21}-\\x{"
    "FF3A}"
    "\\x{FF41}-\\x{FF5A}\\x{10400}-\\x{1044F}\\x{104B0}-\\x{104D3}\\x{104D8}-\\x{104FB}\\x{10C80}-"
    "\\x{10CB2}\\x{10CC0}-\\x{10CF2}\\x{118A0}-\\x{118DF}\\x{1E900}-\\x{1E943}]+";

// Every pattern here is linear on any text: a failed attempt at one position costs no more than a
// constant times what the attempt that follows it consumes.
constexpr std::array kSplitRules = {
    SplitRule{"gpt2",
              "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
              ""},
    SplitRule{"llama3",
              "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| "
              "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
              ""},
    SplitRule{"qwen2",
              "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
              "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
              ""},
    // OpenAI's o200k: letters in capitals, then small ones, with what follows an apostrophe.
    SplitRule{
        "gpt4o",
        "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
        "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|"
        "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        ""},
    SplitRule{
        "tekken",
        "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|"
        "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|"
        "\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        ""},
    SplitRule{"digits", "", "\\p{N}"},
    SplitRule{"numbers", "", "\\p{N}+"},
    SplitRule{"digit-triples", "[0-9][0-9][0-9]", ""},
    // Hugging Face's Punctuation: Unicode's, and what ASCII counts as such.
    SplitRule{"punctuation", "", "[\\p{P}$+<=>^`|~]"},
    SplitRule{"punctuation-runs", "", "[\\p{P}$+<=>^`|~]+"},
    SplitRule{"newlines", "[\r\n]", ""},
    SplitRule{"deepseek-letters", "", kDeepseekLetters},
    SplitRule{"deepseek-punctuation", "\\s?[!-/:-~！-／：-～‘-‟　-。]+", ""},
    // `\s+$` alone would try each space of a run that something follows.
    SplitRule{"trailing-space", "\\s+$", "(?<!\\s)\\s++$"},
    SplitRule{"cjk-runs", "[一-龥ࠀ-一가-퟿]+", ""},
    SplitRule{"letters", "\\s?\\p{L}+", ""},
    SplitRule{"spaced-punctuation", "\\s?\\p{P}+", ""},
    SplitRule{"numbers-of-three", "\\p{N}{1,3}", ""},
    SplitRule{"han-and-kana", "[一-龥぀-ゟ゠-ヿ]+", ""},
    SplitRule{"deepseek3",
              "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|"
              "[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|"
              "\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
              ""},
};

const std::array<PreTokenizer, 11>& pre_tokenizers() {
  static const std::array<PreTokenizer, 11> table = {{
      {{"gpt-2", "phi-2", "mpt", "olmo"}, {"gpt2"}},
      {{"llama-bpe", "llama3", "llama-v3"}, {"llama3"}, false, true, true},
      {{"qwen2", "deepseek-r1-qwen"}, {"qwen2"}, true},
      {{"dbrx", "smaug-bpe"}, {"llama3"}},
      {{"gpt-4o", "llama4"}, {"gpt4o"}},
      {{"tekken"}, {"tekken"}, false, true, true},
      {{"deepseek-coder"}, {"newlines", "letters", "spaced-punctuation", "cjk-runs", "digits"}},
      {{"deepseek-v3"}, {"numbers-of-three", "han-and-kana", "deepseek3"}},
      {{"deepseek-llm"},
       {"newlines", "deepseek-letters", "deepseek-punctuation", "trailing-space", "cjk-runs",
        "numbers"}},
      {{"falcon"}, {"punctuation-runs", "gpt2", "digit-triples"}},
      {{"smollm", "starcoder", "refact", "command-r"}, {"digits", "gpt2"}},
  }};
  return table;
}

// PCRE2's \s holds U+180E, which Unicode took out of White_Space in version 6.3; Oniguruma's does
// not. So \s and \S are spelled out, in a class as its members and outside as a class.
std::string spell_out_spaces(std::string_view pattern) {
  constexpr std::string_view kSpaces =
      "\\t-\\r "
      "\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}";
  std::string spelled;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const char c = pattern[i];
    if (c == '\\' && i + 1 < pattern.size()) {
      const char escaped = pattern[++i];
      if (escaped == 's' && in_class) {
        spelled += kSpaces;
      } else if (escaped == 's' || escaped == 'S') {
        spelled.append(escaped == 's' ? "[" : "[^").append(kSpaces).append("]");
      } else {
        spelled.append({c, escaped});
      }
      continue;
    }
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    spelled.push_back(c);
  }
  return spelled;
}

struct FreeMatchData {
  void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
using MatchData = std::unique_ptr<pcre2_match_data, FreeMatchData>;

}  // namespace

const SplitRule* find_split_rule(std::string_view name) noexcept {
  const auto* found = std::ranges::find(kSplitRules, name, &SplitRule::name);
  return found == kSplitRules.end() ? nullptr : &*found;
}

const SplitRule* find_split_rule_by_pattern(std::string_view pattern) noexcept {
  if (pattern.empty()) return nullptr;
  const auto* found = std::ranges::find(kSplitRules, pattern, &SplitRule::hugging_face);
  return found == kSplitRules.end() ? nullptr : &*found;
}

const PreTokenizer* find_pre_tokenizer(std::string_view name) noexcept {
  for (const PreTokenizer& row : pre_tokenizers()) {
    if (std::ranges::find(row.names, name) != row.names.end()) return &row;
  }
  return nullptr;
}

std::string pre_tokenizer_names() {
  std::string names;
  for (const PreTokenizer& row : pre_tokenizers()) {
    for (const std::string_view name : row.names) {
      if (!names.empty()) names += ", ";
      names += name;
    }
  }
  return names;
}

// ------------------------------------------------------------------------------------ the splitter

struct Splitter::Pattern {
  pcre2_code* code = nullptr;
  bool jit = false;

  Pattern() = default;
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  ~Pattern() { pcre2_code_free(code); }

  // Cuts one piece at this pattern's matches. False where PCRE2 gave up (out of memory or stack):
  // then the rest of the piece is one word.
  bool split(std::string_view piece, pcre2_match_data* data,
             std::vector<std::string_view>& words) const {
    const auto* subject = reinterpret_cast<const unsigned char*>(piece.data());
    const PCRE2_SIZE* bounds = pcre2_get_ovector_pointer(data);
    std::size_t done = 0;
    int status = 0;
    while (done < piece.size()) {
      status =
          jit ? pcre2_jit_match(code, subject, piece.size(), done, PCRE2_NOTEMPTY, data, nullptr)
              : pcre2_match(code, subject, piece.size(), done, PCRE2_NOTEMPTY | PCRE2_NO_UTF_CHECK,
                            data, nullptr);
      if (status < 0) break;
      if (bounds[0] > done) words.push_back(piece.substr(done, bounds[0] - done));
      words.push_back(piece.substr(bounds[0], bounds[1] - bounds[0]));
      done = bounds[1];
    }
    if (done < piece.size()) words.push_back(piece.substr(done));
    return status >= 0 || status == PCRE2_ERROR_NOMATCH;
  }
};

Splitter::Splitter() = default;
Splitter::Splitter(Splitter&&) noexcept = default;
Splitter& Splitter::operator=(Splitter&&) noexcept = default;
Splitter::~Splitter() = default;

Result<Splitter> Splitter::make(const std::vector<const SplitRule*>& rules) {
  Splitter splitter;
  for (const SplitRule* rule : rules) {
    const std::string text =
        spell_out_spaces(rule->pattern.empty() ? rule->hugging_face : rule->pattern);
    auto pattern = std::make_unique<Pattern>();
    int error = 0;
    PCRE2_SIZE offset = 0;
    pattern->code =
        pcre2_compile(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                      PCRE2_UTF | PCRE2_UCP | PCRE2_DOLLAR_ENDONLY, &error, &offset, nullptr);
    if (pattern->code == nullptr) {
      return Error(ErrorKind::internal, "pre-tokenizer rule " + std::string(rule->name) +
                                            " does not compile at byte " + std::to_string(offset));
    }
    // Without a JIT (a hardened kernel, another processor) the interpreter gives the same matches.
    pattern->jit = pcre2_jit_compile(pattern->code, PCRE2_JIT_COMPLETE) == 0;
    splitter.patterns_.push_back(std::move(pattern));
  }
  return splitter;
}

void Splitter::split(std::string_view text, std::vector<std::string_view>& words) const {
  words.clear();
  if (text.empty()) return;
  words.push_back(text);
  if (patterns_.empty()) return;
  const MatchData data(pcre2_match_data_create(1, nullptr));
  if (data == nullptr) return;
  std::vector<std::string_view> pieces;
  for (const auto& pattern : patterns_) {
    pieces.swap(words);
    words.clear();
    bool works = true;
    for (const std::string_view piece : pieces) {
      if (works) {
        works = pattern->split(piece, data.get(), words);
      } else {
        words.push_back(piece);
      }
    }
  }
}

}  // namespace retort::text
