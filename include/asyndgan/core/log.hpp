// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <iostream>
#include <mutex>
#include <string_view>
#include <utility>

namespace asyndgan {

enum class LogLevel { debug, info, warning, error };

/// Receives every line the library logs. Called under a lock, from any thread.
using LogSink = std::function<void(LogLevel, std::string_view)>;

namespace detail {
struct LogState {
  std::mutex mutex;
  LogSink sink = [](LogLevel level, std::string_view line) {
    if (level >= LogLevel::warning) std::cerr << "asyndgan: " << line << '\n';
  };
};
inline LogState& log_state() {
  static LogState state;
  return state;
}
}  // namespace detail

/// Replaces the sink; the default prints warnings and errors on standard error.
inline void set_log_sink(LogSink sink) {
  const std::lock_guard lock(detail::log_state().mutex);
  detail::log_state().sink = std::move(sink);
}

inline void log(LogLevel level, std::string_view line) {
  const std::lock_guard lock(detail::log_state().mutex);
  if (detail::log_state().sink) detail::log_state().sink(level, line);
}

}  // namespace asyndgan
