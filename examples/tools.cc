// Tools that run here: the model asks, the program answers, until the model has what it needs.
#include <iostream>

#include <retort/client.h>

struct Place {
  std::string location;
};
RETORT_DESCRIBE(Place, (location, "The location to get the weather for"))

struct Weather {
  double celsius = 0;
  std::string sky;
};
RETORT_DESCRIBE(Weather, (celsius), (sky))

int main() {
  const retort::Client client;
  retort::ChatRequest request;
  request.model = "retort-tiny";
  request.messages.push_back(retort::User{.content = "What's the weather like in Paris?"});
  const auto weather =
      retort::tool<Place>("get_current_weather", "Get the current weather in a location",
                          [](const Place&) { return Weather{.celsius = 21.5, .sky = "clear"}; });
  const auto run = client.chat().try_run_tools(request, {weather}, {.rounds_max = 4});
  if (!run) {
    std::cerr << run.error().what() << '\n';
    return run.error().code() == "tool_rounds" ? 0 : 1;  // a small model may ask for ever
  }
  std::cout << run->answer().choices.at(0).message.content.value_or("") << '\n'
            << run->completions.size() << " rounds, " << run->usage().total_tokens << " tokens\n";
}
