#include "hub/model_choice.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>
#include <utility>

namespace retort::hub {
namespace {

constexpr std::string_view kGguf = ".gguf";
constexpr std::string_view kSafetensors = "safetensors";
constexpr std::size_t kPartsMax = 10'000;
constexpr std::size_t kFormsNamedMax = 24;  // in a message

// Formats that Retort runs. First what most people want: small, and close to the original.
constexpr auto kPreferred = std::to_array<std::string_view>(
    {"Q4_K_M", "Q4_K_S", "Q4_0", "Q5_K_M", "Q5_K_S", "Q6_K", "Q8_0", "Q4_1", "Q5_0", "Q5_1",
     "IQ4_XS", "IQ4_NL", "Q3_K_M", "Q3_K_L", "Q3_K_S", "Q2_K", "BF16", "F16", "F32"});

// What a folder model is loaded from and with, beside its weights.
constexpr auto kFolderFiles = std::to_array<std::string_view>(
    {"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json",
     "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt", "tokenizer.model",
     "chat_template.jinja", "chat_template.json", "model.safetensors.index.json"});

std::string capitals(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// One of several files of a model: NAME-00002-of-00003.gguf.
struct Part {
  std::string_view stem;  // what comes before "-00002-of-00003"
  std::size_t number = 0;
  std::size_t count = 0;
};

std::optional<std::size_t> read_number(std::string_view digits) {
  std::size_t value = 0;
  if (!std::ranges::all_of(digits, is_digit)) return std::nullopt;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return value;
}

// `path` without its ending.
std::optional<Part> read_part(std::string_view path) {
  constexpr std::size_t kDigits = 5;
  constexpr std::string_view kOf = "-of-";
  constexpr std::size_t kBytes = 1 + kDigits + kOf.size() + kDigits;
  if (path.size() <= kBytes) return std::nullopt;
  const std::string_view tail = path.substr(path.size() - kBytes);
  if (tail[0] != '-' || tail.substr(1 + kDigits, kOf.size()) != kOf) return std::nullopt;
  const auto number = read_number(tail.substr(1, kDigits));
  const auto count = read_number(tail.substr(kBytes - kDigits));
  if (!number || !count || *number < 1 || *number > *count || *count > kPartsMax) {
    return std::nullopt;
  }
  return Part{.stem = path.substr(0, path.size() - kBytes), .number = *number, .count = *count};
}

// Q4_K_M, IQ2_XXS, TQ1_0, F16, BF16, MXFP4 ...: `word` is in capitals.
bool is_quant(std::string_view word) {
  if (word == "F16" || word == "BF16" || word == "F32" || word.starts_with("MXFP4")) return true;
  if (word.starts_with("I") || word.starts_with("T")) word.remove_prefix(1);
  return word.size() >= 4 && word[0] == 'Q' && is_digit(word[1]) && word[2] == '_';
}

std::string quant_of_stem(std::string_view stem) {
  const std::string text = capitals(stem);
  for (std::size_t end = text.size(); end > 0;) {
    const std::size_t dash = text.find_last_of("-.", end - 1);
    const std::size_t begin = dash == std::string::npos ? 0 : dash + 1;
    // A name written with _ throughout: the quant is what its last words make.
    for (std::size_t word = begin; word < end;) {
      const std::string_view quant = std::string_view(text).substr(word, end - word);
      if (is_quant(quant)) {
        const bool dynamic = std::string_view(text).substr(0, word).ends_with("UD-");
        return (dynamic ? "UD-" : "") + std::string(quant);
      }
      const std::size_t next = text.find('_', word);
      if (next == std::string::npos || next >= end) break;
      word = next + 1;
    }
    if (begin == 0) break;
    end = begin - 1;
  }
  return {};
}

std::string_view without_folder(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

// A form of the model: one GGUF file, or the parts of one.
struct Form {
  std::string stem;  // the path without part and ending
  std::string quant;
  std::size_t parts = 1;
  std::map<std::size_t, const HubFile*> files;  // by the number of the part, from 1
};

// Beside models lie what they need to see pictures, and what their quants were made with.
bool is_model(std::string_view path) {
  const std::string name = capitals(without_folder(path));
  return name.find("MMPROJ") == std::string::npos && name.find("IMATRIX") == std::string::npos;
}

std::string quant_of_path(std::string_view stem) {
  std::string quant = quant_of_stem(without_folder(stem));
  const std::size_t slash = stem.rfind('/');
  if (quant.empty() && slash != std::string_view::npos) {
    quant = quant_of_stem(without_folder(stem.substr(0, slash)));
  }
  return quant;
}

// In the order of their paths.
std::vector<Form> gguf_forms(const Listing& listing) {
  std::map<std::pair<std::string, std::size_t>, Form> forms;
  for (const HubFile& file : listing.files) {
    if (!file.path.ends_with(kGguf)) continue;
    const std::string_view path =
        std::string_view(file.path).substr(0, file.path.size() - kGguf.size());
    const Part part = read_part(path).value_or(Part{.stem = path, .number = 1, .count = 1});
    Form& form = forms[{std::string(part.stem), part.count}];
    form.parts = part.count;
    form.files.emplace(part.number, &file);
  }
  std::vector<Form> all;
  for (auto& [key, form] : forms) {
    form.stem = key.first;
    form.quant = quant_of_path(form.stem);
    all.push_back(std::move(form));
  }
  return all;
}

Error not_found(std::string message) {
  return Error(ErrorKind::not_found, std::move(message)).with_param("model");
}

// "Q4_K_M, Q8_0, safetensors": what could be asked for.
std::string forms_there(const std::vector<Form>& forms, bool has_folder) {
  std::string names;
  std::size_t count = 0;
  for (const Form& form : forms) {
    if (!is_model(form.stem)) continue;
    if (count++ == kFormsNamedMax) break;
    const std::string file = form.stem + std::string(kGguf);
    names += (names.empty() ? "" : ", ") + (form.quant.empty() ? file : form.quant);
  }
  if (count > kFormsNamedMax) names += " ...";
  if (has_folder) names += names.empty() ? "safetensors" : ", safetensors";
  return names;
}

Result<ModelChoice> take(const Form& form) {
  ModelChoice choice{.quant = form.quant, .entry = {}, .files = {}};
  for (const auto& [number, file] : form.files) {
    if (number != choice.files.size() + 1) break;
    choice.files.push_back(*file);
  }
  if (choice.files.size() < form.parts) {
    return not_found("the hub lacks part " + std::to_string(choice.files.size() + 1) + " of " +
                     std::to_string(form.parts) + " of " + form.stem + std::string(kGguf));
  }
  choice.entry = choice.files.front().path;
  if (choice.quant.empty()) choice.quant = without_folder(form.stem);
  return choice;
}

// A model that is cut into parts may be named by any of them, or as if it was not.
bool is_named(const Form& form, std::string_view wanted) {
  if (wanted == form.stem + std::string(kGguf)) return true;
  return std::ranges::any_of(form.files, [&](const auto& part) {
    return part.second->path == wanted || part.second->file_name() == wanted;
  });
}

// The weights of a folder: one file, or the numbered ones that the index names.
std::vector<HubFile> folder_weights(const Listing& listing) {
  std::vector<HubFile> parts;
  for (const HubFile& file : listing.files) {
    if (file.path == "model.safetensors") return {file};
    if (!file.path.starts_with("model-") || !file.path.ends_with(".safetensors")) continue;
    if (file.path.find('/') == std::string::npos) parts.push_back(file);
  }
  return parts;
}

// Nothing where the repository holds no folder model.
std::optional<ModelChoice> folder_model(const Listing& listing) {
  ModelChoice choice{.quant = std::string(kSafetensors), .entry = {}, .files = {}};
  choice.files = folder_weights(listing);
  if (choice.files.empty()) return std::nullopt;
  for (const HubFile& file : listing.files) {
    if (std::ranges::find(kFolderFiles, file.path) != kFolderFiles.end()) {
      choice.files.push_back(file);
    }
  }
  const bool has_config = std::ranges::any_of(
      choice.files, [](const HubFile& file) { return file.path == "config.json"; });
  if (!has_config) return std::nullopt;
  return choice;
}

// Of `forms` those with this quant; where there is none, the "dynamic" ones of that quant.
std::vector<const Form*> with_quant(const std::vector<Form>& forms, std::string_view wanted) {
  const std::string quant = capitals(wanted);
  std::vector<const Form*> found;
  for (const std::string& name : {quant, "UD-" + quant}) {
    for (const Form& form : forms) {
      if (form.quant == name && is_model(form.stem)) found.push_back(&form);
    }
    if (!found.empty()) break;
  }
  return found;
}

Result<ModelChoice> take_only(const std::vector<const Form*>& found, std::string_view quant) {
  if (found.size() == 1) return take(*found.front());
  std::string names;
  for (const Form* form : found) {
    names += (names.empty() ? "" : ", ") + form->stem + std::string(kGguf);
  }
  return not_found("several files are " + std::string(quant) + ": name one of " + names);
}

Result<ModelChoice> choose_named(const std::vector<Form>& forms,
                                 const std::optional<ModelChoice>& folder,
                                 std::string_view wanted) {
  for (const Form& form : forms) {
    if (is_named(form, wanted)) return take(form);
  }
  if (capitals(wanted) == capitals(kSafetensors) && folder) return *folder;
  const std::vector<const Form*> found = with_quant(forms, wanted);
  if (!found.empty()) return take_only(found, wanted);
  const std::string there = forms_there(forms, folder.has_value());
  return not_found("the hub has no '" + std::string(wanted) + "' of this model" +
                   (there.empty() ? "" : "; it has " + there));
}

Result<ModelChoice> choose_best(const std::vector<Form>& forms,
                                const std::optional<ModelChoice>& folder) {
  const auto models =
      std::ranges::count_if(forms, [](const Form& form) { return is_model(form.stem); });
  if (models == 1) {
    return take(*std::ranges::find_if(forms, [](const Form& form) { return is_model(form.stem); }));
  }
  for (const std::string_view quant : kPreferred) {
    const std::vector<const Form*> found = with_quant(forms, quant);
    if (found.empty()) continue;
    Result<ModelChoice> choice = take_only(found, quant);
    if (choice) choice->preferred = true;
    return choice;
  }
  if (models > 0) {
    return not_found("none of the quants there is one that Retort would choose; name one of " +
                     forms_there(forms, folder.has_value()));
  }
  if (folder) return *folder;
  return not_found(
      "there is no model that Retort reads: neither a GGUF file nor config.json with "
      "model.safetensors");
}

}  // namespace

std::string quant_of(std::string_view file_name) {
  if (file_name.ends_with(kGguf)) file_name.remove_suffix(kGguf.size());
  const std::optional<Part> part = read_part(file_name);
  return quant_of_path(part ? part->stem : file_name);
}

Result<ModelChoice> choose_model(const Listing& listing, std::string_view wanted) {
  const std::vector<Form> forms = gguf_forms(listing);
  const std::optional<ModelChoice> folder = folder_model(listing);
  return wanted.empty() ? choose_best(forms, folder) : choose_named(forms, folder, wanted);
}

}  // namespace retort::hub
