// Retries, time limits, and what errors tell.
#include <iostream>

#include <retort/client.h>

int main() {
  using namespace std::chrono_literals;
  retort::ClientOptions options;
  options.retry = {.retries_max = 3,
                   .initial = 10ms,
                   .longest = 50ms,
                   .factor = 1.1,
                   .elapsed_max = 100ms,
                   .statuses = {429, 500, 502, 503, 504}};
  options.timeouts = {.connect = 2s, .first_byte = 60s, .idle = 30s, .total = 10min};
  const retort::Client client(options);

  retort::ChatRequest request;
  request.model = "meta-llama/Llama-3.3-70B-Instruct";
  request.messages.push_back(retort::User{.content = "Hello! How can you help me today?"});
  request.max_tokens = 2048;
  request.stop = {R"(json(["stop", "halt"]))"};

  retort::RequestOptions call;
  call.retry = retort::RetryPolicy::atoma();  // this call alone
  try {
    const auto answer = client.chat().create(request, call);
    std::cout << answer.choices.at(0).message.content.value_or("") << '\n';
    request.temperature = 9.0;
    (void)client.chat().create(request);
  } catch (const retort::RateLimitError& error) {
    std::cerr << "again in " << error.retry_after().value_or(0ms).count() << " ms\n";
    return 1;
  } catch (const retort::BadRequestError& error) {
    std::cout << error.status() << ' ' << error.param() << ": " << error.what() << '\n';
  } catch (const retort::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
