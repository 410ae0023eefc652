// The shortest conversation, without exceptions.
#include <cstdio>

#include <retort/client.h>

int main() {
  const retort::Client client;
  const retort::ChatRequest request{
      .messages = {retort::Developer{.content = "You are a helpful assistant."},
                   retort::User{.content = "Hello!"}},
      .model = "meta-llama/Llama-3.3-70B-Instruct"};
  const auto completion = client.chat().try_create(request);
  if (!completion) {
    std::fprintf(stderr, "%s\n", completion.error().what());
    return 1;
  }
  std::puts(completion->choices.at(0).message.content.value_or("").c_str());
}
