#include "grammar/format.h"

#include <initializer_list>
#include <string>

#include "grammar/pattern.h"

namespace retort::grammar {
namespace {

// All formats are ASCII, and but for email's quotes without what JSON has to escape: patterns over
// bytes, matched from end to end.
Expression compile(ExpressionPool& pool, std::string_view pattern) {
  const Result<Expression> compiled = compile_pattern(pool, pattern, Spelling::utf8, true);
  return compiled ? *compiled : ExpressionPool::nothing();  // fails on a pool that is full only
}

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts) text += part;
  return text;
}

// RFC 3339, section 5.6 and appendix C.
constexpr std::string_view kDate =
    "\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|"
    "02-(?:0[1-9]|1\\d|2[0-8]))|"
    "(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)-02-29";
constexpr std::string_view kTime =
    "(?:[01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(?:\\.\\d+)?(?:[Zz]|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)|"
    "23:59:60(?:\\.\\d+)?[Zz]";

std::string two_digits(int value) {
  return {static_cast<char>('0' + value / 10), static_cast<char>('0' + value % 10)};
}

// The local times of 23:59:60 UTC, by their offsets: the hours fit each other, and the minutes do.
//   +: offset = local time + 00:01 (modulo a day)      -: offset = 23:59 - local time
Expression leap_seconds(ExpressionPool& pool) {
  constexpr std::string_view kSecond = ":60(?:\\.\\d+)?";
  std::string hours, minutes;
  for (int hour = 0; hour < 24; ++hour) {
    const std::string same = two_digits(hour), next = two_digits((hour + 1) % 24);
    hours += joined({hour == 0 ? "(?:" : "|", same, ":(?:59", kSecond, "\\+", next,
                     "|(?:[0-4]\\d|5[0-8])", kSecond, "\\+", same, "|[0-5]\\d", kSecond, "-",
                     two_digits(23 - hour), ")"});
  }
  for (int minute = 0; minute < 60; ++minute) {
    minutes += joined({minute == 0 ? "\\d\\d:(?:" : "|", two_digits(minute), kSecond,
                       "(?:\\+\\d\\d:", two_digits((minute + 1) % 60),
                       "|-\\d\\d:", two_digits(59 - minute), ")"});
  }
  return pool.both(compile(pool, hours + "):[0-5]\\d"), compile(pool, minutes + ")"));
}

Expression time_of_day(ExpressionPool& pool) {
  return pool.either(compile(pool, kTime), leap_seconds(pool));
}

Expression date_time(ExpressionPool& pool) {
  return pool.concat({compile(pool, kDate), compile(pool, "[Tt]"), time_of_day(pool)});
}

// RFC 3339, appendix A.
constexpr std::string_view kDuration =
    "P(?:\\d+W|(?:\\d+D|\\d+M(?:\\d+D)?|\\d+Y(?:\\d+M(?:\\d+D)?)?)?"
    "(?:T(?:\\d+H(?:\\d+M(?:\\d+S)?)?|\\d+M(?:\\d+S)?|\\d+S))?)";

// A duration has a part at least.
Expression duration(ExpressionPool& pool) {
  return compile(pool, joined({"(?=P.)", kDuration}));
}

// RFC 1123, section 2.1: up to 63 letters, digits and dashes, none of these at an end. Dashes in
// the third and fourth place are kept for xn-- (RFC 5891, section 4.2.3.1).
constexpr std::string_view kLabel =
    "(?:[A-Za-z0-9](?:[A-Za-z0-9]|"
    "[A-Za-z0-9-][A-Za-z0-9](?:[A-Za-z0-9-]{0,59}[A-Za-z0-9])?|"
    "[A-Za-z0-9-]-[A-Za-z0-9](?:[A-Za-z0-9-]{0,58}[A-Za-z0-9])?)?|"
    "[Xx][Nn]--[A-Za-z0-9-]{0,58}[A-Za-z0-9])";

Expression hostname(ExpressionPool& pool) {
  return compile(pool, joined({"(?=[!-~]{1,253}$)", kLabel, "(?:\\.", kLabel, ")*"}));
}

constexpr std::string_view kOctet = "(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)";

std::string ipv4_pattern() {
  return joined({kOctet, "(?:\\.", kOctet, "){3}"});
}

// The rows of IPv6address in RFC 3986, section 3.2.2: `left` groups at most before the ::, and
// what is behind it, so that eight are never exceeded.
std::string ipv6_pattern() {
  const std::string group = "[0-9A-Fa-f]{1,4}";
  const std::string last = "(?:" + group + ":" + group + "|" + ipv4_pattern() + ")";
  std::string pattern = "(?:(?:" + group + ":){6}" + last;
  for (int left = 0; left <= 7; ++left) {
    pattern += "|";
    if (left > 0) {
      pattern += "(?:(?:" + group + ":){0," + std::to_string(left - 1) + "}" + group + ")?";
    }
    pattern += "::";
    if (left <= 5) pattern += "(?:" + group + ":){" + std::to_string(5 - left) + "}" + last;
    if (left == 6) pattern += group;
  }
  return pattern + ")";
}

// RFC 5321, section 4.1.2. The quotes and backslashes of a quoted local part are escaped for JSON.
constexpr std::string_view kAtext = "[A-Za-z0-9!#$%&'*+\\-/=?^_`{|}~]+";
constexpr std::string_view kQuoted =
    R"(\\"(?:[ !#-\[\]-~]{0,62}|(?:[ !#-\[\]-~]|\\\\(?:[ !#-\[\]-~]|\\"|\\\\)){0,31})\\")";

Expression email(ExpressionPool& pool) {
  const Expression local =
      pool.either(compile(pool, joined({"(?=[!-~]{1,64}$)", kAtext, "(?:\\.", kAtext, ")*"})),
                  compile(pool, kQuoted));
  const Expression address =
      compile(pool, joined({"\\[(?:", ipv4_pattern(), "|[Ii][Pp][Vv]6:", ipv6_pattern(), ")\\]"}));
  return pool.concat({local, pool.literal("@"), pool.either(hostname(pool), address)});
}

constexpr std::string_view kUuid =
    "[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}";

// RFC 3986, appendix A.
Expression uri(ExpressionPool& pool) {
  constexpr std::string_view kEscaped = "%[0-9A-Fa-f]{2}";
  constexpr std::string_view kName = "A-Za-z0-9\\-._~!$&'()*+,;=";  // unreserved, sub-delims
  const std::string segment = joined({"(?:[", kName, ":@]|", kEscaped, ")"});
  const std::string host = joined({"(?:\\[(?:", ipv6_pattern(), "|[Vv][0-9A-Fa-f]+\\.[", kName,
                                   ":]+)\\]|(?:[", kName, "]|", kEscaped, ")*)"});
  const std::string authority =
      joined({"//(?:(?:[", kName, ":]|", kEscaped, ")*@)?", host, "(?::\\d*)?"});
  const std::string rootless = joined({segment, "+(?:/", segment, "*)*"});
  const std::string rest = joined({"(?:[", kName, ":@/?]|", kEscaped, ")*"});
  return compile(pool, joined({"[A-Za-z][A-Za-z0-9+.\\-]*:(?:", authority, "(?:/", segment,
                               "*)*|/(?:", rootless, ")?|", rootless, "|)(?:\\?", rest, ")?(?:#",
                               rest, ")?"}));
}

}  // namespace

std::optional<Expression> compile_format(ExpressionPool& pool, std::string_view format) {
  if (format == "date-time") return date_time(pool);
  if (format == "date") return compile(pool, kDate);
  if (format == "time") return time_of_day(pool);
  if (format == "duration") return duration(pool);
  if (format == "email") return email(pool);
  if (format == "hostname") return hostname(pool);
  if (format == "ipv4") return compile(pool, ipv4_pattern());
  if (format == "ipv6") return compile(pool, ipv6_pattern());
  if (format == "uuid") return compile(pool, kUuid);
  if (format == "uri") return uri(pool);
  return std::nullopt;
}

}  // namespace retort::grammar
