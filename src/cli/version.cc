#include <cstdio>

#include "base/build_id.h"
#include "cli/commands.h"
#include "cli/serve_flags.h"

namespace retort::cli {
namespace {

int print_version(const Arguments&) {
  std::printf("retort %s (build %s)\n", base::version().c_str(), base::build_id().c_str());
  return kDone;
}

int check_config(const Arguments& arguments) {
  if (arguments.positionals != std::vector<std::string>{"check"}) {
    complain("usage: retort config check [the flags of retort serve]");
    return kWrongUsage;
  }
  const Result<Config> config = config_of(arguments);
  if (!config) {
    complain(config.error().message());
    return kFailed;
  }
  std::printf("the configuration is fine: %s, port %u, %zu key(s), %zu model(s) named\n",
              config->host.c_str(), static_cast<unsigned>(config->port), config->api_keys.size(),
              config->models.size());
  return kDone;
}

}  // namespace

Command version_command() {
  return {.name = "version",
          .help = "Print the version and the build.",
          .flags = {},
          .positional = "",
          .run = print_version};
}

Command config_command() {
  return {.name = "config",
          .help = "config check: read the configuration and say what is wrong with it.",
          .flags = serve_command_flags(),
          .positional = "check",
          .run = check_config};
}

}  // namespace retort::cli
