// retort complete: one question, one answer on standard output. Written on libretort alone.
#include <cstdio>
#include <iostream>
#include <iterator>

#include <retort/client.h>

#include "terminal/client_settings.h"
#include "terminal/commands.h"

namespace retort::terminal {
namespace {

using cli::Arguments;
using cli::complain;
using cli::kDone;
using cli::kFailed;
using cli::kWrongUsage;

int fail(const Error& error) {
  complain(complaint(error));
  return kFailed;
}

ChatRequest question(const Arguments& arguments, std::string model, std::string prompt) {
  ChatRequest request;
  request.model = std::move(model);
  if (const auto system = arguments.find("system")) {
    request.messages.push_back(System{.content = *system});
  }
  request.messages.push_back(User{.content = std::move(prompt)});
  return request;
}

// The answer as it comes.
int print_text(const Client& client, const ChatRequest& request) {
  Result<ChatStream> stream = client.chat().try_stream(request);
  if (!stream) return fail(stream.error());
  while (true) {
    const Result<std::optional<ChatChunk>> chunk = stream->try_next();
    if (!chunk) {
      std::putchar('\n');
      return fail(chunk.error());
    }
    if (!*chunk) break;
    for (const ChunkChoice& choice : (*chunk)->choices) {
      std::fputs(choice.delta.content.value_or("").c_str(), stdout);
    }
    std::fflush(stdout);
  }
  std::putchar('\n');
  return kDone;
}

// The server's own words.
int print_json(const Client& client, const ChatRequest& request) {
  const Result<Json> answer = client.chat().try_create_json(request_body(request));
  if (!answer) return fail(answer.error());
  std::puts(answer->text().c_str());
  return kDone;
}

int run(const Arguments& arguments) {
  if (arguments.positionals.size() != 1) {
    complain("usage: retort complete [--model ID] [--system TEXT] [--json] PROMPT|-");
    return kWrongUsage;
  }
  std::string prompt = arguments.positionals.front();
  if (prompt == "-") {
    prompt.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  }
  const Client client(client_options(arguments));
  Result<std::string> model = chosen_model(client, arguments);
  if (!model) return fail(model.error());
  const ChatRequest request = question(arguments, std::move(*model), std::move(prompt));
  return arguments.has("json") ? print_json(client, request) : print_text(client, request);
}

}  // namespace

cli::Command complete_command() {
  std::vector<cli::Flag> flags = client_flags();
  flags.push_back({"json", "", "print the whole answer as JSON"});
  return {.name = "complete",
          .help = "Ask a server one question: retort complete PROMPT, or - for standard input.",
          .flags = std::move(flags),
          .positional = "prompt",
          .run = run};
}

}  // namespace retort::terminal
