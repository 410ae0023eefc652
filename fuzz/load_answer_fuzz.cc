// Any bytes as a streamed answer that `retort load` reads: however they are cut, the same verdict,
// the same counts, as many pieces of text; and as the body of a refusal.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "load/answer_reader.h"

namespace {

using namespace retort;

std::string read(std::string_view bytes, std::size_t piece_bytes) {
  load::AnswerReader reader;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece_bytes, bytes.size()))) {
    const Result<void> read = reader.push(bytes.substr(0, piece_bytes), {});
    if (!read) return read.error().message();
  }
  const Result<load::AnswerCounts> counts = reader.finish(1);
  if (!counts) return counts.error().message();
  if (counts->prompt_tokens < 0 || counts->completion_tokens != 1) std::abort();
  if (!reader.times().first_token) std::abort();
  return std::to_string(counts->prompt_tokens) + " " + std::to_string(reader.times().gaps.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string bytes(data + 1, data + size);
  const std::string whole = read(bytes, bytes.size() + 1);
  if (read(bytes, 1) != whole || read(bytes, 1 + data[0] % 32) != whole) std::abort();
  const std::string said = load::error_message(bytes);
  if (said.find_first_of("\r\n") != std::string::npos) std::abort();
  return 0;
}
