// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parallel.hpp"
#include "asyndgan/telemetry/json_rows.hpp"
#include "asyndgan/telemetry/machine.hpp"

namespace asyndgan::benchmark {

/// What every benchmark of the project understands.
struct Arguments {
  std::string json;       // file for the figures; none without
  std::string only;       // part of the names of the cases to run
  double seconds = 1;     // to measure each case for
  bool list = false;      // print the cases and stop
  bool cpu_time = false;  // of all threads, in place of the wall's: for a busy machine
};

/// Errors  ConfigError naming an unknown argument. Sets the number of threads.
[[nodiscard]] inline Arguments parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string name = values[i];
    const auto value = [&]() -> std::string {
      if (i + 1 >= count) throw ConfigError(name + " needs a value");
      return values[++i];
    };
    if (name == "--json") {
      arguments.json = value();
    } else if (name == "--only") {
      arguments.only = value();
    } else if (name == "--seconds") {
      arguments.seconds = std::atof(value().c_str());
    } else if (name == "--threads") {
      set_thread_count(std::max(1, std::atoi(value().c_str())));
    } else if (name == "--list") {
      arguments.list = true;
    } else if (name == "--cpu-time") {
      arguments.cpu_time = true;
    } else {
      throw ConfigError("unknown argument " + name +
                        "; known: --json FILE, --only TEXT, --seconds S, --threads N, "
                        "--cpu-time, --list");
    }
  }
  return arguments;
}

[[nodiscard]] inline bool selected(const Arguments& arguments, const std::string& name) {
  return arguments.only.empty() || name.find(arguments.only) != std::string::npos;
}

/// Processor seconds of this process, or -1 where the system does not say.
[[nodiscard]] inline double processor_now() {
  timespec time{};
  if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) != 0) return -1;
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

[[nodiscard]] inline double now() {
  using Clock = std::chrono::steady_clock;
  return std::chrono::duration<double>(Clock::now().time_since_epoch()).count();
}

/// Seconds of one call, over as many calls as fit. On a shared machine the median is what a user
/// sees and the minimum what the code can do.
struct Timing {
  double median = 0;
  double minimum = 0;
  int runs = 0;
};

template <class F>
[[nodiscard]] Timing measure(const Arguments& arguments, double seconds, F&& call) {
  const auto clock = [&] { return arguments.cpu_time ? processor_now() : now(); };
  call();  // touches memory, wakes threads
  std::vector<double> times;
  for (const double begin = now(); times.size() < 3 || now() - begin < seconds;) {
    const double before = clock();
    call();
    times.push_back(clock() - before);
  }
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times.front(), static_cast<int>(times.size())};
}

/// Writes the rows, if there are any, to the file that --json names.
inline void finish(const Arguments& arguments, const telemetry::Rows& rows) {
  if (arguments.json.empty() || rows.rows.empty()) return;
  std::ofstream file(arguments.json);
  file << telemetry::to_json(rows).dump(2) << '\n';
  if (!file.flush()) throw WriteError("cannot write " + arguments.json);
}

/// main() of a benchmark: parses, runs, and turns an exception into a line and exit code 1.
template <class F>
[[nodiscard]] int run(int count, char** values, const F& body) {
  try {
    const Arguments arguments = parse(count, values);
    finish(arguments, body(arguments));
    return 0;
  } catch (const std::exception& error) {
    std::cerr << values[0] << ": " << error.what() << '\n';
    return 1;
  }
}

}  // namespace asyndgan::benchmark
