// The table of routes: (method, path pattern) -> handler.
//
// http/connection gives each request to dispatch(), which finds the handler and deals with what is
// the same for all routes: HEAD, OPTIONS and CORS preflight, unknown paths (404), methods a path
// does not have (405 with Allow). Built before the server listens, then read by all I/O threads.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <retort/result.h>

#include "base/async.h"
#include "http/exchange.h"

namespace retort::http {

// What the {names} of a pattern matched, percent-decoded, in the pattern's order.
class PathParameters {
 public:
  void add(std::string name, std::string value);
  // The value of {name}; empty where the pattern has no such name.
  std::string_view operator[](std::string_view name) const;
  std::size_t size() const noexcept { return values_.size(); }

 private:
  std::vector<std::pair<std::string, std::string>> values_;
};

// The parameters live until the handler's coroutine ends.
using Handler = std::function<base::Awaitable<>(Exchange&, const PathParameters&)>;

class Router {
 public:
  // `pattern` is "/" or segments: a literal, {name} for any one segment that is not empty, or as
  // the last one {name...} for the rest of the path with its slashes (model ids have some). Where
  // several patterns fit, a literal wins over {name}, which wins over {name...}. One slash at a
  // request's end is overlooked. A config error where the pattern is malformed or there already.
  Result<void> add(std::string method, std::string pattern, Handler handler);

  // Answers requests whose path fits no pattern; a plain 404 error where none is set.
  void set_not_found(Handler handler) { not_found_ = std::move(handler); }

  // Answers `exchange`. Thread-safe once no more routes are added.
  base::Awaitable<> dispatch(Exchange& exchange) const;

  // Every (method, pattern), in the order they are tried: for documents made from the table.
  std::vector<std::pair<std::string, std::string>> routes() const;

 private:
  struct Segment {
    enum class Kind { literal, one, rest } kind;
    std::string text;
  };
  struct Path {
    std::string pattern;
    std::vector<Segment> segments;
    std::vector<std::pair<std::string, Handler>> handlers;  // by method, in the order added
  };
  struct Match {
    const Path* path;
    PathParameters parameters;
  };

  static Result<std::vector<Segment>> parse(const std::string& pattern);
  static std::optional<PathParameters> fit(const Path& path,
                                           const std::vector<std::string_view>& segments);
  std::optional<Match> match(std::string_view target) const;
  base::Awaitable<> answer_other_method(Exchange& exchange, const Path& path) const;

  std::vector<Path> paths_;
  Handler not_found_;
};

}  // namespace retort::http
