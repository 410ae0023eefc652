// The thread that works out the masks of constrained sequences while the forward pass runs.
//
// A mask depends on the tokens so far only, so it is ready when the logits are. What a mask says
// does not depend on when it was made (promise 2).
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/sequence.h"

namespace retort::engine {

// begin() and finish() from one thread, in turn.
class MaskThread {
 public:
  MaskThread() = default;
  ~MaskThread();
  MaskThread(const MaskThread&) = delete;
  MaskThread& operator=(const MaskThread&) = delete;

  // Starts filling the masks of `sequences`, which want some. They must stay as they are until
  // finish(). The thread itself is started at the first use.
  void begin(std::vector<Sequence*> sequences);
  // Returns when all masks are filled.
  void finish();

 private:
  void loop() noexcept;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Sequence*> work_;  // under mutex_; empty: none, or all done
  bool stopping_ = false;        // under mutex_
  std::thread thread_;
};

}  // namespace retort::engine
