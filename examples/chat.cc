// A conversation with everything that a request may say, and its answer.
#include <iostream>

#include <retort/client.h>

int main() {
  const retort::Json weather = retort::Json::parse(R"({
    "type": "object",
    "properties": {
      "location": {"type": "string", "description": "The location to get the weather for"}
    },
    "required": ["location"]
  })")
                                   .value();
  const std::string name = "get_current_weather";
  const std::string description = "Get the current weather in a location";

  const retort::ChatRequest request{
      .messages = {retort::System{.content = "You are a helpful AI assistant", .name = "AI expert"},
                   retort::User{.content = "Hello!", .name = "John Doe"},
                   retort::Assistant{.content = "I'm here to help you with any questions you "
                                                "have. How can I assist you today?",
                                     .name = "AI"}},
      .model = "meta-llama/Llama-3.3-70B-Instruct",
      .frequency_penalty = 0,
      .functions = {{.name = name, .description = description, .parameters = weather}},
      .logit_bias = {{"1234567890", 0.5}, {"1234567891", -0.5}},
      .max_completion_tokens = 4096,
      .n = 1,
      .parallel_tool_calls = true,
      .presence_penalty = 0,
      .seed = 123,
      .service_tier = "auto",
      .stop = {R"(json(["stop", "halt"]))"},
      .temperature = 0.7,
      .tools = {retort::function_tool(name, description, weather)},
      .top_logprobs = 1,
      .top_p = 1,
      .user = "user-1234"};

  const retort::Client client;  // RETORT_BASE_URL and RETORT_API_KEY say where
  try {
    const auto answer = client.chat().create(request);
    const auto& choice = answer.choices.at(0);
    std::cout << choice.message.content.value_or("(no text)") << '\n'
              << "finish_reason " << choice.finish_reason.value().value << ", "
              << answer.usage.value().total_tokens << " tokens\n";
  } catch (const retort::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
