// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <iostream>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "asyndgan/core/log.hpp"

namespace asyndgan::test {

/// Keeps what the library logs while it lives; one at a time.
class KeptLog {
 public:
  KeptLog() {
    set_log_sink([this](LogLevel, std::string_view line) { (text_ += line) += '\n'; });
  }
  KeptLog(const KeptLog&) = delete;
  KeptLog& operator=(const KeptLog&) = delete;
  ~KeptLog() {
    set_log_sink([](LogLevel, std::string_view line) { std::cerr << line << '\n'; });
  }

  /// Whether a line with `part` comes within five seconds.
  [[nodiscard]] bool soon_has(const std::string& part) const {
    for (int i = 0; i < 500; ++i) {
      if (text().find(part) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
  [[nodiscard]] std::string text() const {
    const std::lock_guard lock(detail::log_state().mutex);
    return text_;
  }

 private:
  std::string text_;  // under the log's lock
};

}  // namespace asyndgan::test
