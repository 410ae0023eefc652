// ChatTemplate: the engine's front. The work is in jinja_parser.cc and jinja_eval.cc.
#include "text/chat_template.h"

#include <algorithm>
#include <utility>

#include "base/utf8.h"
#include "text/jinja_parser.h"
#include "text/jinja_run.h"

namespace retort::text {
namespace {

Error template_error(ErrorKind kind, std::string_view code, const std::string& name,
                     std::size_t line, std::string_view message) {
  return Error(kind,
               jinja::cat("chat template ", name, ", line ", std::to_string(line), ": ", message))
      .with_code(std::string(code));
}

}  // namespace

ChatTemplate::ChatTemplate(std::unique_ptr<const jinja::Program> program)
    : program_(std::move(program)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

Result<ChatTemplate> ChatTemplate::parse(std::string_view source, std::string name,
                                         const ParseLimits& limits) {
  if (source.size() > limits.source_bytes_max) {
    return template_error(
        ErrorKind::malformed, kTemplateLimit, name, 1,
        jinja::cat("the source has more than ", std::to_string(limits.source_bytes_max),
                   " bytes (source_bytes_max)"));
  }
  if (const std::size_t valid = base::valid_utf8_prefix(source); valid < source.size()) {
    const auto lines =
        std::count(source.begin(), source.begin() + static_cast<std::ptrdiff_t>(valid), '\n');
    return template_error(ErrorKind::malformed, kTemplateError, name,
                          static_cast<std::size_t>(lines) + 1,
                          jinja::cat("no valid UTF-8 at byte ", std::to_string(valid)));
  }
  auto program = std::make_unique<jinja::Program>();
  program->name = std::move(name);
  program->source = source;
  jinja::SyntaxError error;
  if (!jinja::parse_program(*program, limits, error)) {
    return template_error(ErrorKind::malformed, kTemplateError, program->name, error.line,
                          error.message);
  }
  return ChatTemplate(std::move(program));
}

Result<PromptText> ChatTemplate::render(const Value& variables,
                                        const RenderOptions& options) const {
  jinja::Run run(options);
  jinja::TextBuilder out;
  jinja::evaluate(*program_, variables, run, out);
  switch (run.failure()) {
    case jinja::Run::Failure::none:
      return std::move(out).prompt();
    case jinja::Run::Failure::refused:
      return Error(ErrorKind::invalid_request, run.message())
          .with_code(std::string(kTemplateRefused));
    case jinja::Run::Failure::limit:
      return template_error(ErrorKind::invalid_request, kTemplateLimit, program_->name,
                            run.failed_line(), run.message());
    case jinja::Run::Failure::mistake:
      break;
  }
  return template_error(ErrorKind::invalid_request, kTemplateError, program_->name,
                        run.failed_line(), run.message());
}

bool ChatTemplate::mentions(std::string_view variable) const {
  const auto& names = program_->names;
  const auto found = std::find(names.begin(), names.end(), variable);
  return found != names.end() && program_->loaded[static_cast<std::size_t>(found - names.begin())];
}

bool ChatTemplate::source_contains(std::string_view text) const {
  return program_->source.find(text) != std::string::npos;
}

}  // namespace retort::text
