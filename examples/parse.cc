// An answer as a struct.
#include <iostream>

#include <retort/client.h>

struct Event {
  std::string name;
  std::string date;
  std::vector<std::string> participants;
};
RETORT_DESCRIBE(Event, (name), (date, "ISO 8601"), (participants))

int main() {
  const retort::Client client;
  retort::ChatRequest request;
  request.model = "retort-tiny";
  request.messages.push_back(
      retort::User{.content = "Alice and Bob meet for lunch on 1 May 2027. What is the event?"});
  const auto parsed = client.chat().try_parse<Event>(request);
  if (!parsed) {
    std::cerr << parsed.error().what() << '\n';
    return parsed.error().code() == "length" ? 0 : 1;  // a small model may not find an end
  }
  if (parsed->refusal) {
    std::cout << "refused: " << *parsed->refusal << '\n';
  } else {
    std::cout << parsed->value->name << " on " << parsed->value->date << ", "
              << parsed->value->participants.size() << " participants\n";
  }
}
