#include "base/log.h"

#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <array>
#include <utility>

namespace retort::base {
namespace {

struct Level {
  std::string_view name;
  spdlog::level::level_enum value;
};

constexpr std::array kLevels = {
    Level{"trace", spdlog::level::trace}, Level{"debug", spdlog::level::debug},
    Level{"info", spdlog::level::info},   Level{"warning", spdlog::level::warn},
    Level{"error", spdlog::level::err},   Level{"off", spdlog::level::off},
};

}  // namespace

Log::Log(std::shared_ptr<spdlog::logger> logger) : logger_(std::move(logger)) {}

Result<Log> Log::to_standard_error(std::string_view level) {
  for (const Level& known : kLevels) {
    if (known.name != level) continue;
    auto sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    auto logger = std::make_shared<spdlog::logger>("retort", std::move(sink));
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %^%l%$ %v", spdlog::pattern_time_type::utc);
    logger->set_level(known.value);
    logger->flush_on(spdlog::level::info);
    return Log(std::move(logger));
  }
  return Error(ErrorKind::config, "log level '" + std::string(level) +
                                      "' is not one of trace, debug, info, warning, error, off")
      .with_param("log_level");
}

Log Log::silent() {
  return Log(
      std::make_shared<spdlog::logger>("silent", std::make_shared<spdlog::sinks::null_sink_mt>()));
}

void Log::debug(std::string_view message) const {
  logger_->debug(message);
}
void Log::info(std::string_view message) const {
  logger_->info(message);
}
void Log::warning(std::string_view message) const {
  logger_->warn(message);
}
void Log::error(std::string_view message) const {
  logger_->error(message);
}
bool Log::debugs() const {
  return logger_->should_log(spdlog::level::debug);
}

}  // namespace retort::base
