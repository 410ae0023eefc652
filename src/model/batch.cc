// See batch.h.
#include "model/batch.h"

namespace retort::model {

std::size_t Batch::tokens() const noexcept {
  std::size_t count = 0;
  for (const BatchSequence& sequence : sequences) count += sequence.tokens.size();
  return count;
}

std::size_t Batch::logit_rows() const noexcept {
  std::size_t count = 0;
  for (const BatchSequence& sequence : sequences) {
    if (sequence.logits == BatchSequence::Logits::last) count += 1;
    if (sequence.logits == BatchSequence::Logits::all) count += sequence.tokens.size();
  }
  return count;
}

}  // namespace retort::model
