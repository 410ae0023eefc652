// Any bytes as what a server answers: a head's waits, a refusal or a body, whole and streamed, and
// as a recording, a base URL, a described value. The first byte chooses the status and the cut.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <retort/client.h>

namespace {

struct Value {
  std::string name;
  std::optional<double> number;
  std::vector<Value> children;
  std::map<std::string, bool> flags;
};
RETORT_DESCRIBE(Value, (name), (number), (children), (flags))

retort::ChatRequest question() {
  retort::ChatRequest request;
  request.messages.push_back(retort::User{.content = "?"});
  return request;
}

retort::MockAnswer answer_of(int status, std::string_view head, std::string_view body,
                             std::size_t cut) {
  retort::MockAnswer answer{.status = status, .body = {std::string(body)}};
  answer.headers.add("retry-after", std::string(head));
  answer.headers.add("retry-after-ms", std::string(head));
  return std::move(answer).split_every(cut);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const int status = data[0] % 2 == 0 ? 200 : 400 + data[0];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t line = text.find('\n');
  const std::string_view head = line == std::string_view::npos ? "" : text.substr(0, line);

  const auto mock = std::make_shared<retort::MockTransport>();
  for (int i = 0; i < 4; ++i) mock->add(answer_of(status, head, text, 1 + data[0] % 32));
  retort::ClientOptions options;
  options.base_url = "http://localhost";
  options.api_key = "";
  options.transport = mock;
  options.retry = retort::RetryPolicy::openai();
  options.timeouts.total = std::chrono::seconds(10);
  const retort::Client client(options);
  (void)client.chat().try_create(question());
  if (auto stream = client.chat().try_stream(question())) {
    while (const auto event = stream->try_next_event()) {
      if (!*event) break;
    }
    (void)stream->completion();
  }

  (void)retort::MockTransport::from_recording(text);
  if (const auto value = retort::from_json<Value>(text)) {
    const auto again = retort::from_json<Value>(retort::to_json(*value).text());
    if (!again || retort::to_json(*again) != retort::to_json(*value)) std::abort();
  }
  options.base_url = std::string(text);
  (void)retort::Client(options).try_models();
  return 0;
}
