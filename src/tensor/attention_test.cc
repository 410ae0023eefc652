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

enum class Stored { f32, f16, q8 };

struct Case {
  KernelClass kernel_class;
  Stored stored;
};

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (const KernelClass kernel_class : available_kernel_classes()) {
    for (const Stored stored : {Stored::f32, Stored::f16, Stored::q8}) {
      cases.push_back({kernel_class, stored});
    }
  }
  return cases;
}

// Keys, values and queries of `positions` positions, in pages that lie in reverse order. What no
// token has written is NaN.
struct Sequence {
  std::size_t positions, group, head_dim;
  Stored stored;
  std::vector<float> q, k, v;  // [positions, group or 1, head_dim]; k and v as they were stored
  std::vector<std::byte> memory;
  std::vector<std::uint32_t> pages;

  Sequence(std::size_t count, std::size_t heads, std::size_t dim, Stored how, std::mt19937& random)
      : positions(count), group(heads), head_dim(dim), stored(how), k(count * dim), v(count * dim) {
    std::normal_distribution<float> normal(0.0F, 1.5F);
    for (std::size_t i = 0; i < count * dim; ++i) {
      k[i] = normal(random);
      v[i] = normal(random);
    }
    for (std::size_t i = 0; i < count * dim * heads; ++i) q.push_back(normal(random));
    const std::size_t page_count = (count + 31) / 32;
    memory.resize(page_count * 2 * part_bytes(), std::byte{0xFF});  // NaN in f32 and f16
    for (std::size_t page = 0; page < page_count; ++page) {
      pages.push_back(static_cast<std::uint32_t>(page_count - 1 - page));
    }
    for (std::size_t t = 0; t < count; ++t) {
      std::byte* keys = memory.data() + pages[t / 32] * 2 * part_bytes();
      if (stored == Stored::q8) {
        store_q8(t, keys);
      } else {
        store_plain(t, keys);
      }
    }
  }
  std::size_t element() const { return stored == Stored::f16 ? 2 : 4; }
  std::size_t part_bytes() const {
    return stored == Stored::q8 ? q8_part_bytes(head_dim) : 32 * head_dim * element();
  }
  void store_plain(std::size_t t, std::byte* keys) {
    for (std::size_t d = 0; d < head_dim; ++d) {
      put(keys + (d * 32 + t % 32) * element(), k[t * head_dim + d]);
      put(keys + part_bytes() + (t % 32 * head_dim + d) * element(), v[t * head_dim + d]);
    }
  }
  void put(std::byte* to, float& value) const {
    const std::uint16_t half = f16_from_float(value);
    if (stored == Stored::f16) {
      value = float_from_f16(half);
      std::memcpy(to, &half, 2);
    } else {
      std::memcpy(to, &value, 4);
    }
  }
  void store_q8(std::size_t t, std::byte* keys) {
    const std::size_t slot = t % 32;
    const std::size_t blocks = q8_blocks(head_dim);
    std::vector<std::int8_t> codes(head_dim);
    std::vector<std::uint16_t> scales(blocks);
    std::byte* key_scales = keys + 32 * head_dim;
    std::byte* values = keys + part_bytes();
    quantize(k.data() + t * head_dim, codes, scales);
    for (std::size_t d = 0; d < head_dim; ++d) keys[d * 32 + slot] = std::byte(codes[d]);
    for (std::size_t b = 0; b < blocks; ++b) {
      std::memcpy(key_scales + (b * 32 + slot) * 2, &scales[b], 2);
    }
    quantize(v.data() + t * head_dim, codes, scales);
    std::memcpy(values + slot * head_dim, codes.data(), head_dim);
    std::memcpy(values + 32 * head_dim + slot * blocks * 2, scales.data(), blocks * 2);
  }
  // By the kernel of the class portable, which EightBits compares with double precision; `x`
  // becomes what the codes stand for.
  void quantize(float* x, std::vector<std::int8_t>& codes,
                std::vector<std::uint16_t>& scales) const {
    (*choose_kernels("portable"))->to_q8(x, head_dim, codes.data(), scales.data());
    for (std::size_t d = 0; d < head_dim; ++d) {
      x[d] = static_cast<float>(codes[d]) * float_from_f16(scales[d / 32]);
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
    slice.page_stride = 2 * s.part_bytes();
    slice.values_offset = s.part_bytes();
    slice.pages = s.pages.data();
    slice.scratch = scratch.data();
    const Stored stored = GetParam().stored;
    (stored == Stored::q8    ? kernels.attention_q8
     : stored == Stored::f16 ? kernels.attention_f16
                             : kernels.attention_f32)(slice);
    return out;
  }
};

INSTANTIATE_TEST_SUITE_P(All, Attention, ::testing::ValuesIn(all_cases()), [](const auto& each) {
  return std::string(kernel_class_name(each.param.kernel_class)) +
         (each.param.stored == Stored::q8    ? "_q8"
          : each.param.stored == Stored::f16 ? "_f16"
                                             : "_f32");
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
    const Sequence s(1 + random() % 140, group, head_dim, GetParam().stored, random);
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
    const Sequence s(1 + random() % 140, 3, 16, GetParam().stored, random);
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
  const Sequence s(101, 3, 24, GetParam().stored, random);
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
  const Sequence s(101, 3, 24, GetParam().stored, random);
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
  Sequence s(70, 1, 16, GetParam().stored, random);
  for (float& value : s.q) value *= 1e4F;
  const auto out = run(s, 60, 8);
  for (const float value : out) EXPECT_TRUE(std::isfinite(value));
}

// Each value is the nearest multiple of its block's scale, which is the largest magnitude / 127 in
// f16; and every class writes the same bytes.
TEST(EightBits, AreTheNearestMultiplesOfTheScaleInEveryClass) {
  std::mt19937 random(26);
  for (int round = 0; round < 60; ++round) {
    const std::size_t count = 2 + 2 * (random() % 70);
    const float spread = std::ldexp(1.0F, static_cast<int>(random() % 40) - 28);
    std::normal_distribution<float> normal(0.0F, spread);
    std::vector<float> x(count);
    for (float& value : x) value = round % 7 == 0 ? 0.0F : normal(random);
    std::vector<std::int8_t> first;
    for (const KernelClass kernel_class : available_kernel_classes()) {
      std::vector<std::int8_t> codes(count);
      std::vector<std::uint16_t> scales(q8_blocks(count));
      (*choose_kernels(kernel_class_name(kernel_class)))
          ->to_q8(x.data(), count, codes.data(), scales.data());
      if (first.empty()) first = codes;
      EXPECT_EQ(codes, first) << kernel_class_name(kernel_class);
      for (std::size_t begin = 0; begin < count; begin += 32) {
        const std::size_t end = std::min(begin + 32, count);
        double largest = 0;
        for (std::size_t i = begin; i < end; ++i)
          largest = std::max(largest, std::fabs(double{x[i]}));
        EXPECT_EQ(scales[begin / 32], f16_from_float(static_cast<float>(largest) / 127.0F));
        const double scale = float_from_f16(scales[begin / 32]);
        for (std::size_t i = begin; i < end && scale > 0; ++i) {
          const double nearest = std::clamp(x[i] / scale, -127.0, 127.0);
          ASSERT_NEAR(codes[i], nearest, 0.50001) << x[i] << " " << scale;
        }
      }
    }
  }
}

}  // namespace
}  // namespace retort::tensor
