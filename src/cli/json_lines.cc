#include "cli/json_lines.h"

#include <boost/json/serialize.hpp>
#include <iostream>
#include <iterator>

#include "base/json_reader.h"

namespace retort::cli {

void answer_json_lines(const LineAnswer& answer) {
  for (std::string line; std::getline(std::cin, line);) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Result<boost::json::value> value = base::read_json(line);
    boost::json::object out;
    if (!value) {
      out = error_object(value.error());
    } else if (const boost::json::object* object = value->if_object()) {
      out = answer(*object);
    } else {
      out = error_object(Error(ErrorKind::invalid_request, "a line holds one JSON object"));
    }
    std::cout << boost::json::serialize(out) << '\n' << std::flush;
  }
}

std::string read_standard_input() {
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

boost::json::object error_object(const Error& error) {
  return {{"error", error.message()}};
}

}  // namespace retort::cli
