// SPDX-License-Identifier: Apache-2.0
//
// Whether a long run leaks: a centre and two sites with tiny networks, as processes of this machine
// over TCP, take many steps, and their memory and open files are looked at all along.
//   soak [--steps N]     10^6 unless told otherwise; with --seconds S it ends then at the latest
//        [--tls]         over TLS
//
// It fails where a process has more open files than after the first fifth, or where its memory
// has grown since then by more than 1 MB an hour. That is the median of the slopes between all
// pairs of samples (Theil 1950, Sen 1968): what the system takes or gives at once here and there
// does not turn it, what is lost in every step does.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/transport/tcp.hpp"
#include "asyndgan/transport/tls.hpp"
#include "support/benchmark.hpp"
#include "support/federation.hpp"
#include "support/temporary_folder.hpp"
#include "support/tls_consortium.hpp"

namespace {

using namespace asyndgan;
using Base = test::Federation<float>;

constexpr int kSites = 2;
constexpr double kWarmUp = 0.2;   // of the run: pools, buffers and the allocator's own fill
constexpr double kAllowed = 1e6;  // bytes an hour
/// Growth that a short run has without a leak, in pages that are touched at last; past 4 minutes
/// the slope is the stricter of the two.
constexpr double kNoise = 64 * 1024;
constexpr int kSamples = 500;
constexpr int kSamplesALine = 25;

/// How the processes are linked: by whom they are called, each end made in its own process.
struct OverTcp {
  explicit OverTcp(const std::vector<std::string>& names) : sites(names) {}

  [[nodiscard]] transport::Tcp listen() const {
    return transport::Tcp::listen({.address = "127.0.0.1", .sites = sites});
  }
  [[nodiscard]] transport::Tcp connect(std::size_t site, std::uint16_t port) const {
    return transport::Tcp::connect({.host = "127.0.0.1", .port = port, .name = sites[site]});
  }

  std::vector<std::string> sites;
};

struct OverTls {
  explicit OverTls(const std::vector<std::string>& names) : sites(names) {
    centre = consortium.centre();
    for (const auto& name : names) certificates.push_back(consortium.site(name));
  }

  [[nodiscard]] transport::Tls listen() const {
    return transport::Tls::listen({.address = "127.0.0.1", .sites = sites, .files = centre});
  }
  [[nodiscard]] transport::Tls connect(std::size_t site, std::uint16_t port) const {
    return transport::Tls::connect(
        {.host = "127.0.0.1", .port = port, .files = certificates[site]});
  }

  std::vector<std::string> sites;
  test::TlsConsortium consortium;
  transport::Tls::Files centre;
  std::vector<transport::Tls::Files> certificates;
};

struct Sample {
  double seconds;
  double steps;
  double bytes;
  int handles;
};

/// A process of the run, and what it held.
struct Watched {
  std::string name;
  pid_t process;
  std::vector<Sample> samples = {};

  void look(double seconds, double steps) {
    const std::string folder = "/proc/" + std::to_string(process);
    std::ifstream file(folder + "/statm");
    double pages = 0;
    if (!(file >> pages >> pages)) throw Error(name + " has ended");
    const std::filesystem::directory_iterator open(folder + "/fd");
    samples.push_back({seconds, steps, pages * static_cast<double>(::sysconf(_SC_PAGESIZE)),
                       static_cast<int>(std::distance(begin(open), end(open)))});
  }
};

/// The median of the slopes of bytes over `x` between all pairs.
double slope(const std::vector<Sample>& samples, double Sample::*x) {
  std::vector<double> slopes;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    for (std::size_t j = i + 1; j < samples.size(); ++j) {
      slopes.push_back((samples[j].bytes - samples[i].bytes) / (samples[j].*x - samples[i].*x));
    }
  }
  const auto middle = slopes.begin() + static_cast<std::ptrdiff_t>(slopes.size() / 2);
  std::nth_element(slopes.begin(), middle, slopes.end());
  return *middle;
}

/// A site in a process of its own, from the moment that it is told where the centre is. It keeps
/// its ledger in a file, as the program does.
template <class Over>
[[noreturn]] void be_site(int number, int told, const Over& over,
                          const std::filesystem::path& folder) {
  std::uint16_t port = 0;
  if (::read(told, &port, sizeof port) != sizeof port) ::_exit(1);
  int code = 1;
  try {
    set_thread_count(1);
    auto own = Base::defaults().site;
    own.name = "phantom-" + std::to_string(number);
    own.secret = static_cast<std::uint64_t>(number);
    privacy::EgressLedger ledger(folder / (own.name + ".jsonl"));
    auto link = over.connect(static_cast<std::size_t>(number - 1), port);
    federation::Site<Base::Net, test::PhantomModality, decltype(link)> site(
        Base::data(Base::defaults(), number), {}, std::move(link), ledger, own);
    site.serve();
    code = 0;
  } catch (const Error& error) {
    std::fprintf(stderr, "site %d: %s\n", number, error.what());
  }
  ::_exit(code);
}

/// What each process holds now, on a line.
void tell_of(const std::vector<Watched>& watched) {
  const Sample& now = watched.front().samples.back();
  std::printf("%7.0f s %9.0f steps", now.seconds, now.steps);
  for (const auto& process : watched) {
    const Sample& sample = process.samples.back();
    std::printf("  %s %.0f kB, %d files", process.name.c_str(), sample.bytes / 1000,
                sample.handles);
  }
  std::printf("\n");
  std::fflush(stdout);
}

/// Takes the steps. Requires a process without threads.
template <class Over>
std::vector<Watched> take_steps(std::uint64_t steps, double seconds) {
  const test::TemporaryFolder folder;
  std::vector<std::string> names;
  for (int i = 1; i <= kSites; ++i) names.push_back("phantom-" + std::to_string(i));
  const Over over(names);
  std::vector<int> tell;
  std::vector<Watched> watched{{"centre", ::getpid()}};
  for (int i = 1; i <= kSites; ++i) {
    int ends[2];
    if (::pipe(ends) != 0) throw Error("no pipe for a process");
    const pid_t child = ::fork();
    if (child < 0) throw Error("no process for a site");
    if (child == 0) {
      ::close(ends[1]);  // or it would not learn that the centre has ended
      for (const int end : tell) ::close(end);
      be_site(i, ends[0], over, folder.path());
    }
    ::close(ends[0]);
    tell.push_back(ends[1]);
    watched.push_back({"site " + std::to_string(i), child});
  }
  {
    auto link = over.listen();
    const std::uint16_t port = link.port();
    for (const int end : tell) {
      if (::write(end, &port, sizeof port) != sizeof port) throw Error("a site is gone");
      ::close(end);
    }
    auto options = Base::defaults().central;
    options.batch = 1;
    options.steps = steps;
    federation::Central<Base::G, decltype(link)> central(Base::generator(Base::defaults()),
                                                         std::move(link), kSites, options);
    central.admit();
    for (auto& process : watched) {  // samples are not to grow while they are taken
      process.samples.resize(kSamples + 2);
      process.samples.clear();
    }
    // By steps or by time, whichever will end the run.
    const double begin = benchmark::now();
    double next = 0;
    while (central.step() < steps) {
      (void)central.round();
      const double elapsed = benchmark::now() - begin;
      const auto done = static_cast<double>(central.step());
      const double part = std::max(done / static_cast<double>(steps), elapsed / seconds);
      if (part >= next) {
        for (auto& process : watched) process.look(elapsed, done);
        if (watched.front().samples.size() % kSamplesALine == 1) tell_of(watched);
        next = part + 1.0 / kSamples;
      }
      if (elapsed >= seconds) break;
    }
    central.finish("enough");
  }
  for (int i = 0; i < kSites; ++i) {
    int status = 0;
    if (::wait(&status) < 0 || status != 0) throw Error("a site failed");
  }
  return watched;
}

/// Prints a line for each process, and returns what is wrong with any of them.
std::string judge(const std::vector<Watched>& watched, telemetry::Rows& rows) {
  std::string leaks;
  std::printf("%-8s %9s %8s %10s %10s %12s %17s %18s\n", "", "steps", "steps/s", "memory",
              "grown by", "bytes/hour", "bytes/10^5 steps", "open files, most");
  for (const auto& [name, process, all] : watched) {
    const auto warm = static_cast<std::ptrdiff_t>(kWarmUp * static_cast<double>(all.size()));
    const std::vector<Sample> samples(all.begin() + warm, all.end());
    if (samples.size() < 3) throw Error("too few steps to judge by");
    const Sample& first = samples.front();
    const Sample& last = samples.back();
    const double rate = (last.steps - first.steps) / (last.seconds - first.seconds);
    const double growth = last.bytes - first.bytes;
    const double an_hour = 3600 * slope(samples, &Sample::seconds);
    const double of_steps = 1e5 * slope(samples, &Sample::steps);
    int most = 0;
    for (const Sample& sample : samples) most = std::max(most, sample.handles);
    std::printf("%-8s %9.0f %8.0f %10.0f %10.0f %12.0f %17.0f %12d, %4d\n", name.c_str(),
                last.steps, rate, last.bytes, growth, an_hour, of_steps, first.handles, most);
    rows.rows.push_back({name, "steps", last.steps, "1"});
    rows.rows.push_back({name, "steps_per_second", rate, "1/s"});
    rows.rows.push_back({name, "memory", last.bytes, "bytes"});
    rows.rows.push_back({name, "memory_per_hour", an_hour, "bytes/h"});
    rows.rows.push_back({name, "memory_per_100000_steps", of_steps, "bytes"});
    rows.rows.push_back({name, "open_files_more", static_cast<double>(most - first.handles), "1"});
    if (most > first.handles) leaks += (leaks.empty() ? "" : "; ") + name + " keeps files open";
    if (an_hour > kAllowed && growth > kNoise) {
      leaks += (leaks.empty() ? "" : "; ") + name + " grows by more than 1 MB an hour";
    }
  }
  return leaks;
}

}  // namespace

int main(int count, char** values) {
  try {
    benchmark::Arguments arguments;
    arguments.seconds = std::numeric_limits<double>::infinity();
    std::uint64_t steps = 1'000'000;
    bool tls = false;
    for (int i = 1; i < count; ++i) {
      const std::string name = values[i];
      const auto value = [&]() -> const char* {
        if (i + 1 >= count) throw ConfigError(name + " needs a value");
        return values[++i];
      };
      if (name == "--steps") {
        steps = std::strtoull(value(), nullptr, 10);
      } else if (name == "--seconds") {
        arguments.seconds = std::atof(value());
      } else if (name == "--json") {
        arguments.json = value();
      } else if (name == "--tls") {
        tls = true;
      } else {
        throw ConfigError("unknown argument " + name +
                          "; known: --steps N, --seconds S, --json FILE, --tls");
      }
    }
    if (steps < 1 || !(arguments.seconds > 0)) {
      throw ConfigError("--steps and --seconds take numbers above 0");
    }
    set_thread_count(1);
    telemetry::Rows rows{"soak", telemetry::this_machine(), {}};
    const auto watched = tls ? take_steps<OverTls>(steps, arguments.seconds)
                             : take_steps<OverTcp>(steps, arguments.seconds);
    const std::string leaks = judge(watched, rows);
    benchmark::finish(arguments, rows);
    if (!leaks.empty()) throw Error(leaks);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", values[0], error.what());
    return 1;
  }
}
