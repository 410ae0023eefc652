// A hub as `retort pull` speaks to it: what is in a repository, and the bytes of its files.
//
// Speaks the API of Hugging Face's hub, which mirrors speak too. The token goes to the hub alone:
// large files lie elsewhere, and the redirect that leads there is followed without it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include <retort/result.h>

#include "hub/http_fetch.h"
#include "hub/hub_name.h"
#include "hub/listing.h"

namespace retort::hub {

struct HubOptions {
  std::string url = "https://huggingface.co";
  std::string token;  // secret: in no message; empty: none is sent
  FetchLimits limits;
};

// Where a file's bytes go. An error ends the transfer.
struct FileSink {
  std::function<Result<void>(std::uint64_t offset)> begin;  // once, before the first byte
  std::function<Result<void>(std::string_view bytes)> write;
};

// One thread at a time.
class HubClient {
 public:
  // A config error where the address is no http or https one, or the token holds what no token has.
  static Result<HubClient> make(HubOptions options);

  const std::string& url() const noexcept { return options_.url; }

  // Errors: authentication, permission, not_found, rate_limit, bad_upstream by the hub's answer;
  // connection and timeout where there was none; malformed where it cannot be read.
  Result<Listing> list(const HubName& name);

  // Gets `file` at `commit` from byte `offset` on; a hub that cannot start in the middle starts at
  // 0, and begin() says which. Errors as of list(), and malformed where the hub has other bytes
  // than it listed.
  Result<void> fetch(const HubName& name, const std::string& commit, const HubFile& file,
                     std::uint64_t offset, const FileSink& sink);

 private:
  HubClient(HubOptions options, std::string origin, Fetcher fetcher);

  // Follows redirects; `body` gets the last answer's. The error of any status but 200 and 206.
  Result<void> get(FetchRequest request, const HubName& name, const std::string& expected_sha256,
                   const FetchBody& body);
  Error refusal(const FetchHead& head, const HubName& name) const;

  HubOptions options_;
  std::string origin_;
  Fetcher fetcher_;
};

}  // namespace retort::hub
