// retort: a table of contents. Each command is a file in src/cli; `serve` is where a server begins.
#include "cli/bench.h"
#include "cli/command_line.h"
#include "cli/inspect.h"
#include "cli/logits.h"
#include "cli/render.h"
#include "cli/serve.h"
#include "cli/tokenize.h"
#include "cli/version.h"

int main(int argc, char** argv) {
  using namespace retort::cli;  // NOLINT: the commands and nothing else
  return run_command({serve_command(), bench_command(), inspect_command(), logits_command(),
                      render_command(), tokenize_command(), config_command(), version_command()},
                     argc, argv);
}
