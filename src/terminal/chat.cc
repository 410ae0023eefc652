// retort chat: a conversation in the terminal. Written on libretort alone.
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <mutex>
#include <thread>

#include <retort/client.h>

#include "terminal/client_settings.h"
#include "terminal/commands.h"
#include "terminal/markdown_colours.h"

namespace retort::terminal {
namespace {

using cli::Arguments;
using cli::complain;
using cli::kDone;
using cli::kFailed;

constexpr const char* kHelp =
    "/system TEXT  tell the model something first, and begin anew\n"
    "/model ID     ask another model\n"
    "/clear        begin anew\n"
    "/retry        ask the last question again\n"
    "/save FILE    write the conversation down\n"
    "/quit         leave (or Ctrl-D); Ctrl-C stops an answer\n";

// Ctrl-C stops the answer that is being written; without one it ends the program. A thread takes
// the signal, which is blocked everywhere else.
class Interrupts {
 public:
  Interrupts() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
    thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
  }
  ~Interrupts() {
    thread_.request_stop();
    pthread_kill(thread_.native_handle(), SIGINT);
  }
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  // The token of the answer that begins.
  std::stop_token begin() {
    const std::lock_guard lock(mutex_);
    source_ = std::stop_source();
    is_answering_ = true;
    return source_.get_token();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    is_answering_ = false;
  }

 private:
  void watch(const std::stop_token& stop) {
    constexpr int kInterrupted = 130;  // as a shell reports it
    while (true) {
      int signal = 0;
      sigwait(&signals_, &signal);
      if (stop.stop_requested()) return;
      const std::lock_guard lock(mutex_);
      if (!is_answering_) std::_Exit(kInterrupted);
      source_.request_stop();
    }
  }

  sigset_t signals_{};
  std::mutex mutex_;
  std::stop_source source_;
  bool is_answering_ = false;
  std::jthread thread_;
};

class Conversation {
 public:
  Conversation(Client client, std::string model, std::optional<std::string> system)
      : client_(std::move(client)), is_terminal_(isatty(STDOUT_FILENO) != 0) {
    request_.model = std::move(model);
    request_.stream_options = StreamOptions{.include_usage = true, .include_obfuscation = {}};
    begin_anew(std::move(system));
  }

  void begin_anew(std::optional<std::string> system) {
    system_ = std::move(system);
    request_.messages.clear();
    if (system_) request_.messages.push_back(System{.content = *system_});
  }
  void clear() { begin_anew(system_); }
  void set_model(std::string model) { request_.model = std::move(model); }

  // Asks, and keeps question and answer; a question that failed is taken back.
  void ask(std::string text, Interrupts& interrupts) {
    request_.messages.push_back(User{.content = std::move(text)});
    RequestOptions options;
    options.stop = interrupts.begin();
    answer(options);
    interrupts.end();
  }

  // The last question, for another answer; empty where there was none.
  std::string take_last_question() {
    while (!request_.messages.empty()) {
      Message last = std::move(request_.messages.back());
      if (std::holds_alternative<System>(last)) {
        request_.messages.push_back(std::move(last));
        return "";
      }
      request_.messages.pop_back();
      if (const User* user = std::get_if<User>(&last)) return text_of(user->content);
    }
    return "";
  }

  bool save(const std::string& path) const {
    std::ofstream file(path, std::ios::trunc);
    for (const Message& message : request_.messages) {
      if (const auto* system = std::get_if<System>(&message)) {
        file << "system: " << text_of(system->content) << "\n\n";
      } else if (const auto* user = std::get_if<User>(&message)) {
        file << "you: " << text_of(user->content) << "\n\n";
      } else if (const auto* assistant = std::get_if<Assistant>(&message)) {
        file << "model: " << text_of(assistant->content) << "\n\n";
      }
    }
    file.flush();
    return file.good();
  }

 private:
  static std::string text_of(const std::optional<Content>& content) {
    const auto* text = content ? std::get_if<std::string>(&*content) : nullptr;
    return text ? *text : "";
  }

  void answer(const RequestOptions& options) {
    Result<ChatStream> stream = client_.chat().try_stream(request_, options);
    if (!stream) {
      complain(complaint(stream.error()));
      request_.messages.pop_back();
      return;
    }
    const auto begin = std::chrono::steady_clock::now();
    const std::optional<Error> error = print(*stream);
    std::putchar('\n');
    const bool is_stopped = error && error->kind() == ErrorKind::cancelled;
    if (error && !is_stopped) complain(complaint(*error));
    const ChatCompletion& completion = stream->completion();
    if (completion.choices.empty()) {
      request_.messages.pop_back();
      return;
    }
    request_.messages.push_back(to_assistant(completion.choices.front().message));
    if (completion.usage) print_speed(*completion.usage, std::chrono::steady_clock::now() - begin);
  }

  std::optional<Error> print(ChatStream& stream) const {
    MarkdownColours colours(is_terminal_);
    while (true) {
      const Result<std::optional<ChatChunk>> chunk = stream.try_next();
      if (!chunk || !*chunk) {
        std::fputs(colours.finish().c_str(), stdout);
        return chunk ? std::nullopt : std::optional(chunk.error());
      }
      for (const ChunkChoice& choice : (*chunk)->choices) {
        std::fputs(colours.add(choice.delta.content.value_or("")).c_str(), stdout);
      }
      std::fflush(stdout);
    }
  }

  void print_speed(const Usage& usage, std::chrono::duration<double> took) const {
    if (!is_terminal_ || took.count() <= 0) return;
    std::printf("\x1b[2m%lld tokens, %.1f a second\x1b[0m\n",
                static_cast<long long>(usage.completion_tokens),
                static_cast<double>(usage.completion_tokens) / took.count());
  }

  const Client client_;
  const bool is_terminal_;
  std::optional<std::string> system_;
  ChatRequest request_;
};

// False: the conversation is over.
bool obey(const std::string& line, Conversation& conversation, Interrupts& interrupts) {
  const std::size_t space = line.find(' ');
  const std::string command = line.substr(0, space);
  const std::string rest = space == std::string::npos ? "" : line.substr(space + 1);
  if (command == "/quit" || command == "/exit") return false;
  if (command == "/system") {
    conversation.begin_anew(rest.empty() ? std::nullopt : std::optional(rest));
  } else if (command == "/model" && !rest.empty()) {
    conversation.set_model(rest);
  } else if (command == "/clear") {
    conversation.clear();
  } else if (command == "/retry") {
    const std::string question = conversation.take_last_question();
    if (!question.empty()) conversation.ask(question, interrupts);
  } else if (command == "/save" && !rest.empty()) {
    if (!conversation.save(rest)) complain("'" + rest + "' cannot be written");
  } else {
    std::fputs(kHelp, stdout);
  }
  return true;
}

int run(const Arguments& arguments) {
  Interrupts interrupts;  // before the client's thread, so that every thread leaves them alone
  const Client client(client_options(arguments));
  Result<std::string> model = chosen_model(client, arguments);
  if (!model) {
    complain(complaint(model.error()));
    return kFailed;
  }
  const bool is_asked = isatty(STDIN_FILENO) != 0;
  if (is_asked) std::printf("%s; /help for what else there is.\n", model->c_str());
  Conversation conversation(client, std::move(*model), arguments.find("system"));
  std::string line;
  while (true) {
    if (is_asked) std::fputs("> ", stdout);
    std::fflush(stdout);
    if (!std::getline(std::cin, line)) return kDone;
    if (line.empty()) continue;
    if (line.front() != '/') {
      conversation.ask(line, interrupts);
    } else if (!obey(line, conversation, interrupts)) {
      return kDone;
    }
  }
}

}  // namespace

cli::Command chat_command() {
  return {.name = "chat",
          .help = "Talk with a model: a conversation in the terminal.",
          .flags = client_flags(),
          .positional = "",
          .run = run};
}

}  // namespace retort::terminal
