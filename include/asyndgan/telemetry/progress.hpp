// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asyndgan/telemetry/recent_rate.hpp"
#include "asyndgan/telemetry/text.hpp"

namespace asyndgan::telemetry {

/// How progress is shown: `live` rewrites one line of a terminal, `lines` prints a line now and
/// then for a file or a pipe, `quiet` prints nothing.
enum class ProgressStyle { live, lines, quiet };

/// `live` where file descriptor `fd` is a terminal that can move its cursor, else `lines`.
[[nodiscard]] inline ProgressStyle progress_style(int fd = STDERR_FILENO) {
  const char* terminal = std::getenv("TERM");  // NOLINT(concurrency-mt-unsafe): at start only
  const bool dumb = terminal == nullptr || std::string_view(terminal) == "dumb";
  return isatty(fd) != 0 && !dumb ? ProgressStyle::live : ProgressStyle::lines;
}

/// Columns of the terminal behind `fd`, 80 where it does not say.
[[nodiscard]] inline std::size_t terminal_columns(int fd = STDERR_FILENO) {
  winsize size{};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// A named figure of the moment: {"d", 0.41}.
using Figure = std::pair<std::string, double>;

/// Shows how far a phase is, how fast it goes and when it will end:
///
///   train  [#########---------------]   600/1500  40%  2.61 steps/s  5:45 left  d 0.212  g 0.71
///
/// Rate and time left are by RecentRate.
///
/// Threads  one thread.
class Progress {
 public:
  struct Options {
    ProgressStyle style = ProgressStyle::lines;
    std::size_t columns = 80;    // a live line is cut there
    double live_interval = 0.1;  // seconds between two shows of a live line
    double line_interval = 15;   // seconds between two lines
    std::string unit = "steps";
    /// Seconds since any fixed moment; for tests.
    std::function<double()> now = [] {
      return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
          .count();
    };
  };

  Progress(std::ostream& out, Options options) : out_(out), options_(std::move(options)) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() { clear(); }

  /// `done` of `total` steps lie behind already, in a resumed run.
  void begin(std::string phase, std::int64_t total, std::int64_t done = 0) {
    phase_ = std::move(phase);
    total_ = total;
    done_ = done;
    figures_.clear();
    started_ = options_.now();
    rate_ = {};
    rate_.add(started_, done);
    lined_ = started_;
    show(started_);
    if (options_.style == ProgressStyle::lines) {
      out_ << phase_ << ": " << (done > 0 ? "goes on after " + std::to_string(done) + " of " : "")
           << total << ' ' << options_.unit << std::endl;
    }
  }

  void update(std::int64_t done, std::vector<Figure> figures = {}) {
    done_ = done;
    figures_ = std::move(figures);
    const double now = options_.now();
    rate_.add(now, done);
    if (now - shown_ >= options_.live_interval) show(now);
    if (options_.style == ProgressStyle::lines && now - lined_ >= options_.line_interval) {
      lined_ = now;
      out_ << phase_ << ": " << middle() << tail() << std::endl;
    }
  }

  /// Ends the phase with one line that stays: "train: 1500 steps in 9:32  d 0.208".
  void end() {
    clear();
    if (options_.style == ProgressStyle::quiet) return;
    out_ << phase_ << ": " << done_ << ' ' << options_.unit << " in "
         << clock_text(options_.now() - started_);
    for (const auto& [name, value] : figures_) out_ << "  " << name << ' ' << significant(value);
    out_ << std::endl;
  }

  /// Takes the live line away, so that other output starts on an empty line. The next update
  /// shows it again.
  void clear() {
    if (visible_) out_ << '\r' << kClearToEnd << std::flush;
    visible_ = false;
  }

  [[nodiscard]] double seconds() const { return options_.now() - started_; }

 private:
  static constexpr std::string_view kClearToEnd = "\x1b[K";

  void show(double now) {
    if (options_.style != ProgressStyle::live) return;
    out_ << '\r' << first_columns(live_line(), options_.columns - 1) << kClearToEnd << std::flush;
    shown_ = now;
    visible_ = true;
  }

  [[nodiscard]] std::string live_line() const {
    constexpr std::int64_t kWidth = 24;
    const auto filled = total_ > 0 ? std::min(kWidth, done_ * kWidth / total_) : kWidth;
    return phase_ + "  [" + std::string(static_cast<std::size_t>(filled), '#') +
           std::string(static_cast<std::size_t>(kWidth - filled), '-') + "]  " + middle() + tail();
  }

  [[nodiscard]] std::string middle() const {
    const auto percent = total_ > 0 ? done_ * 100 / total_ : 100;
    return std::to_string(done_) + "/" + std::to_string(total_) + "  " + std::to_string(percent) +
           "%";
  }

  [[nodiscard]] std::string tail() const {
    std::string text;
    if (const double speed = rate_.per_second(); speed > 0) {
      const auto left = static_cast<double>(total_ - done_);
      text += "  " + significant(speed) + " " + options_.unit + "/s  " + clock_text(left / speed) +
              " left";
    }
    for (const auto& [name, value] : figures_) text += "  " + name + " " + significant(value);
    return text;
  }

  std::ostream& out_;
  Options options_;
  std::string phase_;
  std::int64_t total_ = 0;
  std::int64_t done_ = 0;
  std::vector<Figure> figures_;
  RecentRate rate_;
  double started_ = 0;
  double shown_ = 0;
  double lined_ = 0;
  bool visible_ = false;
};

}  // namespace asyndgan::telemetry
