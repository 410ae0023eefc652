// A client with a key of its own, the log probabilities, and what is stored of an answer.
#include <iostream>

#include <retort/client.h>

int main() {
  retort::ClientOptions options;
  options.api_key = "My API Key";
  const retort::Client client(options);

  retort::ChatRequest request;
  request.messages.push_back(retort::System{.content = "string"});
  request.model = "llama3-8b-instruct";
  request.logprobs = true;
  request.top_logprobs = 2;
  request.max_completion_tokens = 16;
  try {
    const auto completion = client.chat().create(request);
    std::cout << completion.id << '\n';
    for (const auto& token : completion.choices.at(0).logprobs->content.value()) {
      std::cout << token.token << ' ' << token.logprob << '\n';
    }
  } catch (const retort::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
