// What a chat request means to a local model: the prompt's tokens, what the sampler does, and how
// the answer is read. Everything that the model cannot do is refused here, by field (promise 1).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <retort/chat.h>
#include <retort/result.h>

#include "engine/sequence.h"
#include "provider/choice_text.h"
#include "provider/local_model.h"

namespace retort::provider {

struct LocalRequest {
  engine::SequenceRequest sequence;  // of choice 0; choice i differs in sampling.choice only
  ChoiceTextOptions text;            // of choice 0; choice i differs in index only
  std::int64_t choices = 1;
  std::vector<std::string> ignored;  // fields without effect, by path
};

// Thread-safe. Errors are invalid_request and name the field; a prompt that does not fit is
// context_length_exceeded with both numbers.
Result<LocalRequest> read_local_request(const LocalModel& model, const ChatRequest& request);

}  // namespace retort::provider
