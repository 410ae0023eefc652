#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <memory>

#include "base/build_id.h"

namespace retort::cli {
namespace {

// Declares one command. Values land in `arguments`, in the order given.
CLI::App* declare(CLI::App& app, const Command& command, Arguments& arguments) {
  CLI::App* sub = app.add_subcommand(command.name, command.help);
  for (const Flag& flag : command.flags) {
    const std::string option = "--" + flag.name;
    if (flag.takes.empty()) {
      sub->add_flag_callback(
          option, [&arguments, name = flag.name] { arguments.flags.emplace_back(name, ""); },
          flag.help);
      continue;
    }
    CLI::Option* added = sub->add_option_function<std::vector<std::string>>(
        option,
        [&arguments, name = flag.name](const std::vector<std::string>& values) {
          for (const std::string& value : values) arguments.flags.emplace_back(name, value);
        },
        flag.help);
    added->type_name(flag.takes)
        ->type_size(1)
        ->expected(1)
        ->allow_extra_args(false)  // what follows the value is a positional
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    added->required(flag.required);
  }
  if (!command.positional.empty()) sub->add_option(command.positional, arguments.positionals);
  return sub;
}

}  // namespace

std::optional<std::string> Arguments::find(std::string_view name) const {
  for (auto it = flags.rbegin(); it != flags.rend(); ++it) {
    if (it->first == name) return it->second;
  }
  return std::nullopt;
}

int run_command(const std::vector<Command>& commands, int argc, const char* const* argv) {
  CLI::App app("Retort answers chat completions.", "retort");
  app.require_subcommand(1);
  app.set_version_flag("--version", base::version());
  Arguments arguments;
  std::map<const CLI::App*, const Command*> declared;
  for (const Command& command : commands) {
    declared.emplace(declare(app, command, arguments), &command);
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // exit() prints help or the complaint, and says 0 for help.
    return app.exit(error) == 0 ? kDone : kWrongUsage;
  }
  return declared.at(app.get_subcommands().front())->run(arguments);
}

void complain(std::string_view message) {
  std::fprintf(stderr, "retort: %.*s\n", static_cast<int>(message.size()), message.data());
}

}  // namespace retort::cli
