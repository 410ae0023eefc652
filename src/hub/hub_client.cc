#include "hub/hub_client.h"

#include <algorithm>
#include <utility>

namespace retort::hub {
namespace {

constexpr int kRedirectsMax = 10;
constexpr std::size_t kRefusalBytesMax = std::size_t{1} << 20;  // of a body that nobody reads

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

Error bad_answer(std::string what) {
  return Error(ErrorKind::malformed, std::move(what));
}

// One answer after another: what comes with a redirect or a refusal is thrown away.
class BodyOfSuccess {
 public:
  explicit BodyOfSuccess(const FetchBody& body) : body_(body) {}

  Result<void> take(const FetchHead& head, std::string_view bytes) {
    if (head.status == 200 || head.status == 206) return body_(head, bytes);
    dropped_ += bytes.size();
    if (dropped_ > kRefusalBytesMax) return bad_answer("the hub refuses with an endless answer");
    return {};
  }

 private:
  const FetchBody& body_;
  std::size_t dropped_ = 0;
};

// Where the bytes of an answer begin. The hub must have the file that it listed.
Result<std::uint64_t> begin_of(const FetchHead& head, const HubFile& file, std::uint64_t offset) {
  const auto other = [&file] {
    return bad_answer(file.path + ": the hub has another file than it listed; try again");
  };
  if (head.status == 200) {
    if (head.content_length && *head.content_length != file.bytes) return other();
    return std::uint64_t{0};
  }
  if (head.range_begin != offset || head.range_total != file.bytes) return other();
  return offset;
}

}  // namespace

HubClient::HubClient(HubOptions options, std::string origin, Fetcher fetcher)
    : options_(std::move(options)), origin_(std::move(origin)), fetcher_(std::move(fetcher)) {}

Result<HubClient> HubClient::make(HubOptions options) {
  while (options.url.ends_with('/')) options.url.pop_back();
  std::optional<std::string> origin = origin_of(options.url);
  if (!origin || options.url.find_first_of("?#") != std::string::npos) {
    return Error(ErrorKind::config,
                 "the hub's address must be http:// or https:// and a host, "
                 "without user, password or query (--hub, HF_ENDPOINT)")
        .with_param("hub");
  }
  const bool clean =
      std::ranges::all_of(options.token, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!clean) {
    return Error(ErrorKind::config, "HF_TOKEN holds a space or a character that no token has")
        .with_param("HF_TOKEN");
  }
  Result<Fetcher> fetcher = Fetcher::make(options.limits);
  if (!fetcher) return std::move(fetcher).error();
  return HubClient(std::move(options), std::move(*origin), std::move(*fetcher));
}

Error HubClient::refusal(const FetchHead& head, const HubName& name) const {
  const std::string id = name.id();
  const std::string status = std::to_string(head.status);
  if (head.error_code == "GatedRepo") {
    return Error(ErrorKind::permission,
                 id + " is gated: accept its terms at " + options_.url + "/" + id +
                     ", and set HF_TOKEN to a token of that account (" + status + ")");
  }
  switch (head.status) {
    case 401:
      return Error(ErrorKind::authentication,
                   options_.token.empty()
                       ? "the hub has no public " + id + " (401); for a private one set HF_TOKEN"
                       : "the hub does not take HF_TOKEN for " + id + " (401)");
    case 403:
      return Error(ErrorKind::permission, options_.token.empty()
                                              ? "the hub does not give out " + id +
                                                    " (403); set "
                                                    "HF_TOKEN to a token that may read it"
                                              : "HF_TOKEN may not read " + id + " (403)");
    case 404:
      return Error(ErrorKind::not_found,
                   head.error_code == "EntryNotFound"
                       ? "the hub lists a file of " + id + " that it does not have (404)"
                       : "the hub has no model " + id + " (404); check its spelling");
    case 429:
      return Error(ErrorKind::rate_limit, "the hub takes no more requests now (429); wait a while");
    default:
      return Error(ErrorKind::bad_upstream, "the hub answers " + status + " for " + id);
  }
}

Result<void> HubClient::get(FetchRequest request, const HubName& name,
                            const std::string& expected_sha256, const FetchBody& body) {
  BodyOfSuccess success(body);
  for (int hop = 0; hop <= kRedirectsMax; ++hop) {
    const bool at_hub = origin_of(request.url) == origin_;
    request.token = at_hub ? options_.token : "";
    const Result<FetchHead> head =
        fetcher_.get(request, [&success](const FetchHead& answer, std::string_view bytes) {
          return success.take(answer, bytes);
        });
    if (!head) return head.error();
    if (at_hub && is_hex(head->linked_etag, 64) && !expected_sha256.empty() &&
        head->linked_etag != expected_sha256) {
      return bad_answer("the hub has another file than it listed; try again");
    }
    if (head->status == 200 || head->status == 206) return {};
    if (!is_redirect(head->status)) return refusal(*head, name);
    const std::optional<std::string> next = resolve_url(request.url, head->location);
    const std::optional<std::string> origin = next ? origin_of(*next) : std::nullopt;
    if (!origin) return bad_answer("the hub redirects to no http or https address");
    if (leaves_https(request.url, *next)) {
      return bad_answer("the hub redirects from https to http, which is not followed");
    }
    request.url = *next;
  }
  return bad_answer("the hub redirects more than 10 times");
}

Result<Listing> HubClient::list(const HubName& name) {
  std::string text;
  const std::string url = options_.url + "/api/models/" + name.id() + "/revision/main?blobs=true";
  const Result<void> got = get({.url = url, .token = {}}, name, {},
                               [&text](const FetchHead&, std::string_view bytes) -> Result<void> {
                                 if (text.size() + bytes.size() > kListingBytesMax) {
                                   return bad_answer("the hub's listing: longer than 16 MiB");
                                 }
                                 text += bytes;
                                 return {};
                               });
  if (!got) return got.error();
  return read_listing(text);
}

Result<void> HubClient::fetch(const HubName& name, const std::string& commit, const HubFile& file,
                              std::uint64_t offset, const FileSink& sink) {
  const std::string url =
      options_.url + "/" + name.id() + "/resolve/" + commit + "/" + escape_path(file.path);
  const bool large = file.checksum_kind == HubFile::Checksum::sha256;
  bool begun = false;
  return get({.url = url, .token = {}, .offset = offset}, name, large ? file.checksum : "",
             [&](const FetchHead& head, std::string_view bytes) -> Result<void> {
               if (!begun) {
                 const Result<std::uint64_t> begin = begin_of(head, file, offset);
                 if (!begin) return begin.error();
                 if (Result<void> ready = sink.begin(*begin); !ready) return ready;
                 begun = true;
               }
               return sink.write(bytes);
             });
}

}  // namespace retort::hub
