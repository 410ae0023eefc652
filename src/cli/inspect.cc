#include <cstdio>

#include "cli/commands.h"
#include "cli/hub_models.h"
#include "cli/model_summary.h"

namespace retort::cli {
namespace {

int run(const Arguments& arguments) {
  if (arguments.positionals.size() > 1) {
    complain("usage: retort inspect [FILE] [--json]");
    return kWrongUsage;
  }
  const std::string name = arguments.positionals.empty() ? "" : arguments.positionals.front();
  const Result<std::filesystem::path> path = find_model(name, arguments);
  if (!path) {
    complain(path.error().message());
    return kFailed;
  }
  const Result<boost::json::object> summary = summarize_model(*path);
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
  return {
      .name = "inspect",
      .help = "What is in a GGUF file, a Hugging Face folder or hf:OWNER/REPO (default: bundled).",
      .flags = {hub_flag(), data_dir_flag(), {"json", "", "print one JSON object"}},
      .positional = "FILE",
      .run = run};
}

}  // namespace retort::cli
