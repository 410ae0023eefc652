// The state of a call, moved by the transport's events, timers and the caller. Whoever moves it
// holds the lock, gathers what is to be called, and calls it without.
#include "client/call.h"

#include <algorithm>
#include <utility>

#include "client/retry_decision.h"
#include "client/secrets.h"
#include "protocol/error_body.h"

namespace retort::client {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kConnectDefault{10'000};
constexpr milliseconds kDrainLongest{1'000};
// A longer limit is none: the clock's own range ends some way behind it.
constexpr milliseconds kLimitLongest = std::chrono::hours(24 * 365 * 10);

bool is_success(int status) {
  return status >= 200 && status < 300;
}

std::string text_of(milliseconds time) {
  return std::to_string(time.count()) + " ms";
}

Error cancelled() {
  return {ErrorKind::cancelled, "the call was cancelled"};
}

}  // namespace

// Takes the events of one attempt, so that those of an earlier one are told apart.
class Call::Sink final : public ResponseSink {
 public:
  Sink(std::shared_ptr<Call> call, int attempt) : call_(std::move(call)), attempt_(attempt) {}
  void on_head(HttpHead head) override { call_->on_head(attempt_, std::move(head)); }
  bool on_body(std::string_view bytes) override { return call_->on_body(attempt_, bytes); }
  void on_end(Result<void> outcome) override { call_->on_end(attempt_, std::move(outcome)); }

 private:
  const std::shared_ptr<Call> call_;
  const int attempt_;
};

std::shared_ptr<Call> Call::start(const std::shared_ptr<Transport>& transport,
                                  CallSettings settings, OnHead on_head, Opened opened) {
  auto call =
      std::make_shared<Call>(transport, std::move(settings), std::move(on_head), std::move(opened));
  if (call->settings_.stop.stop_possible()) {
    call->on_stop_.emplace(call->settings_.stop, [weak = std::weak_ptr<Call>(call)] {
      if (const std::shared_ptr<Call> held = weak.lock()) held->cancel();
    });
  }
  call->begin_attempt();
  return call;
}

Call::Call(const std::shared_ptr<Transport>& transport, CallSettings settings, OnHead on_head,
           Opened opened)
    : transport_(transport),
      settings_(std::move(settings)),
      on_head_(std::move(on_head)),
      began_(transport->now()),
      opened_(std::move(opened)) {}

// Where the transport went while this waited for its next attempt, nobody has been told yet.
Call::~Call() {
  if (opened_) opened_(cancelled());
}

Call::TimePoint Call::now() const {
  const std::shared_ptr<Transport> transport = transport_.lock();
  return transport ? transport->now() : began_;
}

void Call::run(Actions& actions) {
  for (const auto& action : actions) action();
}

void Call::cancel() {
  Actions actions;
  {
    const std::lock_guard lock(mutex_);
    body_.clear();
    finish(cancelled(), actions);
  }
  run(actions);
}

// ---- Attempts.

bool Call::prepare_attempt(HttpRequest& request, int& attempt) {
  const std::shared_ptr<Transport> transport = transport_.lock();
  const std::lock_guard lock(mutex_);
  if (done_ || !transport) return false;
  attempt = ++attempt_;
  active_ = true;
  got_bytes_ = false;
  paused_ = false;
  resumes_at_start_ = false;
  head_.reset();
  body_.clear();
  attempt_began_ = transport->now();
  request = settings_.request;
  request.connect_timeout = settings_.timeouts.connect.value_or(kConnectDefault);
  return true;
}

void Call::begin_attempt() {
  HttpRequest request;
  int attempt = 0;
  if (!prepare_attempt(request, attempt)) return;
  const CallHooks& hooks = *settings_.hooks;
  if (hooks.before) {
    if (Result<void> ready = hooks.before(request, attempt); !ready) {
      return give_up_attempt(attempt, std::move(ready).error());
    }
  }
  if (hooks.log) {
    log(LogLevel::debug,
        "attempt " + std::to_string(attempt) + ": " + request.method + " " + request.url + ", " +
            std::to_string(request.body.size()) + " bytes" +
            (hooks.log_bodies ? ": " + request.body : ""),
        request.headers);
  }
  const std::shared_ptr<Transport> transport = transport_.lock();
  if (!transport) return;
  {
    const std::lock_guard lock(mutex_);
    if (hooks.after || hooks.log) sent_ = std::make_shared<const HttpRequest>(request);
    if (!done_) set_timer();
  }
  keep_exchange(attempt, transport->start(std::move(request),
                                          std::make_shared<Sink>(shared_from_this(), attempt)));
}

void Call::give_up_attempt(int attempt, Error error) {
  Actions actions;
  {
    const std::lock_guard lock(mutex_);
    if (is_current(attempt)) fail_attempt(std::move(error), actions);
  }
  run(actions);
}

// A transport with threads may be far into the answer before this is reached.
void Call::keep_exchange(int attempt, const std::shared_ptr<Exchange>& exchange) {
  bool is_kept = false;
  bool resumes = false;
  {
    const std::lock_guard lock(mutex_);
    is_kept = is_current(attempt);
    if (is_kept) exchange_ = exchange;
    resumes = std::exchange(resumes_at_start_, false);
  }
  if (!is_kept) {
    exchange->cancel();  // it has ended already, or was given up meanwhile
  } else if (resumes) {
    exchange->resume();
  }
}

// ---- The transport's events.

void Call::on_head(int attempt, HttpHead head) {
  Actions actions;
  {
    const std::lock_guard lock(mutex_);
    if (!is_current(attempt)) return;
    head_ = std::move(head);
    if (settings_.streamed && is_success(head_->status)) open_stream(actions);
  }
  run(actions);
}

bool Call::on_body(int attempt, std::string_view bytes) {
  Actions actions;
  bool goes_on = true;
  {
    const std::lock_guard lock(mutex_);
    if (!is_current(attempt)) return true;
    if (settings_.timeouts.idle && !draining_) last_bytes_ = now();
    const bool first = !std::exchange(got_bytes_, true);
    if (!draining_) body_ += bytes;
    if (takes_stream()) {
      goes_on = draining_ || body_.size() <= settings_.stream_buffer_bytes;
      paused_ = !goes_on;
      notify_reader(actions);
    } else if (body_.size() > settings_.answer_bytes_max) {
      fail_attempt(Error(ErrorKind::malformed, "the answer is larger than " +
                                                   std::to_string(settings_.answer_bytes_max) +
                                                   " bytes (answer_bytes_max)"),
                   actions);
    }
    if (first && !done_) set_timer();
  }
  run(actions);
  return goes_on;
}

void Call::on_end(int attempt, Result<void> outcome) {
  Actions actions;
  {
    const std::lock_guard lock(mutex_);
    if (!is_current(attempt)) return;
    exchange_.reset();
    if (takes_stream()) {
      active_ = false;
      end_stream(std::move(outcome), actions);
    } else if (!outcome) {
      fail_attempt(std::move(outcome).error(), actions);
    } else {
      complete(actions);
    }
  }
  run(actions);
}

// ---- What follows from them, with the lock held.

void Call::open_stream(Actions& actions) {
  report(nullptr, std::nullopt, actions);
  tell_head(actions);
  actions.push_back([opened = std::exchange(opened_, nullptr),
                     answer = Answer{*head_, {}, attempt_}] { opened(answer); });
}

void Call::complete(Actions& actions) {
  active_ = false;
  if (!head_) {
    fail_attempt(Error(ErrorKind::malformed, "the answer has no head"), actions);
  } else if (is_success(head_->status)) {
    report(nullptr, std::nullopt, actions);
    finish(Answer{*head_, std::move(body_), attempt_}, actions);
  } else {
    fail_attempt(refusal(), actions);
  }
}

Error Call::refusal() const {
  const bool redirects = head_->status >= 300 && head_->status < 400;
  const std::string* to = head_->headers.find("location");
  Error error = redirects
                    ? Error(ErrorKind::malformed,
                            "the server redirects to " + (to ? *to : std::string("nowhere")) +
                                ", which is not followed; set base_url to where the service is")
                          .with_status(head_->status)
                    : protocol::read_error_body(head_->status, body_);
  const auto wait = retry_after(head_->headers, std::chrono::system_clock::now());
  return wait ? std::move(error).with_retry_after(*wait) : error;
}

Error Call::stamped(Error error) const {
  const std::string* id = head_ ? head_->headers.find("x-request-id") : nullptr;
  if (id != nullptr) error = Error(std::move(error).with_request_id(*id));
  return std::move(error).with_attempts(attempt_);
}

void Call::fail_attempt(Error error, Actions& actions) {
  error = stamped(std::move(error));
  active_ = false;
  drop_exchange(actions);
  clear_timer();
  const std::optional<milliseconds> wait = next_wait(error);
  report(&error, wait, actions);
  if (wait) {
    retry_in(*wait, actions);
  } else {
    finish(std::move(error), actions);
  }
}

std::optional<milliseconds> Call::next_wait(const Error& error) const {
  const auto elapsed = std::chrono::duration_cast<milliseconds>(now() - began_);
  const bool answered = head_ && error.status() != 0;
  const auto wait = retry_wait(settings_.retry, {.error = error,
                                                 .head = answered ? &*head_ : nullptr,
                                                 .retries = attempt_ - 1,
                                                 .elapsed = elapsed,
                                                 .uniform = settings_.hooks->uniform()});
  const std::optional<milliseconds> total = settings_.timeouts.total;
  // A wait that outlasts the whole call is not begun: the caller learns what is wrong now.
  if (wait && total && elapsed + *wait >= *total) return std::nullopt;
  return wait;
}

void Call::retry_in(milliseconds wait, Actions& actions) {
  actions.push_back([self = shared_from_this(), wait] {
    const std::shared_ptr<Transport> transport = self->transport_.lock();
    if (!transport) return;
    const std::lock_guard lock(self->mutex_);
    if (self->done_) return;
    self->clear_timer();
    // Held strongly: between two attempts nothing else may hold the call.
    self->timer_ =
        transport->call_at(transport->now() + wait, [self, serial = self->timer_serial_] {
          {
            const std::lock_guard at_work(self->mutex_);
            if (serial == self->timer_serial_) self->timer_.reset();
          }
          self->begin_attempt();
        });
  });
}

void Call::finish(Result<Answer> result, Actions& actions) {
  if (done_) return;
  if (takes_stream()) {
    if (!result) end_stream(std::move(result).error(), actions);
    return;
  }
  done_ = true;
  active_ = false;
  clear_timer();
  drop_exchange(actions);
  if (!result && result.error().attempts() == 0) {
    result = stamped(std::move(result).error());
  }
  tell_head(actions);
  // std::function wants what it holds to be copyable.
  actions.push_back([opened = std::exchange(opened_, nullptr),
                     result = std::make_shared<Result<Answer>>(std::move(result))] {
    opened(std::move(*result));
  });
}

void Call::tell_head(Actions& actions) {
  if (!on_head_ || !head_) return;
  actions.push_back([this, self = shared_from_this(), head = *head_, attempts = attempt_] {
    on_head_(head, attempts);
  });
}

void Call::end_stream(Result<void> end, Actions& actions) {
  if (done_) return;
  done_ = true;
  active_ = false;
  clear_timer();
  drop_exchange(actions);
  end_ = end ? std::move(end) : Result<void>(stamped(std::move(end).error()));
  notify_reader(actions);
}

void Call::drop_exchange(Actions& actions) {
  if (exchange_) actions.push_back([gone = std::exchange(exchange_, nullptr)] { gone->cancel(); });
}

// The exchange to be resumed, where there is one: with the lock held, to be used without.
std::shared_ptr<Exchange> Call::end_pause() {
  if (!std::exchange(paused_, false)) return nullptr;
  if (!exchange_ && !done_) resumes_at_start_ = true;
  return exchange_;
}

void Call::notify_reader(Actions& actions) {
  readable_.notify_all();
  if (then_readable_) actions.push_back(std::exchange(then_readable_, nullptr));
}

void Call::report(const Error* error, std::optional<milliseconds> retry_in, Actions& actions) {
  const CallHooks& hooks = *settings_.hooks;
  if (!hooks.log && !hooks.after) return;
  const auto took = std::chrono::duration_cast<milliseconds>(now() - attempt_began_);
  actions.push_back([this, self = shared_from_this(), attempt = attempt_, sent = sent_,
                     head = head_, failure = error ? std::optional(*error) : std::nullopt, retry_in,
                     took] {
    std::string line = "attempt " + std::to_string(attempt) + ": ";
    line += failure ? failure->message() : "status " + std::to_string(head->status);
    line += " after " + text_of(took);
    if (retry_in) line += ", again in " + text_of(*retry_in);
    log(failure ? LogLevel::warning : LogLevel::info, line, sent ? sent->headers : Headers());
    if (!settings_.hooks->after || !sent) return;
    settings_.hooks->after({.attempt = attempt,
                            .request = *sent,
                            .head = head ? &*head : nullptr,
                            .error = failure ? &*failure : nullptr,
                            .retry_in = retry_in,
                            .took = took});
  });
}

// A server may repeat in its error what it was sent.
void Call::log(LogLevel level, const std::string& line, const Headers& sent) const {
  if (settings_.hooks->log) settings_.hooks->log(level, without_secrets(line, sent));
}

// ---- Limits.

std::optional<Call::Limit> Call::next_limit() const {
  const Timeouts& limits = settings_.timeouts;
  std::optional<Limit> next;
  const auto consider = [&next](TimePoint from, std::optional<milliseconds> length,
                                const char* name) {
    if (!length || *length > kLimitLongest) return;
    if (!next || from + *length < next->at) next = {from + *length, name, *length};
  };
  consider(began_, limits.total, "total");
  if (draining_) consider(last_bytes_, kDrainLongest, "drain");
  if (!active_) return next;
  consider(attempt_began_, limits.attempt, "attempt");
  if (!got_bytes_) consider(attempt_began_, limits.first_byte, "first_byte");
  if (got_bytes_ && !paused_) consider(last_bytes_, limits.idle, "idle");
  return next;
}

// One timer, for the limit that comes first. An idle limit that moves on leaves it where it is.
void Call::set_timer() {
  const std::optional<Limit> limit = next_limit();
  if (timer_ && limit && timer_at_ <= limit->at) return;
  clear_timer();
  const std::shared_ptr<Transport> transport = transport_.lock();
  if (!limit || !transport) return;
  timer_at_ = limit->at;
  timer_ = transport->call_at(limit->at, [weak = weak_from_this(), serial = timer_serial_] {
    if (const std::shared_ptr<Call> call = weak.lock()) call->on_timer(serial);
  });
}

void Call::clear_timer() {
  ++timer_serial_;
  if (!timer_) return;
  if (const std::shared_ptr<Transport> transport = transport_.lock()) {
    transport->cancel_timer(*timer_);
  }
  timer_.reset();
}

void Call::on_timer(std::uint64_t serial) {
  const std::shared_ptr<Transport> transport = transport_.lock();
  Actions actions;
  {
    const std::lock_guard lock(mutex_);
    if (serial != timer_serial_) return;
    timer_.reset();
    const std::optional<Limit> limit = next_limit();
    if (done_ || !limit || !transport) return;
    if (limit->at > transport->now()) return set_timer();
    const std::string_view name = limit->name;
    Error error(ErrorKind::timeout,
                "no answer within " + text_of(limit->length) + " (timeouts." + limit->name + ")");
    error = Error(std::move(error).with_code(limit->name));
    if (takes_stream()) {
      end_stream(std::move(error), actions);
    } else if (name == "total") {
      finish(std::move(error), actions);
    } else {
      fail_attempt(std::move(error), actions);
    }
  }
  run(actions);
}

// ---- Reading a stream.

Call::Progress Call::read(std::string& bytes) {
  std::shared_ptr<Exchange> resumed;
  Progress progress;
  {
    const std::lock_guard lock(mutex_);
    bytes.clear();
    bytes.swap(body_);
    progress.got_bytes = !bytes.empty();
    if (!progress.got_bytes) progress.end = end_;
    if (paused_) {
      resumed = end_pause();
      last_bytes_ = now();
      if (!done_) set_timer();
    }
  }
  if (resumed) resumed->resume();
  return progress;
}

void Call::wait(Transport& transport) {
  const auto is_ready = [this] {
    const std::lock_guard lock(mutex_);
    return is_readable();
  };
  while (!is_ready() && transport.run_one()) {
  }
  std::unique_lock lock(mutex_);
  readable_.wait(lock, [this] { return is_readable(); });
}

void Call::on_readable(std::function<void()> then) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_readable()) {
      then_readable_ = std::move(then);
      return;
    }
  }
  then();
}

void Call::drain() {
  std::shared_ptr<Exchange> resumed;
  {
    const std::lock_guard lock(mutex_);
    if (done_) return;
    draining_ = true;
    body_.clear();
    last_bytes_ = now();
    set_timer();
    resumed = end_pause();
  }
  if (resumed) resumed->resume();
}

}  // namespace retort::client
