// SPDX-License-Identifier: Apache-2.0
//
// Steps and gradients a second by the number of sites: as processes of this machine over TCP, all
// alike or the last of them 10 times slower, and simulated with a made up clock, in which a site
// works for 10 ms, a message takes 1 to 40 ms, and every tenth site is 10 times slower. The
// networks are tiny: what is measured is the federation.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "asyndgan/federation/schedule.hpp"
#include "asyndgan/transport/tcp.hpp"
#include "simulation/simulator.hpp"
#include "support/benchmark.hpp"
#include "support/federation.hpp"

namespace {

using namespace asyndgan;
using Base = test::Federation<float>;

constexpr int kSlowness = 10;  // of a slow site

struct Rate {
  double steps = 0;      // of the generator, a second
  double gradients = 0;  // that they were made of, a second
  double of_fast = 0;    // of them, those of sites that are not slow
  double oldest = 0;     // of all, in steps
};

federation::CentralOptions options_for(int sites, std::uint64_t steps) {
  auto options = Base::defaults().central;
  options.batch = 1;
  options.steps = steps;
  options.minimum_sites = sites > 1 ? sites - 1 : 0;
  return options;
}

/// `is_slow` tells of a site by its rank - 1.
template <class Report, class F>
void count(const Report& report, const F& is_slow, Rate& rate) {
  rate.steps += 1;
  for (const auto& part : report.parts) {
    rate.gradients += 1;
    rate.of_fast += is_slow(part.site) ? 0 : 1;
    rate.oldest = std::max(rate.oldest, static_cast<double>(part.age));
  }
}

Rate per_second(Rate counted, double seconds) {
  return {counted.steps / seconds, counted.gradients / seconds, counted.of_fast / seconds,
          counted.oldest};
}

template <federation::Schedule Plan>
Rate simulated(int sites, const Plan& plan) {
  // As many exchanges for every number of sites, about.
  const bool one_a_step = !plan.waits_for_all() && plan.deadline() == federation::kNoDeadline;
  const int exchanges = std::max(4000, 5 * sites);
  const int steps = one_a_step ? exchanges : std::max(5, exchanges / sites);
  typename test::Simulator<Plan>::Options options{.schedule = plan};
  options.federation.sites = sites;
  options.federation.central = options_for(sites, static_cast<std::uint64_t>(steps));
  options.checkpoint_every = options.site_checkpoint_every = steps;
  const auto is_slow = [](std::size_t site) { return site % 10 == 9; };
  for (std::size_t i = 0; i < static_cast<std::size_t>(sites); ++i) {
    options.speed.push_back(is_slow(i) ? kSlowness : 1);
  }
  test::Simulator<Plan> simulator(options);
  Rate rate;
  for (const auto& report : simulator.run()) count(report, is_slow, rate);
  return per_second(rate, std::chrono::duration<double>(simulator.elapsed()).count());
}

/// A site in a process of its own, from the moment that it is told where the centre is. A slow one
/// rests after each step for nine times the processor time that it took.
[[noreturn]] void be_site(int number, int told, bool slow) {
  std::uint16_t port = 0;
  if (::read(told, &port, sizeof port) != sizeof port) ::_exit(1);
  try {
    set_thread_count(1);
    privacy::EgressLedger ledger;
    auto own = Base::defaults().site;
    own.name = "phantom-" + std::to_string(number);
    own.secret = static_cast<std::uint64_t>(number);
    using Site = federation::Site<Base::Net, test::PhantomModality, transport::Tcp>;
    Site site(Base::data(Base::defaults(), number), {},
              transport::Tcp::connect({.host = "127.0.0.1", .port = port, .name = own.name}),
              ledger, own);
    typename Site::Hooks hooks;
    double before = benchmark::processor_now();
    if (slow) {
      hooks.before_answer = [&before](Site&) {
        const std::chrono::duration<double> worked(benchmark::processor_now() - before);
        std::this_thread::sleep_for((kSlowness - 1) * worked);
        before = benchmark::processor_now();
      };
    }
    site.serve(hooks);
  } catch (const Error& error) {  // the run is over
  }
  ::_exit(0);
}

/// `slow` makes the last site a slow one.
template <federation::Schedule Plan>
Rate measured(int sites, const Plan& plan, double seconds, bool slow) {
  std::vector<std::string> names;
  std::vector<int> tell;
  for (int i = 1; i <= sites; ++i) {  // before this process has threads
    int ends[2];
    if (::pipe(ends) != 0) throw Error("no pipe for a process");
    const pid_t child = ::fork();
    if (child < 0) throw Error("no process for a site");
    if (child == 0) be_site(i, ends[0], slow && i == sites);
    ::close(ends[0]);
    tell.push_back(ends[1]);
    names.push_back("phantom-" + std::to_string(i));
  }
  Rate rate;
  double elapsed = 0;
  {
    auto link = transport::Tcp::listen({.address = "127.0.0.1", .sites = names});
    const std::uint16_t port = link.port();
    for (const int end : tell) {
      if (::write(end, &port, sizeof port) != sizeof port) throw Error("a site is gone");
      ::close(end);
    }
    auto options = options_for(sites, 100'000'000);
    options.minimum_sites = 0;
    federation::Central<Base::G, transport::Tcp, Plan> central(
        Base::generator(Base::defaults()), std::move(link), sites, options, {}, plan);
    central.admit();
    for (int i = 0; i < 3; ++i) (void)central.round();
    // Counted apart whether it is slow or not, so that the others' rates can be compared.
    const auto is_last = [sites](std::size_t site) {
      return site + 1 == static_cast<std::size_t>(sites);
    };
    const double begin = benchmark::now();
    while (elapsed < seconds) {
      count(central.round(), is_last, rate);
      elapsed = benchmark::now() - begin;
    }
    central.finish("measured");
  }
  while (::wait(nullptr) > 0) {
  }
  return per_second(rate, elapsed);
}

class Table {
 public:
  explicit Table(const benchmark::Arguments& arguments) : arguments_(arguments) {}

  template <class Measure>
  void line(const std::string& name, const Measure& measure) {
    if (!benchmark::selected(arguments_, name)) return;
    if (arguments_.list) {
      std::puts(name.c_str());
      return;
    }
    const Rate rate = measure();
    std::printf("%-54s %9.1f steps/s %8.0f gradients/s, %8.0f of fast sites, the oldest %.0f\n",
                name.c_str(), rate.steps, rate.gradients, rate.of_fast, rate.oldest);
    std::fflush(stdout);
    rows_.rows.push_back({name, "steps_per_second", rate.steps, "1/s"});
    rows_.rows.push_back({name, "gradients_per_second", rate.gradients, "1/s"});
    rows_.rows.push_back({name, "gradients_per_second_of_fast_sites", rate.of_fast, "1/s"});
  }
  [[nodiscard]] const telemetry::Rows& rows() const { return rows_; }

 private:
  const benchmark::Arguments& arguments_;
  telemetry::Rows rows_{"scaling", telemetry::this_machine(), {}};
};

telemetry::Rows measure_all(const benchmark::Arguments& arguments) {
  Table table(arguments);
  const auto all = [&](const std::string& where, const std::vector<int>& numbers,
                       const auto& measure) {
    for (const int sites : numbers) {
      const std::string end = " sites " + std::to_string(sites);
      table.line(where + " lockstep" + end, [&] { return measure(sites, federation::Lockstep{}); });
      table.line(where + " quorum" + end, [&] {
        return measure(sites, federation::Quorum{.patience = std::chrono::milliseconds(100),
                                                 .sites = std::max(1, sites / 2)});
      });
      table.line(where + " bounded staleness" + end, [&] {
        return measure(
            sites, federation::BoundedStaleness{.bound = static_cast<std::uint64_t>(20 * sites)});
      });
    }
  };
  set_thread_count(1);
  all("processes", {1, 2, 5, 10, 30, 100},
      [&](int sites, const auto& plan) { return measured(sites, plan, arguments.seconds, false); });
  all("processes, one slow,", {2, 5, 10, 30},
      [&](int sites, const auto& plan) { return measured(sites, plan, arguments.seconds, true); });
  all("simulated", {1, 10, 100, 1000, 10000},
      [](int sites, const auto& plan) { return simulated(sites, plan); });
  return table.rows();
}

}  // namespace

int main(int count, char** values) { return benchmark::run(count, values, measure_all); }
