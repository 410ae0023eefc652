// The first lines of the manual, against the server whose address is the first argument.
#include <iostream>

#include <retort/client.h>

struct Colour {
  std::string name;
};
RETORT_DESCRIBE(Colour, (name))

int main(int argc, char** argv) {
  retort::ClientOptions options;
  options.base_url = argc > 1 ? argv[1] : "http://127.0.0.1:1";
  retort::Client client(options);
  retort::ChatRequest request;
  request.model = "retort-tiny";
  request.messages.push_back(retort::User{.content = "Hello!"});
  try {
    auto answer = client.chat().create(request);
    std::string text = answer.choices.at(0).message.content.value();
    for (const auto& chunk : client.chat().stream(request)) {
      for (const auto& choice : chunk.choices) std::cout << choice.delta.content.value_or("");
    }
    request.temperature = 9.0;
    auto refused = client.chat().try_create(request);
    if (refused.has_value() || refused.error().param() != "temperature") return 1;
    std::cout << '\n' << retort::schema_of<Colour>().text() << '\n';
  } catch (const retort::ConnectionError& error) {
    std::cout << "no server: " << error.what() << '\n';
    return argc > 1 ? 1 : 0;
  }
}
