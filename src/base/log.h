// Logging: one logger, made by main and handed down. Lines go to standard error.
//
// Nobody logs a key, a prompt or an answer at info level or above; see docs/operations.md.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <retort/result.h>

namespace spdlog {
class logger;
}

namespace retort::base {

// Thread-safe; copies share one sink.
class Log {
 public:
  // `level` is trace, debug, info, warning, error or off; anything else is an error that says so.
  static Result<Log> to_standard_error(std::string_view level);
  // Writes nothing: for tests and commands that answer on standard output.
  static Log silent();

  void debug(std::string_view message) const;
  void info(std::string_view message) const;
  void warning(std::string_view message) const;
  void error(std::string_view message) const;

  // Whether debug() writes: lets a caller skip building a costly message.
  bool debugs() const;

 private:
  explicit Log(std::shared_ptr<spdlog::logger> logger);

  std::shared_ptr<spdlog::logger> logger_;
};

}  // namespace retort::base
