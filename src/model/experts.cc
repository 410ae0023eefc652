// The decoder's mixture of experts: a router weighs the experts for each token, the few best
// compute and their outputs are added by weight.
//
// A token's experts are added by rising number, whatever other tokens are in the step, so its sum
// has one order.
#include <algorithm>
#include <vector>

#include "model/decoder.h"

namespace retort::model {
namespace {

// The index of the largest weight; of equal ones the lowest.
std::size_t largest(const float* weights, std::size_t count) noexcept {
  std::size_t best = 0;
  for (std::size_t i = 1; i < count; ++i) {
    if (weights[i] > weights[best]) best = i;
  }
  return best;
}

}  // namespace

void Decoder::mix_experts(Step& step, const LayerWeights& layer) {
  route(step, layer);
  std::fill_n(work_.added, step.rows.size() * width_, 0.0F);
  for (std::size_t i = 0; i < layer.experts.size(); ++i) {
    if (!routes_[i].empty()) add_expert(step, layer, i);
  }
}

void Decoder::route(Step& step, const LayerWeights& layer) {
  const std::size_t count = layer.experts.size();
  const tensor::Product product{&layer.router, nullptr, work_.routed};
  multiply(kernels_, step.threads, work_.activations, {&product, 1});
  routes_.resize(count);
  for (auto& routes : routes_) routes.clear();
  std::vector<std::size_t> chosen(static_cast<std::size_t>(config_.experts.used));
  for (std::size_t row = 0; row < step.rows.size(); ++row) {
    float* weights = work_.routed + row * count;
    kernels_.softmax(weights, count);
    float total = 0;
    std::vector<float> left(weights, weights + count);
    for (std::size_t& expert : chosen) {
      expert = largest(left.data(), count);
      total += weights[expert];
      left[expert] = -1.0F;
    }
    if (!config_.experts.renormalize) total = 1.0F;
    for (const std::size_t expert : chosen) {
      routes_[expert].push_back({row, weights[expert] / total});
    }
  }
}

void Decoder::add_expert(Step& step, const LayerWeights& layer, std::size_t index) {
  const std::vector<Route>& routes = routes_[index];
  const float* input = layer.ffn_norm.empty() ? work_.x : work_.normed;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    std::copy_n(input + routes[i].row * width_, width_, work_.gathered + i * width_);
  }
  work_.activations.set(work_.gathered, routes.size(), width_);
  compute_feed_forward(step, layer.experts[index], routes.size(), work_.expert_out);
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const float* out = work_.expert_out + i * width_;
    float* added = work_.added + routes[i].row * width_;
    for (std::size_t d = 0; d < width_; ++d) added[d] += out[d] * routes[i].weight;
  }
}

}  // namespace retort::model
