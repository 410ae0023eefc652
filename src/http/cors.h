// Cross-origin rules (the Fetch standard, 3.2): which browsers' pages may read the answers.
#pragma once

#include <string>
#include <vector>

#include "http/request.h"

namespace retort::http {

// The fields an answer to `request` gets. None where its Origin is not in `origins`; `origins`
// may hold "*" for any. Credentials are never allowed: keys travel in Authorization, not in
// cookies.
Headers cors_headers(const std::vector<std::string>& origins, const RequestHead& request);

// The further fields of an answer to a preflight (OPTIONS with Access-Control-Request-Method) for
// a path with these methods ("GET, POST"). None where `request` is no preflight or its origin not
// allowed.
Headers preflight_headers(const std::vector<std::string>& origins, const RequestHead& request,
                          const std::string& methods);

}  // namespace retort::http
