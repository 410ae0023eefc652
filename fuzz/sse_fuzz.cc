// Any bytes to the event parser, whole and cut where the input says: the events must be the same.
// Each event's data then goes to the chunk reader and the fold.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_reader.h"
#include "protocol/chat_reader.h"
#include "protocol/chat_writer.h"
#include "protocol/chunk_fold.h"
#include "protocol/sse.h"

namespace {

using namespace retort;
using namespace retort::protocol;

std::vector<SseEvent> parse(std::string_view bytes, std::size_t piece_bytes) {
  SseParser parser;
  std::vector<SseEvent> events;
  while (!bytes.empty()) {
    if (!parser.push(bytes.substr(0, piece_bytes), events)) std::abort();
    bytes.remove_prefix(std::min(piece_bytes, bytes.size()));
  }
  if (auto last = parser.finish()) events.push_back(*last);
  return events;
}

void fold(const std::vector<SseEvent>& events) {
  ChunkFold folded;
  for (const SseEvent& event : events) {
    const Result<ChatChunk> chunk = read_chat_chunk(event.data);
    if (!chunk) continue;
    folded.add(*chunk);
    std::string written;
    write_chat_chunk(written, *chunk, {.obfuscation = true});
    if (!base::check_json(written)) std::abort();
  }
  std::string written;
  write_chat_completion(written, std::move(folded).finish(), {});
  if (!base::check_json(written)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::vector<SseEvent> whole = parse(bytes, bytes.size() + 1);
  if (parse(bytes, 1) != whole) std::abort();
  if (parse(bytes, 1 + data[0] % 32) != whole) std::abort();
  fold(whole);
  if (const auto answer = read_chat_completion(bytes); answer && answer->object == "error") {
    std::abort();  // an error is never an answer
  }
  return 0;
}
