// Any bytes as a server's answer, whole and cut where the input says: the same head, the same body,
// the same verdict.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/response_parser.h"
#include "http/url.h"

namespace {

using namespace retort;

constexpr http::HeadLimits kLimits{
    .request_line_bytes_max = 512, .header_bytes_max = 2'048, .header_count_max = 32};
constexpr std::size_t kBodyBytesMax = 4'096;

struct Outcome {
  bool head = false;
  int status = 0;
  bool good = false;
  bool done = false;
  std::string body;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome read(std::string_view bytes, std::size_t piece_bytes) {
  Outcome outcome;
  http::HeadScanner scanner(kLimits);
  std::size_t head_bytes = 0;
  for (std::size_t there = 0; head_bytes == 0 && there < bytes.size();) {
    there = std::min(bytes.size(), there + piece_bytes);
    const Result<std::size_t> scanned = scanner.scan(bytes.substr(0, there));
    if (!scanned) return outcome;
    head_bytes = *scanned;
  }
  if (head_bytes == 0) return outcome;
  const auto head = http::parse_response_head(bytes.substr(0, head_bytes), false);
  if (!head) return outcome;
  outcome.head = true;
  outcome.status = head->status;
  http::ResponseBody body(*head);
  bytes.remove_prefix(head_bytes);
  while (!bytes.empty() && !body.done()) {
    const auto used = body.feed(bytes.substr(0, piece_bytes), outcome.body, kBodyBytesMax);
    if (!used) {
      outcome.body.clear();  // how much came before the error depends on the pieces
      return outcome;
    }
    if (*used == 0 && !body.done()) std::abort();
    bytes.remove_prefix(*used);
  }
  outcome.done = body.done();
  outcome.good = body.end().has_value();
  if (outcome.body.size() > kBodyBytesMax) std::abort();
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = read(bytes, bytes.size() + 1);
  if (read(bytes, 1) != whole) std::abort();
  if (read(bytes, 1 + data[0] % 32) != whole) std::abort();
  if (const auto url = http::parse_url(bytes)) {
    const std::string again =
        (url->origin.tls ? "https://" : "http://") + url->origin.authority() + url->path;
    const auto reread = http::parse_url(again);
    if (!reread || reread->origin != url->origin || reread->path != url->path) std::abort();
  }
  return 0;
}
