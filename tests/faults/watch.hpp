// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "support/catch.hpp"

/// What a run tells of itself, and when.
namespace asyndgan::faults {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

/// Whether faults last as long as the bar says, rather than as long as it takes to see them:
/// `tests/run.sh --faults --long`.
[[nodiscard]] inline bool at_length() { return std::getenv("ASYNDGAN_FAULTS_LONG") != nullptr; }

inline void pause(double seconds) { std::this_thread::sleep_for(Seconds(seconds)); }

/// A line of the report: "measured: F6: a silent cut was seen after 12.5 s".
template <class... Parts>
void measured(const Parts&... parts) {
  std::ostringstream line;
  line << std::fixed << std::setprecision(1) << "measured: ";
  (line << ... << parts);
  std::cout << line.str() << std::endl;
}

/// How long `done` takes to become true; it is asked twenty times a second. Fails past `limit`.
template <class Done>
double seconds_until(const std::string& what, double limit, const Done& done) {
  const auto begin = Clock::now();
  for (;;) {
    const double passed = Seconds(Clock::now() - begin).count();
    if (done()) return passed;
    if (passed > limit) FAIL(what + ": not within " + std::to_string(limit) + " s");
    pause(0.05);
  }
}

[[nodiscard]] inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/// What a file that is appended to has got since this was made.
class Since {
 public:
  explicit Since(std::filesystem::path file) : file_(std::move(file)) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(file_, missing);
    begin_ = missing ? 0 : static_cast<std::streamoff>(size);
  }

  [[nodiscard]] std::string text() const {
    std::ifstream stream(file_, std::ios::binary);
    stream.seekg(begin_);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  [[nodiscard]] bool says(const std::string& part) const {
    return text().find(part) != std::string::npos;
  }
  [[nodiscard]] std::ptrdiff_t lines() const {
    const std::string all = text();
    return std::count(all.begin(), all.end(), '\n');
  }
  [[nodiscard]] std::ptrdiff_t lines_with(const std::string& part) const {
    std::istringstream all(text());
    std::ptrdiff_t count = 0;
    for (std::string line; std::getline(all, line);) count += line.find(part) != line.npos ? 1 : 0;
    return count;
  }

 private:
  std::filesystem::path file_;
  std::streamoff begin_ = 0;
};

}  // namespace asyndgan::faults
