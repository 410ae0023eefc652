// An answer as it comes, and the whole of it behind.
#include <iostream>

#include <retort/client.h>

int main() {
  retort::ChatRequest request;
  request.model = "meta-llama/Llama-3.3-70B-Instruct";
  request.messages = {retort::System{.content = "You are a helpful AI assistant"},
                      retort::User{.content = "Hello!"}};
  request.stream_options = retort::StreamOptions{.include_usage = true};
  request.max_completion_tokens = 64;
  request.seed = 123;

  const retort::Client client;
  try {
    auto stream = client.chat().stream(request);
    for (const auto& chunk : stream) {
      for (const auto& choice : chunk.choices) {
        std::cout << choice.delta.content.value_or("") << std::flush;
      }
    }
    std::cout << '\n' << stream.completion().usage.value().completion_tokens << " tokens\n";
  } catch (const retort::StreamTruncatedError& error) {
    std::cerr << "\nbroken off: " << error.what() << '\n';
    return 1;
  } catch (const retort::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
