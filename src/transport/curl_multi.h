// CurlMulti: libcurl's multi interface as a place for the I/O loop to wait. All exchanges of a
// transport are in it; connections are kept and shared.
#pragma once

#include <curl/curl.h>

#include <atomic>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <retort/transport.h>

#include "transport/io_loop.h"

namespace retort::transport {

class CurlMulti;

// One request in libcurl. The two methods of Exchange are thread-safe, the rest is the loop's.
class CurlExchange final : public Exchange, public std::enable_shared_from_this<CurlExchange> {
 public:
  CurlExchange(HttpRequest request, std::shared_ptr<ResponseSink> sink,
               std::weak_ptr<CurlMulti> multi, std::weak_ptr<IoLoop::Handle> loop);
  ~CurlExchange() override;

  void resume() override;
  void cancel() override;

 private:
  friend class CurlMulti;

  CURLcode set_up(const NetworkOptions& options);
  CURLcode set_network(const NetworkOptions& options);
  CURLcode set_request();
  bool take_header(std::string_view line);
  bool end_head();
  Result<void> outcome_of(CURLcode code) const;

  // libcurl is C: an exception must not pass through it.
  static std::size_t on_header(char* data, std::size_t size, std::size_t count,
                               void* self) noexcept;
  static std::size_t on_write(char* data, std::size_t size, std::size_t count, void* self) noexcept;

  HttpRequest request_;
  const std::shared_ptr<ResponseSink> sink_;
  const std::weak_ptr<CurlMulti> multi_;
  const std::weak_ptr<IoLoop::Handle> loop_;
  std::atomic<bool> cancelled_ = false;

  CURL* easy_ = nullptr;
  curl_slist* fields_ = nullptr;
  HttpHead head_;
  std::size_t head_bytes_ = 0;  // of all heads, informational ones too
  bool has_head_ = false;
  bool paused_ = false;
  char problem_[CURL_ERROR_SIZE] = {};
};

// On the loop's thread, all but wake().
class CurlMulti final : public Waiter {
 public:
  explicit CurlMulti(NetworkOptions options);
  ~CurlMulti() override;

  void add(const std::shared_ptr<CurlExchange>& exchange);
  void remove(const std::shared_ptr<CurlExchange>& exchange);

  void wait(std::optional<Clock::time_point> until) override;
  void wake() override;
  void stopped() override;

 private:
  void finish(const std::shared_ptr<CurlExchange>& exchange, Result<void> outcome);
  void release(CurlExchange& exchange);
  void take_results();

  const NetworkOptions options_;
  CURLM* multi_;
  std::set<std::shared_ptr<CurlExchange>> exchanges_;
  std::vector<CURL*> spare_;                                         // handles to use again
  const std::shared_ptr<Waiter> without_curl_ = condition_waiter();  // where multi_ is null
};

}  // namespace retort::transport
