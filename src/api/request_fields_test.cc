// The table of request fields, against the parser, the document, the tests it names and OpenAI's
// own list.
#include "api/request_fields.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "api/openapi.h"
#include "protocol/chat_request.h"

namespace retort::api {
namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Each name of the table, those of one row apart.
std::set<std::string> names() {
  std::set<std::string> all;
  for (const RequestField& field : request_fields()) {
    for (std::string_view rest = field.name; !rest.empty();) {
      const std::size_t end = std::min(rest.find(", "), rest.size());
      EXPECT_TRUE(all.emplace(rest.substr(0, end)).second) << "twice: " << rest.substr(0, end);
      rest.remove_prefix(std::min(end + 2, rest.size()));
    }
  }
  return all;
}

TEST(RequestFields, AreThoseOfTheParser) {
  std::set<std::string> members;
  for (const std::string& name : names()) {
    if (name.find_first_of(".[") == name.npos) members.insert(name);
  }
  const std::vector<std::string_view> known = protocol::request_field_names();
  EXPECT_EQ(members, std::set<std::string>(known.begin(), known.end()));
}

// The first word of each part of "functions (1..128), function_call" and "seed n", which is what
// the reference's first column has.
std::vector<std::string> documented_names(std::string_view cell) {
  std::vector<std::string> found;
  while (!cell.empty()) {
    const std::size_t end = std::min(cell.find(", "), cell.size());
    const std::string_view part = cell.substr(0, end);
    found.emplace_back(part.substr(0, part.find(' ')));
    cell.remove_prefix(std::min(end + 2, cell.size()));
  }
  return found;
}

TEST(RequestFields, HoldAllThatOpenAIDocuments) {
  const fs::path path = fs::path(RETORT_SHARED_DIR) / "reference" / "conformance.md";
  if (!fs::exists(path)) GTEST_SKIP() << "skipped: " << path << " is not there";
  const std::set<std::string> known = names();
  std::ifstream in(path);
  bool in_section = false;
  int count = 0;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("## ")) in_section = line.starts_with("## 2.");
    if (!in_section || !line.starts_with("| ") || line.starts_with("| field ")) continue;
    for (const std::string& name : documented_names(line.substr(2, line.find(" |") - 2))) {
      EXPECT_TRUE(known.contains(name)) << name;
      ++count;
    }
  }
  EXPECT_GE(count, 36);
}

TEST(RequestFields, EachNamesATestThatExists) {
  std::string tests;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(RETORT_SOURCE_DIR) / "src")) {
    if (entry.path().string().ends_with("_test.cc")) tests += read_file(entry.path());
  }
  for (const RequestField& field : request_fields()) {
    const std::size_t point = field.test.find('.');
    ASSERT_NE(point, field.test.npos) << field.name;
    std::string named = "(";
    named.append(field.test.substr(0, point)).append(", ").append(field.test.substr(point + 1));
    named += ")";
    bool found = false;
    for (const char* macro : {"TEST", "TEST_F"}) {
      found = found || tests.find(macro + named) != tests.npos;
    }
    EXPECT_TRUE(found) << field.name << ": " << field.test;
  }
}

// RETORT_WRITE_DOCS=1 writes the document instead.
TEST(RequestFields, StandInTheDocumentAsTheyAre) {
  const fs::path path = fs::path(RETORT_SOURCE_DIR) / "docs" / "http-api.md";
  std::string document = read_file(path);
  const std::size_t begin = document.find("| field | state |");
  ASSERT_NE(begin, document.npos);
  const std::size_t end = document.find("\n\n", begin) + 1;
  const std::string table = request_fields_markdown();
  if (std::getenv("RETORT_WRITE_DOCS") != nullptr) {
    std::ofstream(path, std::ios::binary) << document.replace(begin, end - begin, table);
    return;
  }
  EXPECT_EQ(document.substr(begin, end - begin), table) << "run this test with RETORT_WRITE_DOCS=1";
}

TEST(OpenApi, DescribesEveryMemberAndResolves) {
  const std::string text = openapi_document();
  boost::json::error_code error;
  const boost::json::value document = boost::json::parse(text, error);
  ASSERT_FALSE(error) << error.message();
  const boost::json::value& schemas = document.at("components").at("schemas");
  const auto& properties = schemas.at("ChatCompletionRequest").at("properties").as_object();
  for (const std::string_view name : protocol::request_field_names()) {
    EXPECT_TRUE(properties.contains(name)) << name;
  }
  constexpr std::string_view kReference = "\"#/components/schemas/";
  for (std::size_t at = text.find(kReference); at != text.npos; at = text.find(kReference, at)) {
    at += kReference.size();
    const std::string name = text.substr(at, text.find('"', at) - at);
    EXPECT_TRUE(schemas.as_object().contains(name)) << name;
  }
}

}  // namespace
}  // namespace retort::api
