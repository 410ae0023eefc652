#include "engine/sequence.h"

namespace retort::engine {

void Sequence::fill_mask() {
  const grammar::Constraint& constraint = *request.constraint;
  mask.resize(constraint.words());
  constraint.fill_mask(mask);
  if (!constraint.can_end()) return;
  for (const TokenId token : request.end_tokens) {
    grammar::add_token(mask, static_cast<std::uint32_t>(token));
  }
}

}  // namespace retort::engine
