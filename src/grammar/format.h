// The formats of JSON Schema strings that Retort enforces.
#pragma once

#include <optional>
#include <string_view>

#include "grammar/expression.h"

namespace retort::grammar {

// The expression of what stands within the quotes (escapes of these characters are not needed and
// not let through); nothing where `format` is not one of date-time, date, time, duration, email,
// hostname, ipv4, ipv6, uuid, uri. Days are right for their month, 29 February in leap years only
// (RFC 3339; leap seconds as the RFC allows them); the others after RFC 3339 appendix A (duration),
// RFC 5321 (email, dot-string and quoted local part), RFC 1123 (hostname), RFC 2673 (ipv4), RFC
// 4291 (ipv6), RFC 4122 (uuid), RFC 3986 (uri).
std::optional<Expression> compile_format(ExpressionPool& pool, std::string_view format);

}  // namespace retort::grammar
