// The name of a model on a hub: OWNER/REPO[:FILE or QUANT], as `retort pull` and --model hf:...
// take it.
//
// What a user wrote becomes a part of addresses and of paths below the data folder, so it is held
// to the characters that hubs allow before anything else sees it.
#pragma once

#include <string>
#include <string_view>

#include <retort/result.h>

namespace retort::hub {

struct HubName {
  std::string owner;
  std::string repo;
  std::string wanted;  // a file's path, a quant such as Q4_K_M, or "safetensors"; empty: the best

  std::string id() const { return owner + "/" + repo; }
};

// Whether a --model value names a model on a hub: it begins with "hf:".
bool is_hub_name(std::string_view text) noexcept;

// Reads a name, with or without "hf:" in front. The error says what a name looks like.
Result<HubName> parse_hub_name(std::string_view text);

// Whether `path` is a relative path of plain components: none is empty, "." or "..", and none
// holds a backslash or a control character. A hub's listing names files by such paths.
bool is_plain_path(std::string_view path) noexcept;

}  // namespace retort::hub
