// retort: a table of contents. Each command is a file in src/cli; serve.cc is where a server
// begins.
#include "cli/command_line.h"
#include "cli/commands.h"
#include "terminal/commands.h"

int main(int argc, char** argv) {
  namespace cli = retort::cli;
  return cli::run_command(
      {cli::serve_command(), retort::terminal::chat_command(), retort::terminal::complete_command(),
       cli::pull_command(), cli::models_command(), cli::bench_command(), cli::load_command(),
       cli::inspect_command(), cli::logits_command(), cli::render_command(), cli::schema_command(),
       cli::tokenize_command(), cli::config_command(), cli::version_command()},
      argc, argv);
}
