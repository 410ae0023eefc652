#include "hub/hub_name.h"

#include <algorithm>

namespace retort::hub {
namespace {

constexpr std::string_view kPrefix = "hf:";
constexpr std::size_t kNameBytesMax = 96;     // what hubs allow
constexpr std::size_t kPathBytesMax = 1'024;  // of a file inside a repository

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// A leading dot or dash would be a hidden file or look like a flag.
bool is_repo_part(std::string_view part) {
  return !part.empty() && part.size() <= kNameBytesMax && is_letter_or_digit(part.front()) &&
         part.find("..") == std::string_view::npos && std::ranges::all_of(part, [](char c) {
           return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.';
         });
}

Error bad_name(std::string_view text) {
  std::string shown(text.substr(0, 2 * kNameBytesMax));
  std::ranges::replace_if(
      shown, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  return Error(ErrorKind::config, "'" + shown +
                                      "' is no model of a hub: write OWNER/REPO, OWNER/REPO:Q4_K_M "
                                      "or OWNER/REPO:file.gguf")
      .with_param("model");
}

bool is_plain_component(std::string_view part) {
  if (part.empty() || part == "." || part == "..") return false;
  for (std::size_t i = 0; i < part.size(); ++i) {
    const auto byte = static_cast<unsigned char>(part[i]);
    if (byte < 0x20 || byte == 0x7F || byte == '\\') return false;
    // U+0080 to U+009F, which some terminals obey.
    if (byte == 0xC2 && i + 1 < part.size() && static_cast<unsigned char>(part[i + 1]) < 0xA0) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool is_hub_name(std::string_view text) noexcept {
  return text.starts_with(kPrefix);
}

Result<HubName> parse_hub_name(std::string_view text) {
  std::string_view rest = text;
  if (is_hub_name(rest)) rest.remove_prefix(kPrefix.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return bad_name(text);
  const std::size_t colon = rest.find(':', slash);
  HubName name;
  name.owner = rest.substr(0, slash);
  name.repo = rest.substr(slash + 1, colon == std::string_view::npos ? colon : colon - slash - 1);
  if (!is_repo_part(name.owner) || !is_repo_part(name.repo)) return bad_name(text);
  if (colon == std::string_view::npos) return name;
  name.wanted = rest.substr(colon + 1);
  if (!is_plain_path(name.wanted)) return bad_name(text);
  return name;
}

bool is_plain_path(std::string_view path) noexcept {
  if (path.size() > kPathBytesMax) return false;
  for (;;) {
    const std::size_t slash = path.find('/');
    if (!is_plain_component(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace retort::hub
