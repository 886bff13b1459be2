// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "asyndgan/transport/transport.hpp"
#include "support/benchmark.hpp"

/// What two ends move between them, in one process or two: the centre measures, the site plays
/// along, both through the same cases in the same order.
namespace asyndgan::benchmark {

inline constexpr auto kLimit = std::chrono::seconds(60);

/// Rows, on the terminal as soon as they are there.
class Report {
 public:
  explicit Report(const std::string& benchmark)
      : rows_{.benchmark = benchmark, .machine = telemetry::this_machine(), .rows = {}} {}

  void add(const std::string& name, const std::string& metric, double value,
           const std::string& unit) {
    std::printf("%-36s %-14s %12.4g %s\n", name.c_str(), metric.c_str(), value, unit.c_str());
    std::fflush(stdout);
    rows_.rows.push_back({.case_name = name, .metric = metric, .value = value, .unit = unit});
  }
  /// Of a program that has printed them itself.
  void append(const telemetry::Rows& other) {
    rows_.rows.insert(rows_.rows.end(), other.rows.begin(), other.rows.end());
  }
  [[nodiscard]] const telemetry::Rows& rows() const { return rows_; }

 private:
  telemetry::Rows rows_;
};

/// A case that both ends go through.
struct LinkCase {
  std::string name;
  std::size_t bytes = 0;               // of a message
  bool one_way = false;                // without a pause, else there and back
  std::chrono::milliseconds pause{0};  // before each
};

/// Of the transport `name`, as far as they are selected.
[[nodiscard]] inline std::vector<LinkCase> link_cases(const Arguments& arguments,
                                                      const std::string& name) {
  std::vector<LinkCase> cases{
      {.name = name + " 64 KiB", .bytes = std::size_t{1} << 16, .one_way = true},
      {.name = name + " 1 MiB", .bytes = std::size_t{1} << 20, .one_way = true},
      {.name = name + " 16 MiB", .bytes = std::size_t{1} << 24, .one_way = true},
      {.name = name + " 1 B", .bytes = 1},
      {.name = name + " 1 B after 20 ms", .bytes = 1, .pause = std::chrono::milliseconds(20)},
      {.name = name + " 768 KiB", .bytes = std::size_t{3} * 256 * 256 * 4}};
  std::erase_if(cases, [&](const LinkCase& one) { return !selected(arguments, one.name); });
  return cases;
}

/// Sends messages of a size to the centre until time is up, and one of a byte to say so.
template <class Link>
void send_one_way(const Arguments& arguments, std::size_t bytes, Link& site) {
  const std::vector<std::byte> message(bytes, std::byte{1});
  for (const double begin = now(); now() - begin < arguments.seconds;) {
    site.send(transport::kCentral, message);
  }
  site.send(transport::kCentral, std::vector<std::byte>(1));
}

/// Of transport_mpi alone, beside the cases that every transport has.
inline const std::string kMpiWaiting = "mpi waiting";

/// The site's part: sends until time is up, or echoes until a message has another size.
template <class Link>
void play_along(const Arguments& arguments, const std::string& name, Link& site) {
  for (const LinkCase& one : link_cases(arguments, name)) {
    if (one.one_way) {
      send_one_way(arguments, one.bytes, site);
      continue;
    }
    for (bool more = true; more;) {
      const auto message = site.receive(transport::kCentral, kLimit);
      site.send(transport::kCentral, message);
      more = message.size() == one.bytes;
    }
  }
}

/// Bytes a second that come from the site's send_one_way().
template <class Link>
double throughput(Link& central) {
  (void)central.receive(1, kLimit);  // touches memory, wakes threads
  const double begin = now();
  double received = 0;
  for (;;) {
    const auto message = central.receive(1, kLimit);
    if (message.size() == 1) break;
    received += static_cast<double>(message.size());
  }
  return received / (now() - begin);
}

/// Seconds, the median.
template <class Link>
double round_trip(const Arguments& arguments, Link& central, const LinkCase& one) {
  const std::vector<std::byte> message(one.bytes, std::byte{1});
  std::vector<double> times;
  for (const double begin = now(); times.size() < 3 || now() - begin < arguments.seconds;) {
    std::this_thread::sleep_for(one.pause);
    const double before = now();
    central.send(1, message);
    (void)central.receive(1, kLimit);
    times.push_back(now() - before);
  }
  central.send(1, std::vector<std::byte>(one.bytes + 1));
  (void)central.receive(1, kLimit);
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

/// The centre's part.
template <class Link>
void measure_as_centre(const Arguments& arguments, const std::string& name, Link& central,
                       Report& report) {
  for (const LinkCase& one : link_cases(arguments, name)) {
    if (one.one_way) {
      report.add(one.name, "throughput", throughput(central), "bytes/s");
    } else {
      report.add(one.name, "round_trip", round_trip(arguments, central, one), "s");
    }
  }
}

}  // namespace asyndgan::benchmark
