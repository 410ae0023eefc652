#include "api/chat_completions.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "api/chat_answer.h"
#include "base/json_writer.h"
#include "protocol/chat_request.h"
#include "protocol/chat_writer.h"

namespace retort::api {
namespace {

// A body of another type is refused before it is read; no type at all is taken for JSON.
Result<void> check_content_type(const http::Headers& headers) {
  const std::optional<std::string_view> type = headers.find("content-type");
  if (!type) return {};
  const std::string_view media = type->substr(0, type->find(';'));
  const std::size_t end = media.find_last_not_of(' ');
  if (http::equals_ignoring_case(media.substr(0, end + 1), "application/json")) return {};
  return Error(ErrorKind::unsupported_media,
               "The body must be JSON: send Content-Type: application/json.");
}

struct Admitted {
  protocol::ParsedRequest parsed;
  protocol::WireStyle style;
  std::unique_ptr<provider::Prepared> prepared;
};

// Everything that can refuse a request.
base::Awaitable<Result<Admitted>> admit(const Services& services, http::Exchange& exchange) {
  const http::RequestHead& head = exchange.head();
  if (Result<void> allowed = services.keys.authenticate(head.headers); !allowed) {
    co_return std::move(allowed).error();
  }
  if (Result<void> typed = check_content_type(head.headers); !typed) {
    co_return std::move(typed).error();
  }
  Result<std::string> body = co_await exchange.read_body(SIZE_MAX);
  if (!body) co_return std::move(body).error();
  Result<protocol::ParsedRequest> parsed = protocol::parse_chat_request(*body);
  if (!parsed) co_return std::move(parsed).error();
  Result<provider::ProviderPool::Pick> pick = services.models.pick(parsed->request.model);
  if (!pick) co_return std::move(pick).error();

  // From here on the request is the provider's to refuse.
  provider::RequestContext context{.request_id = head.request_id,
                                   .model_name = parsed->request.model,
                                   .executor = exchange.executor()};
  Result<std::unique_ptr<provider::Prepared>> prepared =
      co_await pick->provider->prepare(parsed->request, std::move(context));
  if (!prepared) co_return std::move(prepared).error();
  const std::string_view agent = head.headers.find("user-agent").value_or("");
  const protocol::WireStyle style = protocol::wire_style_for(agent, parsed->request);
  co_return Admitted{
      .parsed = std::move(parsed).value(), .style = style, .prepared = std::move(prepared).value()};
}

// One line a request that was served. It holds nothing of what was said; `user` and
// `safety_identifier` are there for the operator who has to find one user's requests.
void log_request(const base::Log& log, const std::string& request_id, const ChatRequest& request,
                 const Usage& usage, Outcome outcome, base::SteadyClock::duration time) {
  std::string line = "chat request=" + request_id + " model=";
  base::append_json_string(line, request.model);
  line += " outcome=" + std::string(outcome_name(outcome)) +
          " prompt_tokens=" + std::to_string(usage.prompt_tokens) +
          " completion_tokens=" + std::to_string(usage.completion_tokens) + " ms=" +
          std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
  constexpr std::size_t kNameBytesMax = 64;
  for (const auto& [name, value] : {std::pair{" user=", &request.user},
                                    std::pair{" safety_identifier=", &request.safety_identifier}}) {
    if (!*value) continue;
    line += name;
    base::append_json_string(line, std::string_view(**value).substr(0, kNameBytesMax));
  }
  log.info(line);
}

void list_ignored(http::Exchange& exchange, Admitted& admitted) {
  protocol::IgnoredFields& ignored = admitted.parsed.ignored;
  for (const std::string& path : admitted.prepared->ignored()) ignored.add(path);
  if (!ignored.empty()) exchange.add_header("x-retort-ignored", ignored.header_value());
}

}  // namespace

base::Awaitable<> chat_completions(const Services& services, http::Exchange& exchange) {
  const base::SteadyClock::time_point began = base::SteadyClock::now();
  Result<Admitted> admitted = co_await admit(services, exchange);
  if (!admitted) {
    (void)co_await exchange.respond_error(admitted.error());
    co_return;
  }
  list_ignored(exchange, *admitted);
  const ChatRequest& request = admitted->parsed.request;
  Result<std::unique_ptr<provider::ChatStream>> stream = admitted->prepared->start();
  if (!stream) {
    services.chat_metrics.finished(request.model, Outcome::refused,
                                   base::SteadyClock::now() - began);
    (void)co_await exchange.respond_error(stream.error());
    co_return;
  }
  provider::ChatStream& chunks = **stream;
  exchange.on_disconnect([&chunks] { chunks.cancel(); });
  ChatAnswer answer{.exchange = exchange,
                    .chunks = chunks,
                    .style = admitted->style,
                    .metrics = services.chat_metrics,
                    .model = request.model,
                    .began = began};
  const Outcome outcome = request.stream.value_or(false) ? co_await send_stream(answer)
                                                         : co_await send_document(answer);
  exchange.on_disconnect({});
  const base::SteadyClock::duration time = base::SteadyClock::now() - began;
  const Usage usage = chunks.usage();
  services.chat_metrics.finished(request.model, outcome, time);
  services.chat_metrics.used(request.model, usage);
  log_request(services.log, exchange.head().request_id, request, usage, outcome, time);
}

}  // namespace retort::api
