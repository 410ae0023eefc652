#include "http/byte_stream.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/metrics.h"

namespace retort::http {
namespace {

constexpr auto kNoThrow = boost::asio::as_tuple(boost::asio::use_awaitable);
using base::SteadyClock;

}  // namespace

ByteStream::ByteStream(std::unique_ptr<Transport> transport, const base::Executor& executor,
                       const Limits& limits, Traffic traffic)
    : transport_(std::move(transport)),
      limits_(limits),
      traffic_(traffic),
      arrival_(executor),
      room_(executor, SteadyClock::time_point::max()),
      watchdog_(executor) {}

base::Awaitable<bool> ByteStream::handshake(std::chrono::milliseconds limit) {
  start_watch(limit);
  const bool done = co_await transport_->handshake();
  watching_ = false;
  co_return done && !broken_;
}

void ByteStream::start_reading() {
  base::spawn(arrival_.get_executor(), read_until_end(shared_from_this()));
}

base::Awaitable<> ByteStream::read_until_end(std::shared_ptr<ByteStream> stream) {
  while (!stream->ended_) {
    if (stream->input_.size() >= stream->limits_.input_bytes_max) {
      co_await stream->wait_for_room();
      continue;
    }
    const ReadResult read = co_await stream->transport_->read_some(stream->buffer_);
    if (read.state == ReadResult::State::bytes) {
      stream->take({stream->buffer_.data(), read.bytes});
    } else {
      stream->end(read.state == ReadResult::State::failed);
    }
  }
}

base::Awaitable<> ByteStream::wait_for_room() {
  co_await room_.async_wait(kNoThrow);
}

void ByteStream::take(std::string_view bytes) {
  traffic_.received->add(static_cast<double>(bytes.size()));
  if (discarding_) {
    discarded_bytes_ += bytes.size();
    if (discarded_bytes_ > limits_.linger_bytes_max) end(true);
    return;
  }
  input_.append(bytes);
  fresh_ = true;
  arrival_.cancel();
}

void ByteStream::end(bool broken) {
  broken_ = broken_ || broken;
  if (std::exchange(ended_, true)) return;
  arrival_.cancel();
  room_.cancel();
  if (const std::function<void()> callback = std::exchange(on_end_, {})) callback();
}

void ByteStream::consume(std::size_t bytes) {
  input_.erase(0, bytes);
  room_.cancel();
}

base::Awaitable<ByteStream::Arrival> ByteStream::wait_input(SteadyClock::time_point deadline) {
  for (;;) {
    if (std::exchange(fresh_, false)) co_return Arrival::bytes;
    if (ended_) co_return Arrival::end;
    if (SteadyClock::now() >= deadline) co_return Arrival::timeout;
    arrival_.expires_at(deadline);
    co_await arrival_.async_wait(kNoThrow);
  }
}

// The watchdog's timer is left running from one write to the next: setting it anew for every chunk
// of every stream would cost more than the writes.
void ByteStream::start_watch(std::chrono::milliseconds limit) {
  watch_until_ = SteadyClock::now() + limit;
  watching_ = true;
  if (!watchdog_armed_ || watchdog_.expiry() > watch_until_) arm_watchdog();
}

void ByteStream::arm_watchdog() {
  watchdog_armed_ = true;
  watchdog_.expires_at(watch_until_);
  watchdog_.async_wait([stream = weak_from_this()](const boost::system::error_code& error) {
    const std::shared_ptr<ByteStream> self = stream.lock();
    if (error || !self) return;
    self->watchdog_armed_ = false;
    if (!self->watching_) return;
    if (SteadyClock::now() < self->watch_until_) return self->arm_watchdog();
    self->cut();
  });
}

base::Awaitable<Result<void>> ByteStream::write(std::string_view bytes) {
  if (!broken_) {
    start_watch(limits_.write_timeout);
    const bool written = co_await transport_->write_all(bytes);
    watching_ = false;
    if (written && !broken_) {
      traffic_.sent->add(static_cast<double>(bytes.size()));
      co_return Result<void>();
    }
    cut();
  }
  co_return Error(ErrorKind::connection, "The client has closed the connection.");
}

base::Awaitable<> ByteStream::close_gently() {
  on_end_ = {};
  if (!broken_) {
    const SteadyClock::time_point deadline = SteadyClock::now() + limits_.linger_timeout;
    discarding_ = true;
    input_.clear();
    room_.cancel();
    start_watch(limits_.linger_timeout);
    co_await transport_->end_output();
    watching_ = false;
    while (co_await wait_input(deadline) == Arrival::bytes) continue;
  }
  cut();
}

void ByteStream::cut() {
  watching_ = false;
  watchdog_.cancel();
  transport_->close();
  end(true);
}

}  // namespace retort::http
