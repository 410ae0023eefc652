#include "engine/sequence.h"

#include <span>

#include "base/crypto.h"

namespace retort::engine {

const PageKey& Sequence::key_of(std::size_t page) {
  if (keys.empty()) keys.push_back(base::sha256(request.cache_salt));
  while (keys.size() <= page + 1) {
    const std::size_t begin = (keys.size() - 1) * model::kPageTokens;
    keys.push_back(
        next_page_key(keys.back(), std::span(tokens).subspan(begin, model::kPageTokens)));
  }
  return keys[page + 1];
}

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
