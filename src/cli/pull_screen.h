// How far a pull is, on standard error: a bar on a terminal, else a line every few seconds.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "hub/download.h"

namespace retort::cli {

class PullScreen {
 public:
  PullScreen();
  // Leaves the terminal on a fresh line.
  ~PullScreen();
  PullScreen(const PullScreen&) = delete;
  PullScreen& operator=(const PullScreen&) = delete;

  void show(const hub::Progress& progress);
  void note(const std::string& note);

 private:
  using Clock = std::chrono::steady_clock;

  void begin_file(const hub::Progress& progress, Clock::time_point now);
  void clear_bar();

  const bool terminal_;
  bool bar_shown_ = false;
  std::string path_;  // of the file that is being fetched
  Clock::time_point began_;
  std::uint64_t began_at_bytes_ = 0;
  Clock::time_point shown_;
};

// One line: "model.gguf  45 %  1.2 GB of 2.7 GB  34.1 MB/s  0:43 left"; what is not known yet is
// left out.
std::string progress_text(const hub::Progress& progress, double bytes_per_s);

}  // namespace retort::cli
