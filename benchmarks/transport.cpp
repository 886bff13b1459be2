// SPDX-License-Identifier: Apache-2.0
// What the transports move, both ends on this machine: throughput one way, the round trip of a
// message, what a step takes beyond what is computed in it, what a thousand idle sites cost their
// centre, and how fast a hundred come back. Those of MPI come from transport_mpi.

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "asyndgan/transport/backoff.hpp"
#include "asyndgan/transport/in_process.hpp"
#include "asyndgan/transport/tcp.hpp"
#include "asyndgan/transport/tls.hpp"
#include "support/benchmark.hpp"
#include "support/link.hpp"
#include "support/mpi_job.hpp"
#include "support/step_overhead.hpp"
#include "support/tls_consortium.hpp"

namespace asyndgan {
namespace {

using namespace std::chrono_literals;
using benchmark::Arguments;
using transport::kCentral;
using transport::Tcp;
using transport::Tls;

using benchmark::kLimit;
using benchmark::Report;

std::vector<std::string> site_names(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i <= count; ++i) names.push_back("site-" + std::to_string(i));
  return names;
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t pages = 0;
  file >> pages >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Runs `body` in a process of its own, which must not have threads yet.
template <class F>
pid_t in_child(const F& body) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  int code = 0;
  try {
    body();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child: %s\n", error.what());
    code = 1;
  }
  std::_Exit(code);
}

void require_success(pid_t child) {
  int status = 0;
  if (::waitpid(child, &status, 0) != child || status != 0) throw Error("a child process failed");
}

/// The sites' process, told on a pipe where the centre listens.
class Pipe {
 public:
  Pipe() {
    if (::pipe(ends_.data()) != 0) throw Error("no pipe");
  }
  void write(std::uint16_t value) { (void)!::write(ends_[1], &value, sizeof value); }
  [[nodiscard]] std::uint16_t read() {
    std::uint16_t value = 0;
    (void)!::read(ends_[0], &value, sizeof value);
    return value;
  }

 private:
  std::array<int, 2> ends_{};
};

/// Memory and processor time of a centre with so many idle sites, TLS.
void measure_idle(std::size_t count, Report& report) {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);

  test::TlsConsortium consortium;
  const auto names = site_names(count);
  std::vector<Tls::Files> certificates;
  certificates.reserve(names.size());
  for (const auto& name : names) certificates.push_back(consortium.site(name));
  Pipe port;
  Pipe done;
  const pid_t child = in_child([&] {
    const auto at = port.read();
    std::vector<Tls> sites;
    for (const auto& files_of_site : certificates) {
      sites.push_back(Tls::connect({.host = "127.0.0.1", .port = at, .files = files_of_site}));
      sites.back().send(kCentral, std::vector<std::byte>(1));
    }
    (void)done.read();
  });
  const std::size_t before = resident_bytes();
  auto central = Tls::listen({.sites = names, .files = consortium.centre()});
  const double begin = benchmark::now();
  port.write(central.port());
  for (std::size_t i = 0; i < count; ++i) (void)central.receive_any(kLimit);
  const std::string title = "tls " + std::to_string(count) + " idle sites";
  report.add(title, "connect", benchmark::now() - begin, "s");
  report.add(title, "sites_memory", static_cast<double>(resident_bytes() - before), "bytes");
  const double cpu = benchmark::processor_now();
  std::this_thread::sleep_for(10s);  // two heartbeats of each
  report.add(title, "processor", (benchmark::processor_now() - cpu) / 10, "1");
  done.write(0);
  central.close();
  require_success(child);
}

/// From the restart of a centre until all its sites are back.
void measure_reconnect(std::size_t count, Report& report) {
  test::TlsConsortium consortium;
  const auto names = site_names(count);
  std::vector<Tls::Files> certificates;
  certificates.reserve(names.size());
  for (const auto& name : names) certificates.push_back(consortium.site(name));
  Pipe port;
  const pid_t child = in_child([&] {
    const auto at = port.read();
    const auto serve = [&](std::size_t i) {
      transport::Backoff backoff({.seed = i});
      for (int times = 0; times < 2;) {
        try {
          auto site = Tls::connect({.host = "127.0.0.1", .port = at, .files = certificates[i]});
          site.send(kCentral, std::vector<std::byte>(1));
          ++times;
          (void)site.receive(kCentral, kLimit);  // until the centre goes
        } catch (const TransportError&) {
          std::this_thread::sleep_for(backoff.next());
        }
      }
    };
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < count; ++i) threads.emplace_back(serve, i);
    for (auto& thread : threads) thread.join();
  });
  const auto files = consortium.centre();
  const std::string title = "tls " + std::to_string(count) + " sites";
  std::uint16_t at = 0;
  for (const char* metric : {"start", "reconnect"}) {
    if (at != 0) std::this_thread::sleep_for(1500ms);  // the time that a restart takes
    const double begin = benchmark::now();
    auto central = Tls::listen({.port = at, .sites = names, .files = files});
    at = central.port();
    port.write(at);
    for (std::size_t i = 0; i < count; ++i) (void)central.receive_any(kLimit);
    report.add(title, metric, benchmark::now() - begin, "s");
  }
  require_success(child);
}

/// Both ends of a link in this process.
template <class Link>
void measure_link(const Arguments& arguments, const std::string& name, Link central, Link site,
                  Report& report) {
  std::thread other([&] {
    benchmark::play_along(arguments, name, site);
    benchmark::serve_steps(arguments, name, site);
  });
  benchmark::measure_as_centre(arguments, name, central, report);
  benchmark::measure_steps(arguments, name, central, report);
  other.join();
}

telemetry::Rows measure_all(const Arguments& arguments) {
  Report report("transport");
  if (benchmark::selected(arguments, "idle")) measure_idle(1000, report);
  if (benchmark::selected(arguments, "reconnect")) measure_reconnect(100, report);
  {
    transport::InProcessHub hub(1);
    measure_link(arguments, "in-process", hub.join(0), hub.join(1), report);
  }
  {
    auto central = Tcp::listen({.sites = {"site"}});
    auto site = Tcp::connect({.host = "127.0.0.1", .port = central.port(), .name = "site"});
    measure_link(arguments, "tcp", std::move(central), std::move(site), report);
  }
  {
    test::TlsConsortium consortium;
    auto central = Tls::listen({.sites = {"site"}, .files = consortium.centre()});
    auto site = Tls::connect(
        {.host = "127.0.0.1", .port = central.port(), .files = consortium.site("site")});
    measure_link(arguments, "tls", std::move(central), std::move(site), report);
  }
  benchmark::measure_mpi(arguments, report);
  return report.rows();
}

}  // namespace
}  // namespace asyndgan

int main(int count, char** values) {
  return asyndgan::benchmark::run(count, values, asyndgan::measure_all);
}
