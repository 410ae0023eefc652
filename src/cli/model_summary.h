// What is in a model file, as the JSON of `retort inspect --json` and as text for people.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <string>

#include <retort/result.h>

namespace retort::cli {

// One object with format, architecture, context, vocabulary, metadata (an object) and tensors: for
// each its name, type, shape (outermost dimension first), offset (from the file's first byte) and
// bytes. Long arrays of the metadata are given by their length alone. A model that Retort cannot
// run can be inspected all the same.
Result<boost::json::object> summarize_model(const std::filesystem::path& path);

std::string describe_summary(const boost::json::object& summary);

}  // namespace retort::cli
