// Compiled without exceptions: the try_ half is enough.
#include <cstdio>

#include <retort/client.h>

int main() {
  retort::ClientOptions options;
  options.base_url = "http://127.0.0.1:1";
  const retort::Client client(options);
  retort::ChatRequest request{.messages = {retort::User{.content = "Hello!"}},
                              .model = "retort-tiny"};
  const auto answer = client.chat().try_create(request);
  if (answer) return 1;
  std::printf("%s\n", answer.error().what());
  return answer.error().kind() == retort::ErrorKind::connection ? 0 : 1;
}
