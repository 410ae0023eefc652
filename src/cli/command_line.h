// The command line: one table of commands, read by CLI11, which is included in command_line.cc
// alone.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace retort::cli {

struct Flag {
  std::string name;   // without dashes
  std::string takes;  // what its value is called; empty: a switch
  std::string help;
  bool required = false;
};

// What was given: flags as often and in the order they came; a switch has an empty value.
struct Arguments {
  std::vector<std::pair<std::string, std::string>> flags;
  std::vector<std::string> positionals;

  // The last value of a flag.
  std::optional<std::string> find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name).has_value(); }
};

struct Command {
  std::string name;
  std::string help;
  std::vector<Flag> flags;
  std::string positional;  // what it is called; empty: none is taken
  std::function<int(const Arguments&)> run;
};

// Exit codes (design: 0 done, 1 failed, 2 wrong usage).
inline constexpr int kDone = 0;
inline constexpr int kFailed = 1;
inline constexpr int kWrongUsage = 2;

// Runs the command that argv names. Help goes to standard output, complaints to standard error.
int run_command(const std::vector<Command>& commands, int argc, const char* const* argv);

// Prints "retort: MESSAGE" as one line on standard error.
void complain(std::string_view message);

}  // namespace retort::cli
