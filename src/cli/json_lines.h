// One JSON value a line in, one a line out: how the commands for looking inside talk (--jsonl).
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <functional>
#include <string>
#include <string_view>

#include <retort/result.h>

namespace retort::cli {

// Answers one object with one object.
using LineAnswer = std::function<boost::json::object(const boost::json::object&)>;

// Reads standard input line by line to its end and prints each answer as one line. A line that is
// no JSON object is answered by {"error": ...}.
void answer_json_lines(const LineAnswer& answer);

// The same for an answer that reads the line itself, e.g. to see numbers as they are spelled.
void answer_lines(const std::function<boost::json::object(std::string_view)>& answer);

// All of standard input.
std::string read_standard_input();

// {"error": message}
boost::json::object error_object(const Error& error);

}  // namespace retort::cli
