#include "cli/json_lines.h"

#include <boost/json/serialize.hpp>
#include <iostream>
#include <iterator>

#include "base/json_reader.h"

namespace retort::cli {

void answer_json_lines(const LineAnswer& answer) {
  answer_lines([&answer](std::string_view line) {
    const Result<boost::json::value> value = base::read_json(line);
    if (!value) return error_object(value.error());
    if (const boost::json::object* object = value->if_object()) return answer(*object);
    return error_object(Error(ErrorKind::invalid_request, "a line holds one JSON object"));
  });
}

void answer_lines(const std::function<boost::json::object(std::string_view)>& answer) {
  for (std::string line; std::getline(std::cin, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    std::cout << boost::json::serialize(answer(line)) << '\n' << std::flush;
  }
}

std::string read_standard_input() {
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

boost::json::object error_object(const Error& error) {
  return {{"error", error.message()}};
}

}  // namespace retort::cli
