#include "http/response.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace retort::http {
namespace {

bool is_token(std::string_view text) noexcept {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";  // RFC 9110, 5.6.2
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool has_control(std::string_view text) noexcept {
  return std::ranges::any_of(text, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F;
  });
}

std::string two_digits(long value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

}  // namespace

std::string_view reason_phrase(int status) noexcept {
  struct Phrase {
    int status;
    std::string_view text;
  };
  static constexpr std::array kPhrases = {
      Phrase{200, "OK"},
      Phrase{201, "Created"},
      Phrase{202, "Accepted"},
      Phrase{204, "No Content"},
      Phrase{301, "Moved Permanently"},
      Phrase{302, "Found"},
      Phrase{303, "See Other"},
      Phrase{304, "Not Modified"},
      Phrase{307, "Temporary Redirect"},
      Phrase{308, "Permanent Redirect"},
      Phrase{400, "Bad Request"},
      Phrase{401, "Unauthorized"},
      Phrase{402, "Payment Required"},
      Phrase{403, "Forbidden"},
      Phrase{404, "Not Found"},
      Phrase{405, "Method Not Allowed"},
      Phrase{406, "Not Acceptable"},
      Phrase{408, "Request Timeout"},
      Phrase{409, "Conflict"},
      Phrase{411, "Length Required"},
      Phrase{413, "Content Too Large"},
      Phrase{414, "URI Too Long"},
      Phrase{415, "Unsupported Media Type"},
      Phrase{417, "Expectation Failed"},
      Phrase{422, "Unprocessable Content"},
      Phrase{425, "Too Early"},
      Phrase{429, "Too Many Requests"},
      Phrase{431, "Request Header Fields Too Large"},
      Phrase{500, "Internal Server Error"},
      Phrase{501, "Not Implemented"},
      Phrase{502, "Bad Gateway"},
      Phrase{503, "Service Unavailable"},
      Phrase{504, "Gateway Timeout"},
      Phrase{505, "HTTP Version Not Supported"},
  };
  for (const Phrase& phrase : kPhrases) {
    if (phrase.status == status) return phrase.text;
  }
  return "Unknown";
}

Result<void> check_headers(const Headers& headers) {
  static constexpr std::array<std::string_view, 5> kOurs = {"connection", "content-length", "date",
                                                            "transfer-encoding", "x-request-id"};
  for (const auto& [name, value] : headers) {
    if (!is_token(name)) {
      return Error(ErrorKind::internal, "a header name is not a token: " + name);
    }
    if (has_control(value)) {
      return Error(ErrorKind::internal, "a control character in the value of header " + name);
    }
    for (const std::string_view ours : kOurs) {
      if (equals_ignoring_case(name, ours)) {
        return Error(ErrorKind::internal, "only the server sets the header " + name);
      }
    }
  }
  return {};
}

std::string render_head(int status, const Headers& own, const Headers& fields) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
  text.append(reason_phrase(status)).append("\r\n");
  for (const Headers* headers : {&own, &fields}) {
    for (const auto& [name, value] : *headers) {
      text.append(name).append(": ").append(value).append("\r\n");
    }
  }
  text.append("\r\n");
  return text;
}

std::string http_date(long long unix_seconds) {
  using std::chrono::floor;
  static constexpr std::array kDays = {"Sun, ", "Mon, ", "Tue, ", "Wed, ",
                                       "Thu, ", "Fri, ", "Sat, "};
  static constexpr std::array kMonths = {" Jan ", " Feb ", " Mar ", " Apr ", " May ", " Jun ",
                                         " Jul ", " Aug ", " Sep ", " Oct ", " Nov ", " Dec "};
  const std::chrono::sys_seconds time{std::chrono::seconds(unix_seconds)};
  const std::chrono::sys_days day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return kDays[std::chrono::weekday(day).c_encoding()] +
         two_digits(static_cast<unsigned>(date.day())) +
         kMonths[static_cast<unsigned>(date.month()) - 1] +
         std::to_string(static_cast<int>(date.year())) + " " + two_digits(clock.hours().count()) +
         ":" + two_digits(clock.minutes().count()) + ":" + two_digits(clock.seconds().count()) +
         " GMT";
}

}  // namespace retort::http
