// Tests of attention over pages: against double precision, and for the same bits whatever the cut.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "tensor/kernels.h"

namespace retort::tensor {
namespace {

struct Case {
  KernelClass kernel_class;
  bool f16;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const KernelClass kernel_class : available_kernel_classes()) {
    cases.push_back({kernel_class, false});
    cases.push_back({kernel_class, true});
  }
  return cases;
}

// Keys, values and queries of `positions` positions, in pages that lie in reverse order. What no
// token has written is NaN.
struct Sequence {
  std::size_t positions, group, head_dim, element;
  std::vector<float> q, k, v;  // [positions, group or 1, head_dim]
  std::vector<std::byte> memory;
  std::vector<std::uint32_t> pages;

  Sequence(std::size_t count, std::size_t heads, std::size_t dim, bool f16, std::mt19937& random)
      : positions(count), group(heads), head_dim(dim), element(f16 ? 2 : 4) {
    std::normal_distribution<float> normal(0.0F, 1.5F);
    for (std::size_t i = 0; i < count * dim; ++i) {
      k.push_back(stored(normal(random), f16));
      v.push_back(stored(normal(random), f16));
    }
    for (std::size_t i = 0; i < count * dim * heads; ++i) q.push_back(normal(random));
    const std::size_t page_count = (count + 31) / 32;
    memory.resize(page_count * page_bytes(), std::byte{0xFF});  // all bits set: NaN in both types
    for (std::size_t page = 0; page < page_count; ++page) {
      pages.push_back(static_cast<std::uint32_t>(page_count - 1 - page));
    }
    for (std::size_t t = 0; t < count; ++t) {
      std::byte* page = memory.data() + pages[t / 32] * page_bytes();
      for (std::size_t d = 0; d < dim; ++d) {
        put(page + (d * 32 + t % 32) * element, k[t * dim + d]);
        put(page + page_bytes() / 2 + (t % 32 * dim + d) * element, v[t * dim + d]);
      }
    }
  }
  std::size_t page_bytes() const { return 2 * 32 * head_dim * element; }
  static float stored(float value, bool f16) {
    return f16 ? float_from_f16(f16_from_float(value)) : value;
  }
  void put(std::byte* to, float value) const {
    const std::uint16_t half = f16_from_float(value);
    if (element == 2) {
      std::memcpy(to, &half, 2);
    } else {
      std::memcpy(to, &value, 4);
    }
  }
};

class Attention : public ::testing::TestWithParam<Case> {
 protected:
  std::size_t window_ = 0;
  float cap_ = 0;

  // Attention of query positions [first, first + count).
  std::vector<float> run(const Sequence& s, std::size_t first, std::size_t count) const {
    const Kernels& kernels = **choose_kernels(kernel_class_name(GetParam().kernel_class));
    std::vector<float> scratch(attention_scratch(s.head_dim, count * s.group));
    std::vector<float> out(count * s.group * s.head_dim);
    AttentionSlice slice;
    slice.q = s.q.data() + first * s.group * s.head_dim;
    slice.q_stride = s.group * s.head_dim;
    slice.out = out.data();
    slice.out_stride = s.group * s.head_dim;
    slice.tokens = count;
    slice.group = s.group;
    slice.head_dim = s.head_dim;
    slice.first_position = first;
    slice.window = window_;
    slice.scale = 0.25F;
    slice.cap = cap_;
    slice.kv = s.memory.data();
    slice.page_stride = s.page_bytes();
    slice.values_offset = s.page_bytes() / 2;
    slice.pages = s.pages.data();
    slice.scratch = scratch.data();
    (GetParam().f16 ? kernels.attention_f16 : kernels.attention_f32)(slice);
    return out;
  }
};

INSTANTIATE_TEST_SUITE_P(All, Attention, ::testing::ValuesIn(all_cases()), [](const auto& each) {
  return std::string(kernel_class_name(each.param.kernel_class)) +
         (each.param.f16 ? "_f16" : "_f32");
});

// One query's attention in double precision.
std::vector<double> exact(const Sequence& s, std::size_t position, std::size_t head,
                          std::size_t window = 0, double cap = 0) {
  const std::size_t first = window != 0 && position >= window ? position + 1 - window : 0;
  const float* q = s.q.data() + (position * s.group + head) * s.head_dim;
  std::vector<double> scores;
  for (std::size_t t = first; t <= position; ++t) {
    double score = 0;
    for (std::size_t d = 0; d < s.head_dim; ++d) {
      score += static_cast<double>(q[d]) * s.k[t * s.head_dim + d];
    }
    score *= 0.25;
    scores.push_back(cap > 0 ? cap * std::tanh(score / cap) : score);
  }
  const double top = *std::max_element(scores.begin(), scores.end());
  double total = 0;
  std::vector<double> out(s.head_dim);
  for (std::size_t t = first; t <= position; ++t) {
    const double weight = std::exp(scores[t - first] - top);
    total += weight;
    for (std::size_t d = 0; d < s.head_dim; ++d) out[d] += weight * s.v[t * s.head_dim + d];
  }
  for (double& value : out) value /= total;
  return out;
}

TEST_P(Attention, AgreesWithDoublePrecisionOnRandomShapes) {
  std::mt19937 random(21);
  for (int round = 0; round < 25; ++round) {
    const std::size_t group = 1 + random() % 9;
    const std::size_t head_dim = 2 + 2 * (random() % 40);
    const Sequence s(1 + random() % 140, group, head_dim, GetParam().f16, random);
    const std::size_t first = random() % s.positions;
    const std::size_t count = std::min<std::size_t>(1 + random() % 8, s.positions - first);
    const auto out = run(s, first, count);
    for (std::size_t t = 0; t < count; ++t) {
      for (std::size_t head = 0; head < group; ++head) {
        const auto wanted = exact(s, first + t, head);
        for (std::size_t d = 0; d < head_dim; ++d) {
          ASSERT_NEAR(out[(t * group + head) * head_dim + d], wanted[d], 2e-5)
              << s.positions << " " << group << " " << head_dim;
        }
      }
    }
  }
}

TEST_P(Attention, WindowsAndSoftCapsAgreeWithDoublePrecision) {
  std::mt19937 random(24);
  for (int round = 0; round < 25; ++round) {
    const Sequence s(1 + random() % 140, 3, 16, GetParam().f16, random);
    window_ = 1 + random() % 70;
    cap_ = round % 3 == 0 ? 0.0F : static_cast<float>(1 + random() % 9);
    const std::size_t first = random() % s.positions;
    const std::size_t count = std::min<std::size_t>(1 + random() % 8, s.positions - first);
    const auto out = run(s, first, count);
    for (std::size_t i = 0; i < out.size(); ++i) {
      const auto wanted =
          exact(s, first + i / (3 * 16), i / 16 % 3, window_, static_cast<double>(cap_));
      ASSERT_NEAR(out[i], wanted[i % 16], 2e-5) << s.positions << " " << window_ << " " << cap_;
    }
  }
}

TEST_P(Attention, SameBitsForEveryCutOfTheQueriesWithAWindow) {
  std::mt19937 random(25);
  const Sequence s(101, 3, 24, GetParam().f16, random);
  const std::size_t row = s.group * s.head_dim;
  window_ = 37;
  cap_ = 3.0F;
  const auto whole = run(s, 0, s.positions);
  for (std::size_t first = 0; first < s.positions; first += 7) {
    const auto out = run(s, first, std::min<std::size_t>(7, s.positions - first));
    ASSERT_EQ(std::memcmp(out.data(), whole.data() + first * row, out.size() * 4), 0) << first;
  }
}

TEST_P(Attention, SameBitsForEveryCutOfTheQueries) {
  std::mt19937 random(22);
  const Sequence s(101, 3, 24, GetParam().f16, random);
  const std::size_t row = s.group * s.head_dim;
  std::vector<float> alone;
  for (std::size_t t = 0; t < s.positions; ++t) {
    const auto out = run(s, t, 1);
    alone.insert(alone.end(), out.begin(), out.end());
  }
  for (const std::size_t cut : {2, 3, 5, 7, 8, 32, 101}) {
    for (std::size_t first = 0; first < s.positions; first += cut) {
      const auto out = run(s, first, std::min(cut, s.positions - first));
      ASSERT_EQ(std::memcmp(out.data(), alone.data() + first * row, out.size() * 4), 0) << cut;
    }
  }
}

TEST_P(Attention, ExtremeScoresStayNumbers) {
  std::mt19937 random(23);
  Sequence s(70, 1, 16, false, random);
  for (float& value : s.q) value *= 1e4F;
  if (GetParam().f16) return;
  const auto out = run(s, 60, 8);
  for (const float value : out) EXPECT_TRUE(std::isfinite(value));
}

}  // namespace
}  // namespace retort::tensor
