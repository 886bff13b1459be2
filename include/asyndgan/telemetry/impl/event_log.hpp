// SPDX-License-Identifier: Apache-2.0
#pragma once

// The bodies of telemetry/event_log.hpp.

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <fstream>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/core/error.hpp"
#include "asyndgan/core/impl/inline.hpp"
#include "asyndgan/telemetry/event_log.hpp"

namespace asyndgan::telemetry {

namespace detail {

/// The event of one line; anything but an object where it is none. The nesting is bounded because
/// whoever copies or prints a value takes a stack as deep.
[[nodiscard]] inline Event parse_event(const std::string& line) {
  constexpr int kDeepest = 16;
  bool shallow = true;
  const auto watch = [&](int depth, Event::parse_event_t, const Event&) {
    shallow = shallow && depth <= kDeepest;
    return shallow;
  };
  auto event = Event::parse(line, watch, /*allow_exceptions=*/false);
  const auto is = [&](const char* key, auto judge) {
    return !event.contains(key) || judge(event[key]);
  };
  const bool sound = shallow && event.is_object() &&
                     is("phase", [](const Event& value) { return value.is_string(); }) &&
                     is("step", [](const Event& value) { return value.is_number_integer(); });
  return sound ? event : Event();
}

}  // namespace detail

ASYNDGAN_INLINE std::vector<Event> read_events(const std::filesystem::path& path) {
  std::vector<Event> events;
  std::ifstream file(path, std::ios::binary);
  std::string line;
  for (std::size_t number = 1; std::getline(file, line) && !file.eof(); ++number) {
    auto event = detail::parse_event(line);
    if (!event.is_object()) {
      throw DataError(path.string() + ", line " + std::to_string(number) +
                      ": not an event (expected one JSON object per line, its phase a text and its "
                      "step a whole number)");
    }
    events.push_back(std::move(event));
  }
  return events;
}

ASYNDGAN_INLINE EventLog::EventLog(std::filesystem::path path)
    : path_(std::move(path)),
      file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666)) {
  if (!file_.valid()) {
    throw WriteError("cannot open " + asyndgan::detail::file_problem(path_, errno));
  }
}

ASYNDGAN_INLINE EventLog EventLog::create(const std::filesystem::path& path) {
  write_file_atomically(path, {});
  return EventLog(path);
}

ASYNDGAN_INLINE EventLog EventLog::resume(const std::filesystem::path& path, std::string_view phase,
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

ASYNDGAN_INLINE void EventLog::append(const Event& event) {
  const std::string line = event.dump() + '\n';
  const off_t end = ::lseek(file_.number(), 0, SEEK_END);
  auto bytes = std::as_bytes(std::span(line));
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_.number(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      const int code = errno;
      // Half an event would spoil the next one.
      const bool taken_back = ::ftruncate(file_.number(), end) == 0;
      throw WriteError(
          (taken_back ? "cannot append to " : "cannot append the whole of an event to ") +
          asyndgan::detail::file_problem(path_, code));
    }
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

}  // namespace asyndgan::telemetry
