#include "cli/pull_screen.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "hub/pull.h"

namespace retort::cli {
namespace {

constexpr std::chrono::milliseconds kBarInterval{100};
constexpr std::chrono::seconds kLineInterval{5};
constexpr std::size_t kBarCells = 24;
// A rate of the first moments says nothing.
constexpr std::chrono::milliseconds kRateAfter{500};

std::string bar(const hub::Progress& progress) {
  const std::uint64_t total = std::max<std::uint64_t>(progress.total, 1);
  const double share = static_cast<double>(progress.bytes) / static_cast<double>(total);
  const auto full = std::min(kBarCells, static_cast<std::size_t>(share * kBarCells));
  return "[" + std::string(full, '#') + std::string(kBarCells - full, '.') + "] ";
}

std::string time_text(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::min(seconds, 3.6e8));
  const auto two = [](std::int64_t value) {
    return (value < 10 ? "0" : "") + std::to_string(value);
  };
  const std::int64_t hours = whole / 3'600;
  const std::string tail = two(whole % 60);
  if (hours == 0) return std::to_string(whole / 60) + ":" + tail;
  return std::to_string(hours) + ":" + two(whole / 60 % 60) + ":" + tail;
}

}  // namespace

std::string progress_text(const hub::Progress& progress, double bytes_per_s) {
  const std::uint64_t total = std::max<std::uint64_t>(progress.total, 1);
  const double percent = 100 * static_cast<double>(progress.bytes) / static_cast<double>(total);
  std::string text = std::string(progress.path) + "  " + std::to_string(static_cast<int>(percent)) +
                     " %  " + hub::size_text(progress.bytes) + " of " +
                     hub::size_text(progress.total);
  if (bytes_per_s < 1) return text;
  const auto left = static_cast<double>(progress.total - progress.bytes);
  return text + "  " + hub::size_text(static_cast<std::uint64_t>(bytes_per_s)) + "/s  " +
         time_text(left / bytes_per_s) + " left";
}

PullScreen::PullScreen() : terminal_(::isatty(STDERR_FILENO) == 1) {}

PullScreen::~PullScreen() {
  if (bar_shown_) std::fputc('\n', stderr);
}

void PullScreen::clear_bar() {
  if (std::exchange(bar_shown_, false)) std::fputs("\r\033[K", stderr);
}

void PullScreen::begin_file(const hub::Progress& progress, Clock::time_point now) {
  if (bar_shown_) std::fputc('\n', stderr);
  bar_shown_ = false;
  path_ = progress.path;
  began_ = now;
  began_at_bytes_ = progress.bytes;
  shown_ = {};
}

void PullScreen::show(const hub::Progress& progress) {
  const Clock::time_point now = Clock::now();
  const bool begins = progress.path != path_ || progress.bytes < began_at_bytes_;
  if (begins) begin_file(progress, now);
  const bool ends = progress.bytes == progress.total;
  const Clock::duration interval = terminal_ ? Clock::duration(kBarInterval) : kLineInterval;
  if (!begins && !ends && now - shown_ < interval) return;
  shown_ = now;
  double rate = 0;
  if (now - began_ >= kRateAfter) {
    rate = static_cast<double>(progress.bytes - began_at_bytes_) /
           std::chrono::duration<double>(now - began_).count();
  }
  const std::string text = progress_text(progress, rate);
  if (terminal_) {
    std::fprintf(stderr, "\r%s%s\033[K", bar(progress).c_str(), text.c_str());
    bar_shown_ = true;
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  std::fflush(stderr);
}

void PullScreen::note(const std::string& note) {
  clear_bar();
  std::fprintf(stderr, "retort: %s\n", note.c_str());
}

}  // namespace retort::cli
