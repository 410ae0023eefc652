// Background: a few threads for work that would hold up an I/O thread.
//
// Compiling a schema or encoding a long prompt takes milliseconds; every stream of the I/O thread
// that did it would wait. A coroutine hands the work over and goes on, on its own executor, when
// the result is there.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <retort/result.h>

#include "base/async.h"

namespace retort::base {

struct BackgroundOptions {
  int threads = 1;
  std::size_t waiting_max = 1024;  // pieces of work; more are refused
};

// Thread-safe. The destructor ends what is running and drops what waits.
class Background {
 public:
  explicit Background(const BackgroundOptions& options = {});
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // Runs `work`, which returns a Result and owns all it needs: it may run on where the coroutine
  // has been cancelled. Fails with rate_limit where too much waits, with cancelled at the end of
  // the program. On `executor`, the coroutine's.
  template <typename Work>
  Awaitable<std::invoke_result_t<Work>> run(Executor executor, Work work) {
    using Outcome = std::invoke_result_t<Work>;
    auto done = std::make_shared<AsyncQueue<Outcome>>(executor, 1);
    // A std::function is copied; the work need not be copyable.
    auto owned = std::make_shared<Work>(std::move(work));
    if (!submit([done, owned] { done->finish((*owned)()); }, [done] { done->close(); })) {
      co_return Error(ErrorKind::rate_limit, "the server is busy; try again shortly")
          .with_code("queue_full")
          .with_retry_after(std::chrono::seconds(1));
    }
    std::optional<Outcome> outcome = co_await done->pop();
    done->leave();
    if (!outcome) co_return Error(ErrorKind::cancelled, "the request was cancelled");
    co_return std::move(*outcome);
  }

 private:
  struct Piece {
    std::function<void()> work, drop;
  };

  bool submit(std::function<void()> work, std::function<void()> drop);
  void loop() noexcept;

  const std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> waiting_;  // under mutex_
  bool stopping_ = false;      // under mutex_
  std::vector<std::thread> threads_;
};

}  // namespace retort::base
