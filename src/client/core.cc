#include "client/core.h"

#include <cstdlib>
#include <exception>
#include <random>
#include <utility>

#include <retort/version.h>

#include "client/secrets.h"

namespace retort::client {
namespace {

constexpr std::string_view kDefaultUrl = "http://127.0.0.1:8080";

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// A line break in a field would begin another field.
bool is_field_text(std::string_view text) {
  for (const char byte : text) {
    if (static_cast<unsigned char>(byte) < 0x20 && byte != '\t') return false;
    if (byte == '\x7f') return false;
  }
  return true;
}

bool is_field_name(std::string_view name) {
  constexpr std::string_view kToken =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return !name.empty() && name.find_first_not_of(kToken) == std::string_view::npos;
}

Result<void> check_fields(const Headers& headers) {
  for (const auto& [name, value] : headers) {
    if (is_field_name(name) && is_field_text(value)) continue;
    const bool is_key = holds_key({{name, ""}});
    return Error(ErrorKind::config, "the header '" + (is_field_text(name) ? name : "") +
                                        "' cannot be sent: its name or value has characters that "
                                        "no header may have, such as a line break" +
                                        (is_key ? " (it is made of the API key)" : ""))
        .with_param(is_key ? "api_key" : "headers");
  }
  return {};
}

// Where a key may not go; empty where it may.
std::string unsafe_origin(const ClientOptions& options, const BaseUrl& url) {
  const bool stays_here = url.is_loopback && options.network.proxy.empty();
  const bool is_safe = url.is_encrypted || stays_here || !options.network.unix_socket.empty() ||
                       options.api_key_over_http;
  return is_safe ? "" : url.origin;
}

// What every request must keep to, whoever wrote its headers: options, a key source or a hook.
Result<void> check_headers(const Headers& headers, const std::string& unsafe_origin) {
  if (!unsafe_origin.empty() && holds_key(headers)) {
    return Error(ErrorKind::config, "the API key would go over plain http to " + unsafe_origin +
                                        ", for all to read; use https, or say api_key_over_http")
        .with_param("api_key_over_http");
  }
  return check_fields(headers);
}

// Runs code of the program's own, which may throw.
template <typename Run>
Result<void> guarded(const char* name, const Run& run) {
  const auto failed = [name](const std::string& why) {
    return Error(ErrorKind::config, std::string(name) + " failed: " + why).with_param(name);
  };
  try {
    run();
    return {};
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return failed(error.what());
  } catch (...) {
    return failed("it threw what is no std::exception");
  }
}

double random_uniform() {
  thread_local std::minstd_rand generator(std::random_device{}());
  return std::uniform_real_distribution<double>(0, 1)(generator);
}

std::string user_agent() {
  return "retort/" + std::string(version());
}

}  // namespace

ResponseInfo response_info(const HttpHead& head, int attempts) {
  const std::string* id = head.headers.find("x-request-id");
  return {.status = head.status,
          .headers = head.headers,
          .request_id = id ? *id : "",
          .attempts = attempts};
}

Core::Core(ClientOptions options) : options_(std::move(options)) {
  std::string base = options_.base_url.empty() ? environment("RETORT_BASE_URL") : options_.base_url;
  if (base.empty()) base = kDefaultUrl;
  Result<BaseUrl> url = read_base_url(base);
  if (url) {
    url_ = std::move(*url);
  } else {
    problem_ = std::move(url).error();
  }
  api_key_ = options_.api_key ? *options_.api_key : environment("RETORT_API_KEY");
  transport_ = options_.transport ? options_.transport : curl_transport(options_.network);
  hooks_ = std::make_shared<const CallHooks>(make_hooks());
}

CallHooks Core::make_hooks() const {
  CallHooks hooks;
  hooks.after = options_.after_attempt;
  hooks.log = options_.log;
  hooks.log_bodies = options_.log_bodies;
  hooks.uniform = options_.uniform ? options_.uniform : random_uniform;
  if (!options_.api_key_source && !options_.before_attempt) return hooks;
  hooks.before = [source = options_.api_key_source, before = options_.before_attempt,
                  unsafe = url_ ? unsafe_origin(options_, *url_) : ""](
                     HttpRequest& request, int attempt) -> Result<void> {
    const auto take_key = [&] {
      const std::string key = source();
      request.headers.remove("Authorization");
      if (!key.empty()) request.headers.set("Authorization", "Bearer " + key);
    };
    Result<void> done = source ? guarded("api_key_source", take_key) : Result<void>();
    if (done && before) done = guarded("before_attempt", [&] { before(request, attempt); });
    return done ? check_headers(request.headers, unsafe) : done;
  };
  return hooks;
}

Result<void> Core::add_headers(HttpRequest& request, const RequestOptions& options) const {
  Headers& headers = request.headers;
  if (!request.body.empty()) headers.set("Content-Type", "application/json");
  headers.set("User-Agent", user_agent());
  if (!api_key_.empty()) headers.set("Authorization", "Bearer " + api_key_);
  if (!options.idempotency_key.empty()) headers.set("Idempotency-Key", options.idempotency_key);
  for (const auto& [name, value] : options_.headers) headers.set(name, value);
  for (const auto& [name, value] : options.headers) headers.set(name, value);
  return check_headers(headers, unsafe_origin(options_, *url_));
}

namespace {

// Each limit that the call sets, else the client's.
Timeouts merged(const Timeouts& call, const Timeouts& client) {
  const auto either = [](const auto& first, const auto& second) { return first ? first : second; };
  return {.connect = either(call.connect, client.connect),
          .first_byte = either(call.first_byte, client.first_byte),
          .idle = either(call.idle, client.idle),
          .total = either(call.total, client.total),
          .attempt = either(call.attempt, client.attempt)};
}

}  // namespace

Result<CallSettings> Core::settings(ApiRequest request, const RequestOptions& options) const {
  if (problem_) return *problem_;
  CallSettings settings;
  HttpRequest& sent = settings.request;
  sent.method = std::move(request.method);
  sent.url = (request.beside_api ? url_->origin : url_->api) + request.path;
  sent.body = std::move(request.body);
  sent.headers.set("Accept", request.streamed ? "text/event-stream" : "application/json");
  if (Result<void> added = add_headers(sent, options); !added) return std::move(added).error();
  settings.streamed = request.streamed;
  settings.timeouts = merged(options.timeouts, options_.timeouts);
  settings.retry = options.retry.value_or(options_.retry);
  settings.stop = options.stop;
  settings.answer_bytes_max = options_.answer_bytes_max;
  settings.stream_buffer_bytes = options_.stream_buffer_bytes;
  settings.hooks = hooks_;
  return settings;
}

std::shared_ptr<Call> Core::start(ApiRequest request, const RequestOptions& options,
                                  Call::Opened opened) const {
  Result<CallSettings> ready = settings(std::move(request), options);
  if (!ready) {
    opened(std::move(ready).error());
    return nullptr;
  }
  OnHead on_head;
  if (options.on_response) {
    on_head = [tell = options.on_response](const HttpHead& head, int attempts) {
      tell(response_info(head, attempts));
    };
  }
  return Call::start(transport_, std::move(*ready), std::move(on_head), std::move(opened));
}

Result<Answer> Core::run(ApiRequest request, const RequestOptions& options) const {
  const auto state = std::make_shared<FutureState<Answer>>(nullptr);
  const std::shared_ptr<Call> call =
      start(std::move(request), options,
            [state](Result<Answer> answer) { state->set(std::move(answer)); });
  state->wait(*transport_);
  return state->take();
}

}  // namespace retort::client

namespace retort {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

ClientOptions ClientOptions::from_atoma_environment() {
  ClientOptions options;
  options.base_url = "https://api.atoma.network";
  options.api_key = variable("ATOMASDK_BEARER_AUTH");
  return options;
}

ClientOptions ClientOptions::from_openai_environment() {
  ClientOptions options;
  options.base_url = variable("OPENAI_BASE_URL");
  if (options.base_url.empty()) options.base_url = "https://api.openai.com/v1";
  options.api_key = variable("OPENAI_API_KEY");
  if (const std::string organization = variable("OPENAI_ORG_ID"); !organization.empty()) {
    options.headers.set("OpenAI-Organization", organization);
  }
  if (const std::string project = variable("OPENAI_PROJECT_ID"); !project.empty()) {
    options.headers.set("OpenAI-Project", project);
  }
  return options;
}

}  // namespace retort
