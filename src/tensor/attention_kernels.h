// Attention over KV pages, written once over a vector type V (see float_kernels.h).
//
// For one query the pages are walked in order. Page by page: scores of its 32 tokens, each a sum
// over the head's elements by rising index; their maximum; the running maximum, sum and weighted
// values rescaled and added to (the online softmax of Milakov and Gimelshein 2018, arXiv
// 1805.02867). The order depends on the query's own position only. Tokens behind that position, or
// before its window, are never added, whatever their memory holds.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/float_kernels.h"
#include "tensor/kernels.h"

namespace retort::tensor {

inline constexpr float kNoScore = -3.0e38F;  // below every score

// Working memory of one slice, cut out of AttentionSlice::scratch. A template, so that each class
// of kernels has its own.
template <typename V>
struct AttentionScratch {
  std::size_t stride;  // head_dim rounded up to 16
  float* keys;         // [head_dim, 32]
  float* values;       // [32, stride]
  float* sums;         // [queries, stride]: weighted values so far
  float* largest;      // [queries]: the largest score so far
  float* totals;       // [queries]: the weights' sum so far
  float* scores;       // [4, 32]

  AttentionScratch(float* memory, std::size_t head_dim, std::size_t queries)
      : stride((head_dim + 15) / 16 * 16) {
    keys = memory;
    values = keys + head_dim * kAttentionBlock;
    sums = values + kAttentionBlock * stride;
    scores = sums + queries * stride;
    largest = scores + 4 * kAttentionBlock;
    totals = largest + queries;
  }
};

// Pages of one plain type W.
template <typename V, typename W>
struct PlainPages {
  // One page's keys and its first `tokens` values as f32.
  static void load(const AttentionSlice& a, const std::byte* keys, std::size_t tokens,
                   AttentionScratch<V>& s) {
    for (std::size_t i = 0; i < a.head_dim * kAttentionBlock; i += V::kLanes) {
      V::store(s.keys + i, W::load(keys + i * W::kBytes));
    }
    for (std::size_t token = 0; token < tokens; ++token) {
      const std::byte* from = keys + a.values_offset + token * a.head_dim * W::kBytes;
      float* to = s.values + token * s.stride;
      std::size_t d = 0;
      for (; d + V::kLanes <= a.head_dim; d += V::kLanes) {
        V::store(to + d, W::load(from + d * W::kBytes));
      }
      if (d < a.head_dim) {
        V::store(to + d, W::load_n(from + d * W::kBytes, a.head_dim - d));
      }
    }
  }
};

// Pages in 8 bits (kernels.h). A code times its scale is exact in f32, so every class has the same
// floats.
template <typename V>
struct Q8Pages {
  static void load(const AttentionSlice& a, const std::byte* keys, std::size_t tokens,
                   AttentionScratch<V>& s) {
    load_keys(keys, a.head_dim, s.keys);
    const std::byte* values = keys + a.values_offset;
    const std::byte* scales = values + kAttentionBlock * a.head_dim;
    const std::size_t scale_bytes = 2 * q8_blocks(a.head_dim);
    for (std::size_t token = 0; token < tokens; ++token) {
      load_value(values + token * a.head_dim, scales + token * scale_bytes, a.head_dim,
                 s.values + token * s.stride);
    }
  }

  // Each block's scales are a row of 32 tokens, as each element is.
  static void load_keys(const std::byte* codes, std::size_t head_dim, float* to) {
    constexpr std::size_t kVectors = kAttentionBlock / V::kLanes;
    const std::byte* scales = codes + kAttentionBlock * head_dim;
    for (std::size_t begin = 0; begin < head_dim; begin += kQuantBlock) {
      typename V::Floats scale[kVectors];
      for (std::size_t v = 0; v < kVectors; ++v) scale[v] = V::load_f16(scales + v * 2 * V::kLanes);
      scales += 2 * kAttentionBlock;
      const std::size_t end = begin + kQuantBlock < head_dim ? begin + kQuantBlock : head_dim;
      for (std::size_t d = begin; d < end; ++d) {
        for (std::size_t v = 0; v < kVectors; ++v) {
          const std::size_t at = d * kAttentionBlock + v * V::kLanes;
          V::store(to + at, V::mul(V::load_i8(codes + at), scale[v]));
        }
      }
    }
  }

  static void load_value(const std::byte* codes, const std::byte* scales, std::size_t head_dim,
                         float* to) {
    for (std::size_t begin = 0; begin < head_dim; begin += kQuantBlock, scales += 2) {
      const auto scale = V::set1(V::first(V::load_f16_n(scales, 1)));
      const std::size_t end = begin + kQuantBlock < head_dim ? begin + kQuantBlock : head_dim;
      std::size_t d = begin;
      for (; d + V::kLanes <= end; d += V::kLanes) {
        V::store(to + d, V::mul(V::load_i8(codes + d), scale));
      }
      if (d < end) V::store(to + d, V::mul(V::load_i8_n(codes + d, end - d), scale));
    }
  }
};

// Scores of Q queries (consecutive heads of one token) against all 32 tokens of the page.
template <typename V, int Q>
inline void score_queries(const AttentionSlice& a, const float* q, const AttentionScratch<V>& s) {
  constexpr int kVectors = static_cast<int>(kAttentionBlock / V::kLanes);
  typename V::Floats sums[Q][kVectors];
  for (auto& line : sums) {
    for (auto& sum : line) sum = V::set1(0.0F);
  }
  for (std::size_t d = 0; d < a.head_dim; ++d) {
    for (int v = 0; v < kVectors; ++v) {
      const auto keys = V::load(s.keys + d * kAttentionBlock + v * V::kLanes);
      for (int i = 0; i < Q; ++i) {
        sums[i][v] = V::fma(V::set1(q[i * a.head_dim + d]), keys, sums[i][v]);
      }
    }
  }
  for (int i = 0; i < Q; ++i) {
    for (int v = 0; v < kVectors; ++v) {
      V::store(s.scores + i * kAttentionBlock + v * V::kLanes,
               V::mul(sums[i][v], V::set1(a.scale)));
    }
  }
}

// The tokens of a page that a query sees.
struct SeenTokens {
  std::size_t begin;
  std::size_t end;
};

// Turns a query's scores into weights relative to the new largest score; returns the factor that
// what was summed before has to be multiplied by.
template <typename V>
inline float weigh_scores(float* scores, SeenTokens seen, float& largest, float& total) {
  for (std::size_t j = 0; j < seen.begin; ++j) scores[j] = kNoScore;
  for (std::size_t j = seen.end; j < kAttentionBlock; ++j) scores[j] = kNoScore;
  auto top = V::load(scores);
  for (std::size_t j = V::kLanes; j < kAttentionBlock; j += V::kLanes) {
    top = V::max(top, V::load(scores + j));
  }
  const float page_largest = V::max_of(top);
  const float now = page_largest > largest ? page_largest : largest;
  const float factor = largest > kNoScore ? exp_of_one<V>(largest - now) : 0.0F;
  const auto shift = V::set1(now);
  for (std::size_t j = 0; j < kAttentionBlock; j += V::kLanes) {
    V::store(scores + j, exp_of<V>(V::sub(V::load(scores + j), shift)));
  }
  for (std::size_t j = 0; j < seen.begin; ++j) scores[j] = 0.0F;
  for (std::size_t j = seen.end; j < kAttentionBlock; ++j) scores[j] = 0.0F;
  auto sums = V::load(scores);
  for (std::size_t j = V::kLanes; j < kAttentionBlock; j += V::kLanes) {
    sums = V::add(sums, V::load(scores + j));
  }
  total = total * factor + V::sum(sums);
  largest = now;
  return factor;
}

// sums = sums * factor + the page's values by their weights, token after token.
template <typename V>
inline void add_values(const AttentionScratch<V>& s, const float* weights, SeenTokens seen,
                       float factor, float* sums) {
  constexpr std::size_t kStep = 16;  // divides the stride
  constexpr int kVectors = static_cast<int>(kStep / V::kLanes);
  const auto f = V::set1(factor);
  for (std::size_t d = 0; d < s.stride; d += kStep) {
    typename V::Floats sum[kVectors];
    for (int v = 0; v < kVectors; ++v) sum[v] = V::mul(V::load(sums + d + v * V::kLanes), f);
    for (std::size_t j = seen.begin; j < seen.end; ++j) {
      const auto weight = V::set1(weights[j]);
      for (int v = 0; v < kVectors; ++v) {
        const auto value = V::load(s.values + j * s.stride + d + v * V::kLanes);
        sum[v] = V::fma(weight, value, sum[v]);
      }
    }
    for (int v = 0; v < kVectors; ++v) V::store(sums + d + v * V::kLanes, sum[v]);
  }
}

template <typename V>
inline void score_some(const AttentionSlice& a, const float* q, std::size_t count,
                       const AttentionScratch<V>& s) {
  if (count == 4) return score_queries<V, 4>(a, q, s);
  if (count == 3) return score_queries<V, 3>(a, q, s);
  if (count == 2) return score_queries<V, 2>(a, q, s);
  score_queries<V, 1>(a, q, s);
}

// One page for all heads of one query token.
template <typename V>
inline void attend_token(const AttentionSlice& a, std::size_t token, SeenTokens seen,
                         AttentionScratch<V>& s) {
  for (std::size_t head = 0; head < a.group; head += 4) {
    const std::size_t count = a.group - head < 4 ? a.group - head : 4;
    score_some<V>(a, a.q + token * a.q_stride + head * a.head_dim, count, s);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t query = token * a.group + head + i;
      float* scores = s.scores + i * kAttentionBlock;
      if (a.cap > 0) soft_cap_row<V>(scores, kAttentionBlock, a.cap);
      const float factor = weigh_scores<V>(scores, seen, s.largest[query], s.totals[query]);
      add_values<V>(s, scores, seen, factor, s.sums + query * s.stride);
    }
  }
}

// The first position that the query at `position` sees.
template <typename V>
inline std::size_t first_seen(const AttentionSlice& a, std::size_t position) {
  return a.window != 0 && position >= a.window ? position + 1 - a.window : 0;
}

template <typename V, typename Pages>
void attention(const AttentionSlice& a) {
  const std::size_t queries = a.tokens * a.group;
  AttentionScratch<V> s(a.scratch, a.head_dim, queries);
  for (std::size_t i = 0; i < queries * s.stride; ++i) s.sums[i] = 0.0F;
  for (std::size_t i = 0; i < kAttentionBlock * s.stride; ++i) s.values[i] = 0.0F;
  for (std::size_t i = 0; i < queries; ++i) {
    s.largest[i] = kNoScore;
    s.totals[i] = 0.0F;
  }
  const std::size_t positions = a.first_position + a.tokens;  // that the last query sees
  std::size_t start = first_seen<V>(a, a.first_position) / kAttentionBlock * kAttentionBlock;
  for (; start < positions; start += kAttentionBlock) {
    const std::size_t left = positions - start;
    const std::byte* page = a.kv + a.pages[start / kAttentionBlock] * a.page_stride;
    Pages::load(a, page, left < kAttentionBlock ? left : kAttentionBlock, s);
    for (std::size_t token = 0; token < a.tokens; ++token) {
      const std::size_t first = first_seen<V>(a, a.first_position + token);
      const std::size_t end = a.first_position + token + 1;
      if (end <= start || first >= start + kAttentionBlock) continue;
      const SeenTokens seen = {first > start ? first - start : 0,
                               end - start < kAttentionBlock ? end - start : kAttentionBlock};
      attend_token<V>(a, token, seen, s);
    }
  }
  for (std::size_t query = 0; query < queries; ++query) {
    const float* sums = s.sums + query * s.stride;
    float* out = a.out + query / a.group * a.out_stride + query % a.group * a.head_dim;
    for (std::size_t d = 0; d < a.head_dim; ++d) out[d] = sums[d] / s.totals[query];
  }
}

// One head's keys or values of a token in 8 bits: by blocks of 32, the scale the largest magnitude
// / 127 rounded to f16, a value the nearest multiple of that, ties to even, but no more than 127.
template <typename V>
void to_q8_head(const float* x, std::size_t count, std::int8_t* codes, std::uint16_t* scales) {
  const auto highest = V::set1(127.0F);
  const auto lowest = V::set1(-127.0F);
  for (std::size_t begin = 0; begin < count; begin += kQuantBlock, ++scales) {
    const std::size_t size = count - begin < kQuantBlock ? count - begin : kQuantBlock;
    float block[kQuantBlock] = {};
    for (std::size_t i = 0; i < size; ++i) block[i] = x[begin + i];
    auto largest = V::set1(0.0F);
    for (std::size_t i = 0; i < kQuantBlock; i += V::kLanes) {
      largest = V::max(largest, V::abs(V::load(block + i)));
    }
    V::store_f16_n(scales, V::set1(V::max_of(largest) / 127.0F), 1);
    const float scale = V::first(V::load_f16_n(reinterpret_cast<const std::byte*>(scales), 1));
    const auto inverse = V::set1(scale > 0.0F ? 1.0F / scale : 0.0F);
    std::int8_t whole[kQuantBlock];
    for (std::size_t i = 0; i < kQuantBlock; i += V::kLanes) {
      const auto value = V::round(V::mul(V::load(block + i), inverse));
      V::store_i8(whole + i, V::max(V::min(value, highest), lowest));
    }
    for (std::size_t i = 0; i < size; ++i) codes[begin + i] = whole[i];
  }
}

template <typename V>
void set_attention_kernels(Kernels& kernels) {
  kernels.attention_f32 = attention<V, PlainPages<V, F32Weights<V>>>;
  kernels.attention_f16 = attention<V, PlainPages<V, F16Weights<V>>>;
  kernels.attention_q8 = attention<V, Q8Pages<V>>;
  kernels.to_q8 = to_q8_head<V>;
}

}  // namespace retort::tensor
