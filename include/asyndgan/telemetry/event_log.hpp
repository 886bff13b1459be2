// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/core/error.hpp"

namespace asyndgan::telemetry {

/// One line of the log: a JSON object. Training writes
/// {"phase": "train", "step": 12, "seconds": 3.1, "generator": 0.41, ...}.
using Event = nlohmann::ordered_json;

/// Every event of `path` in order; none if there is no such file. A last line without its line
/// end was cut off by a crash and is left out.
/// Errors  DataError naming file and line where a whole line is not a JSON object.
[[nodiscard]] inline std::vector<Event> read_events(const std::filesystem::path& path) {
  std::vector<Event> events;
  std::ifstream file(path, std::ios::binary);
  std::string line;
  for (std::size_t number = 1; std::getline(file, line) && !file.eof(); ++number) {
    auto event = Event::parse(line, nullptr, /*allow_exceptions=*/false);
    if (!event.is_object()) {
      throw DataError(path.string() + ", line " + std::to_string(number) +
                      ": not an event (expected one JSON object per line)");
    }
    events.push_back(std::move(event));
  }
  return events;
}

/// Appends events to a file of JSON lines, each on the disk's way when append() returns.
///
/// A run that resumes at step n of a phase has seen events past n that it will write again:
/// `resume` drops those, and a half-written last line, so that each step stands there once.
///
/// Threads  one thread.
class EventLog {
 public:
  /// Starts anew, whatever was there.
  [[nodiscard]] static EventLog create(const std::filesystem::path& path) {
    write_file_atomically(path, {});
    return EventLog(path);
  }

  /// Goes on after `step` of `phase`: later steps of that phase are dropped, other phases and
  /// events without a step stay. A missing file is an empty one.
  [[nodiscard]] static EventLog resume(const std::filesystem::path& path, std::string_view phase,
                                       std::int64_t step) {
    std::string kept;
    for (const auto& event : read_events(path)) {
      const bool again =
          event.value("phase", "") == phase && event.value("step", std::int64_t{0}) > step;
      if (!again) kept += event.dump() + '\n';
    }
    write_file_atomically(path, std::as_bytes(std::span(kept)));
    return EventLog(path);
  }

  /// Errors  WriteError.
  void append(const Event& event) {
    file_ << event.dump() << '\n' << std::flush;
    if (!file_) {
      throw WriteError("cannot append to " + path_.string() + ": " + std::strerror(errno));
    }
  }

 private:
  explicit EventLog(std::filesystem::path path)
      : path_(std::move(path)), file_(path_, std::ios::binary | std::ios::app) {
    if (!file_) throw WriteError("cannot open " + path_.string() + ": " + std::strerror(errno));
  }

  std::filesystem::path path_;
  std::ofstream file_;
};

}  // namespace asyndgan::telemetry
