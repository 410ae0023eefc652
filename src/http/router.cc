#include "http/router.h"

#include <algorithm>

namespace retort::http {
namespace {

// "/v1/models/" -> {"v1", "models"}; "/" -> {}. As sent: a "%2F" is no slash.
std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  while (!path.empty()) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    segments.push_back(path.substr(0, slash));
    // A trailing slash was taken off, so one found here has a segment behind it, empty or not.
    const bool last = slash == path.size();
    path.remove_prefix(last ? slash : slash + 1);
    if (!last && path.empty()) segments.emplace_back();
  }
  return segments;
}

// The methods a path answers: HEAD wherever GET, and OPTIONS always.
std::string allowed_methods(const std::vector<std::pair<std::string, Handler>>& handlers) {
  std::string text;
  for (const auto& [method, handler] : handlers) {
    text += method + ", ";
    if (method == "GET") text += "HEAD, ";
  }
  return text + "OPTIONS";
}

base::Awaitable<> answer_not_found(Exchange& exchange) {
  // The answer may fail only because the client has gone, and then there is nobody to tell.
  (void)co_await exchange.respond_error(
      Error(ErrorKind::not_found,
            "There is no route " + exchange.head().method + " " + exchange.head().path + ".")
          .with_code("route_not_found"));
}

}  // namespace

void PathParameters::add(std::string name, std::string value) {
  values_.emplace_back(std::move(name), std::move(value));
}

std::string_view PathParameters::operator[](std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return value;
  }
  return {};
}

Result<std::vector<Router::Segment>> Router::parse(const std::string& pattern) {
  const auto malformed = [&] {
    return Error(ErrorKind::config, "malformed route pattern: " + pattern);
  };
  if (!pattern.starts_with('/')) return malformed();
  std::vector<Segment> segments;
  for (std::string_view text : split(pattern)) {
    const bool last_was_rest = !segments.empty() && segments.back().kind == Segment::Kind::rest;
    if (text.empty() || last_was_rest) return malformed();
    if (!text.starts_with('{')) {
      if (text.find_first_of("{}") != std::string_view::npos) return malformed();
      segments.push_back({Segment::Kind::literal, std::string(text)});
      continue;
    }
    if (!text.ends_with('}') || text.size() < 3) return malformed();
    text = text.substr(1, text.size() - 2);
    const bool rest = text.ends_with("...");
    if (rest) text.remove_suffix(3);
    if (text.empty() || text.find_first_of("{}.") != std::string_view::npos) return malformed();
    segments.push_back({rest ? Segment::Kind::rest : Segment::Kind::one, std::string(text)});
  }
  return segments;
}

Result<void> Router::add(std::string method, std::string pattern, Handler handler) {
  Result<std::vector<Segment>> segments = parse(pattern);
  if (!segments) return std::move(segments).error();
  auto path = std::ranges::find(paths_, pattern, &Path::pattern);
  if (path == paths_.end()) {
    // Kept in the order in which they are tried: at the first segment that differs in kind, a
    // literal comes before {name}, and that before {name...}.
    const auto kinds_less = [](const Path& left, const Path& right) {
      return std::ranges::lexicographical_compare(left.segments, right.segments, {}, &Segment::kind,
                                                  &Segment::kind);
    };
    Path added{std::move(pattern), std::move(*segments), {}};
    path = std::ranges::upper_bound(paths_, added, kinds_less);
    path = paths_.insert(path, std::move(added));
  }
  if (std::ranges::any_of(path->handlers, [&](const auto& one) { return one.first == method; })) {
    return Error(ErrorKind::config, "route " + method + " " + path->pattern + " is there already");
  }
  path->handlers.emplace_back(std::move(method), std::move(handler));
  return {};
}

std::optional<PathParameters> Router::fit(const Path& path,
                                          const std::vector<std::string_view>& segments) {
  const std::vector<Segment>& wanted = path.segments;
  const bool has_rest = !wanted.empty() && wanted.back().kind == Segment::Kind::rest;
  if (has_rest ? segments.size() < wanted.size() : segments.size() != wanted.size()) {
    return std::nullopt;
  }
  PathParameters parameters;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    std::string_view sent = segments[i];
    if (wanted[i].kind == Segment::Kind::rest) {
      const std::string_view last = segments.back();
      sent = std::string_view(sent.begin(), last.end());  // both lie in the path
    }
    std::optional<std::string> decoded = percent_decode(sent);
    if (!decoded || decoded->empty()) return std::nullopt;
    if (wanted[i].kind != Segment::Kind::literal) {
      parameters.add(wanted[i].text, std::move(*decoded));
    } else if (*decoded != wanted[i].text) {
      return std::nullopt;
    }
  }
  return parameters;
}

std::optional<Router::Match> Router::match(std::string_view target) const {
  const std::vector<std::string_view> segments = split(target.substr(0, target.find('?')));
  for (const Path& path : paths_) {
    if (std::optional<PathParameters> parameters = fit(path, segments)) {
      return Match{&path, std::move(*parameters)};
    }
  }
  return std::nullopt;
}

base::Awaitable<> Router::dispatch(Exchange& exchange) const {
  const RequestHead& head = exchange.head();
  if (head.target == "*") {  // OPTIONS * asks about the server as a whole (RFC 9110, 9.3.7)
    (void)co_await exchange.respond_options("GET, HEAD, POST, DELETE, PATCH, OPTIONS");
    co_return;
  }
  const std::optional<Match> found = match(head.target);
  if (!found) {
    const Handler& handler = not_found_;
    if (handler) {
      const PathParameters none;
      co_await handler(exchange, none);
    } else {
      co_await answer_not_found(exchange);
    }
    co_return;
  }
  exchange.set_route(found->path->pattern);
  const auto& handlers = found->path->handlers;
  auto handler = std::ranges::find(handlers, head.method, &std::pair<std::string, Handler>::first);
  if (handler == handlers.end() && head.method == "HEAD") {
    handler = std::ranges::find(handlers, "GET", &std::pair<std::string, Handler>::first);
  }
  if (handler == handlers.end()) {
    co_await answer_other_method(exchange, *found->path);
    co_return;
  }
  co_await handler->second(exchange, found->parameters);
}

base::Awaitable<> Router::answer_other_method(Exchange& exchange, const Path& path) const {
  const std::string allowed = allowed_methods(path.handlers);
  if (exchange.head().method == "OPTIONS") {
    (void)co_await exchange.respond_options(allowed);
    co_return;
  }
  exchange.add_header("allow", allowed);
  (void)co_await exchange.respond_error(
      Error(ErrorKind::method_not_allowed,
            path.pattern + " answers " + allowed + ", not " + exchange.head().method + ".")
          .with_code("method_not_allowed"));
}

std::vector<std::pair<std::string, std::string>> Router::routes() const {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Path& path : paths_) {
    for (const auto& [method, handler] : path.handlers) all.emplace_back(method, path.pattern);
  }
  return all;
}

}  // namespace retort::http
