// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string_view>
#include <vector>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/core/error.hpp"

namespace asyndgan::telemetry {

/// One line of the log: a JSON object. Training writes
/// {"phase": "train", "step": 12, "seconds": 3.1, "generator": 0.41, ...}. Whoever makes or
/// reads one includes <nlohmann/json.hpp>.
using Event = nlohmann::ordered_json;

/// Every event of `path` in order; none if there is no such file. A last line without its line
/// end was cut off by a crash and is left out.
/// Errors  DataError naming file and line where a whole line is not a JSON object, its "phase" no
///         text or its "step" no whole number.
[[nodiscard]] std::vector<Event> read_events(const std::filesystem::path& path);

/// Appends events to a file of JSON lines, each on the disk's way when append() returns.
///
/// A run that resumes at step n of a phase has seen events past n that it will write again:
/// `resume` drops those, and a half-written last line, so that each step stands there once.
///
/// Threads  one thread.
class EventLog {
 public:
  /// Starts anew, whatever was there.
  [[nodiscard]] static EventLog create(const std::filesystem::path& path);

  /// Goes on after `step` of `phase`: later steps of that phase are dropped, other phases and
  /// events without a step stay. A missing file is an empty one.
  [[nodiscard]] static EventLog resume(const std::filesystem::path& path, std::string_view phase,
                                       std::int64_t step);

  /// Errors  WriteError; the file is then what it was, and the next event may go in.
  void append(const Event& event);

 private:
  explicit EventLog(std::filesystem::path path);

  std::filesystem::path path_;
  asyndgan::detail::Descriptor file_;
};

}  // namespace asyndgan::telemetry

#ifndef ASYNDGAN_COMPILED
#include "asyndgan/telemetry/impl/event_log.hpp"
#endif
