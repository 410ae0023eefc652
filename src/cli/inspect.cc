#include <cstdio>

#include "cli/commands.h"
#include "cli/model_summary.h"

namespace retort::cli {
namespace {

int run(const Arguments& arguments) {
  if (arguments.positionals.size() > 1) {
    complain("usage: retort inspect [FILE] [--json]");
    return kWrongUsage;
  }
  const std::string path = arguments.positionals.empty() ? "" : arguments.positionals.front();
  const Result<boost::json::object> summary = summarize_model(path);
  if (!summary) {
    complain(summary.error().message());
    return kFailed;
  }
  std::printf("%s\n", (arguments.has("json") ? boost::json::serialize(*summary)
                                             : describe_summary(*summary))
                          .c_str());
  return kDone;
}

}  // namespace

Command inspect_command() {
  return {.name = "inspect",
          .help = "What is in a GGUF file or a Hugging Face folder (default: the bundled model).",
          .flags = {{"json", "", "print one JSON object"}},
          .positional = "FILE",
          .run = run};
}

}  // namespace retort::cli
