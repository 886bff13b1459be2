// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <fstream>
#include <string>
#include <thread>

#include "asyndgan/core/parallel.hpp"

namespace asyndgan::telemetry {

/// What a measured time depends on.
struct Machine {
  std::string cpu;       // "AMD EPYC 9B14", "unknown" where the system does not say
  int cores = 0;         // logical processors this process sees
  int threads = 0;       // that kernels use
  std::string compiler;  // "gcc 12.2.0"
};

namespace detail {
/// "Model name" of the first processor in /proc/cpuinfo format.
[[nodiscard]] inline std::string cpu_model(std::istream& cpuinfo) {
  for (std::string line; std::getline(cpuinfo, line);) {
    if (!line.starts_with("model name")) continue;
    const auto begin = line.find_first_not_of(" \t", line.find(':') + 1);
    if (line.find(':') != std::string::npos && begin != std::string::npos) {
      return line.substr(begin);
    }
  }
  return "unknown";
}
}  // namespace detail

[[nodiscard]] inline Machine this_machine() {
  std::ifstream cpuinfo("/proc/cpuinfo");
#if defined(__clang__)
  const std::string compiler = "clang " + std::to_string(__clang_major__) + "." +
                               std::to_string(__clang_minor__) + "." +
                               std::to_string(__clang_patchlevel__);
#elif defined(__GNUC__)
  const std::string compiler = "gcc " + std::to_string(__GNUC__) + "." +
                               std::to_string(__GNUC_MINOR__) + "." +
                               std::to_string(__GNUC_PATCHLEVEL__);
#else
  const std::string compiler = "unknown";
#endif
  return {.cpu = detail::cpu_model(cpuinfo),
          .cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency())),
          .threads = thread_count(),
          .compiler = compiler};
}

}  // namespace asyndgan::telemetry
