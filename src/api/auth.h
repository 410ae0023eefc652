// Who may ask: bearer keys.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <retort/result.h>

#include "base/crypto.h"
#include "http/request.h"

namespace retort::api {

// The keys that may ask, as digests: a key in clear is nowhere after start-up. Immutable,
// thread-safe.
class KeyRing {
 public:
  // Without keys everybody may ask; main lets only loopback be served then.
  explicit KeyRing(const std::vector<std::string>& keys);

  // Checks `Authorization: Bearer KEY`; the scheme's case does not matter (RFC 7235, 2.1), some
  // clients write `bearer`. The error is 401: code null where no key was given, invalid_api_key for
  // a wrong one. The message never repeats the key.
  Result<void> authenticate(const http::Headers& headers) const;

 private:
  std::set<base::Sha256> digests_;
};

}  // namespace retort::api
