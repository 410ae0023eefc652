// A provider that answers what it was told: for tests of what stands above providers.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "provider/provider.h"

namespace retort::provider {

// How a FakeProvider answers every request.
struct FakeScript {
  std::vector<std::string> pieces = {"Hel", "lo"};  // content, a chunk each
  std::optional<Error> refusal;                     // prepare() fails with it
  std::optional<Error> start_error;                 // start() fails with it
  std::optional<Error> late_error;                  // after the pieces, instead of the end
  bool hangs = false;  // after the pieces nothing more comes until cancel()
  std::vector<std::string> ignored;
};

// Thread-safe as far as its script is not changed.
class FakeProvider final : public Provider {
 public:
  FakeProvider(std::string model, FakeScript script);

  const std::vector<ModelInfo>& models() const override { return models_; }
  base::Awaitable<Result<std::unique_ptr<Prepared>>> prepare(const ChatRequest& request,
                                                             RequestContext context) override;

  // How many streams were cancelled before their end.
  const std::atomic<int>& cancelled() const { return cancelled_; }

 private:
  std::vector<ModelInfo> models_;
  const FakeScript script_;
  std::atomic<int> cancelled_ = 0;
};

}  // namespace retort::provider
