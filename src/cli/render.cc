#include <chrono>
#include <cstdio>
#include <fstream>
#include <iomanip>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>

#include "base/json_reader.h"
#include "cli/commands.h"
#include "cli/json_lines.h"
#include "text/chat_template.h"

namespace retort::cli {
namespace {

// "2026-01-15T12:34:56", a zone or a fraction behind it overlooked: strftime_now has none.
std::optional<std::chrono::local_seconds> read_time(const std::string& text) {
  std::tm time{};
  std::istringstream stream(text);
  stream >> std::get_time(&time, text.find('T') == std::string::npos ? "%Y-%m-%d %H:%M:%S"
                                                                     : "%Y-%m-%dT%H:%M:%S");
  if (stream.fail()) return std::nullopt;
  const auto date = std::chrono::year(time.tm_year + 1900) / (time.tm_mon + 1) / time.tm_mday;
  return std::chrono::local_days(date) + std::chrono::hours(time.tm_hour) +
         std::chrono::minutes(time.tm_min) + std::chrono::seconds(time.tm_sec);
}

Result<text::ChatTemplate> template_of(const boost::json::object& request,
                                       const std::optional<std::string>& from_file) {
  if (const boost::json::value* source = request.if_contains("template")) {
    if (!source->is_string()) {
      return Error(ErrorKind::invalid_request, "\"template\" is the text of a template");
    }
    return text::ChatTemplate::parse(source->get_string(), "template");
  }
  if (from_file) return text::ChatTemplate::parse(*from_file, "template");
  return Error(ErrorKind::invalid_request, "no template: give --template FILE or \"template\"");
}

Result<boost::json::object> answer(const boost::json::object& request,
                                   const std::optional<std::string>& from_file) {
  const Result<text::ChatTemplate> chat_template = template_of(request, from_file);
  if (!chat_template) return chat_template.error();
  text::RenderOptions options;
  options.now = std::chrono::floor<std::chrono::seconds>(
      std::chrono::local_seconds(std::chrono::duration_cast<std::chrono::seconds>(
          std::chrono::system_clock::now().time_since_epoch())));
  boost::json::object variables = request;
  variables.erase("template");
  if (const boost::json::value* now = request.if_contains("now"); now != nullptr) {
    const std::optional<std::chrono::local_seconds> time =
        now->is_string() ? read_time(std::string(now->get_string())) : std::nullopt;
    if (!time) return Error(ErrorKind::invalid_request, "\"now\" is a time: 2026-01-15T12:34:56");
    options.now = *time;
    variables.erase("now");
  }
  const Result<text::PromptText> prompt =
      chat_template->render(text::Value::from_json(variables), options);
  if (!prompt) return prompt.error();
  return boost::json::object{{"text", prompt->text}};
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  return std::string{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

int render_once(const std::optional<std::string>& source) {
  const Result<boost::json::value> request = base::read_json(read_standard_input());
  if (!request || !request->is_object()) {
    complain(request ? "standard input holds one JSON object" : request.error().message());
    return kFailed;
  }
  const Result<boost::json::object> out = answer(request->get_object(), source);
  if (!out) {
    complain(out.error().message());
    return kFailed;
  }
  std::fputs(out->at("text").get_string().c_str(), stdout);
  return kDone;
}

int run(const Arguments& arguments) {
  std::optional<std::string> source;
  if (const std::optional<std::string> path = arguments.find("template")) {
    source = read_file(*path);
    if (!source) {
      complain("the template '" + *path + "' cannot be read");
      return kFailed;
    }
  }
  if (!arguments.has("jsonl")) return render_once(source);
  answer_json_lines([&source](const boost::json::object& line) {
    Result<boost::json::object> out = answer(line, source);
    return out ? std::move(*out) : error_object(out.error());
  });
  return kDone;
}

}  // namespace

Command render_command() {
  return {.name = "render",
          .help = "Render a chat template: variables as one JSON object on standard input.",
          .flags = {{"template", "FILE", "the template, where the input has no \"template\""},
                    {"jsonl", "", "an object a line in, {\"text\":...} or {\"error\":...} out"}},
          .positional = "",
          .run = run};
}

}  // namespace retort::cli
