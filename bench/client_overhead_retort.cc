// libretort in the place of client_overhead_curl.c: every event becomes a typed chunk, every answer
// a typed completion.
#include <sys/resource.h>

#include <charconv>
#include <iostream>
#include <string_view>

#include <retort/client.h>

namespace {

double processor_microseconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1e6 * static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

retort::Client client_of(std::string_view url, long events) {
  retort::ClientOptions options;
  options.base_url = std::string(url) + "/" + std::to_string(events);
  options.api_key = "";
  return retort::Client(options);
}

// How many chunks came.
long read_stream(const retort::Client& client, const retort::ChatRequest& request) {
  long chunks = 0;
  for (const retort::ChatChunk& chunk : client.chat().stream(request)) {
    chunks += chunk.choices.empty() ? 0 : 1;
  }
  return chunks;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: client_overhead_retort URL stream|call COUNT\n";
    return 2;
  }
  const bool is_stream = std::string_view(argv[2]) == "stream";
  long count = 0;
  const std::string_view digits = argv[3];
  std::from_chars(digits.data(), digits.data() + digits.size(), count);
  retort::ChatRequest request;
  request.model = "m";
  request.messages.push_back(retort::User{.content = "Hello!"});
  const retort::Client client = client_of(argv[1], is_stream ? count : 0);
  if (!is_stream) (void)client.chat().create(request);  // connected, warm
  const double before = processor_microseconds();
  long done = 0;
  if (is_stream) {
    done = read_stream(client, request);
  } else {
    for (; done < count; ++done) (void)client.chat().create(request);
  }
  std::cout << "{\"count\":" << done << ",\"cpu_us\":" << processor_microseconds() - before
            << "}\n";
}
