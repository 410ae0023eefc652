// Two answers at the same time in a coroutine, on the client's one thread.
#include <coroutine>
#include <exception>
#include <future>
#include <iostream>

#include <retort/client.h>

// The least that a coroutine needs; your own task type will do.
struct Task {
  struct promise_type {
    std::promise<void> done;
    Task get_return_object() { return {done.get_future()}; }
    std::suspend_never initial_suspend() { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() { done.set_value(); }
    void unhandled_exception() { done.set_exception(std::current_exception()); }
  };
  std::future<void> future;
};

Task talk(retort::Client client) {
  retort::ChatRequest request;
  request.model = "retort-tiny";
  request.messages.push_back(retort::User{.content = "Hello!"});
  request.max_completion_tokens = 32;
  auto first = client.chat().create_async(request);
  auto stream = co_await client.chat().stream_async(request);
  std::size_t chunks = 0;
  while (const auto chunk = co_await stream.next()) ++chunks;
  const auto answer = co_await first;
  std::cout << chunks << " chunks say the same: "
            << (stream.completion().choices.at(0).message.content ==
                answer.choices.at(0).message.content)
            << '\n';
}

int main() {
  const retort::Client client;
  try {
    talk(client).future.get();
  } catch (const retort::Error& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
