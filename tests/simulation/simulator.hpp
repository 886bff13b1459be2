// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/random.hpp"
#include "asyndgan/federation/central.hpp"
#include "asyndgan/federation/schedule.hpp"
#include "asyndgan/federation/site.hpp"
#include "asyndgan/transport/faulty.hpp"
#include "asyndgan/transport/virtual_network.hpp"
#include "support/federation.hpp"
#include "support/tapped.hpp"

namespace asyndgan::test {

/// All numbers of a State, as a checkpoint would hold them.
class Snapshot {
 public:
  explicit Snapshot(const State<float>& state) {
    for (const auto& [name, parameter] : state.parameters) {
      tensors_.push_back(parameter->value.to_host());
    }
    for (const auto& [name, tensor] : state.buffers) tensors_.push_back(tensor->to_host());
    for (const auto& counter : state.counters) {
      counts_.emplace_back(counter.count, counter.count + std::max<std::size_t>(counter.list, 1));
    }
    for (const auto& [name, value] : state.reals) reals_.push_back(*value);
  }
  void restore(const State<float>& state) const {
    auto tensor = tensors_.begin();
    for (auto& [name, parameter] : state.parameters) {
      parameter->value = Tensor<float>::from_host(parameter->value.shape(), *tensor++);
    }
    for (auto& [name, buffer] : state.buffers) {
      *buffer = Tensor<float>::from_host(buffer->shape(), *tensor++);
    }
    auto count = counts_.begin();
    for (auto& counter : state.counters) {
      std::copy(count->begin(), count->end(), counter.count);
      ++count;
    }
    auto real = reals_.begin();
    for (auto& [name, value] : state.reals) *value = *real++;
  }

 private:
  std::vector<std::vector<float>> tensors_;
  std::vector<std::vector<std::int64_t>> counts_;
  std::vector<double> reals_;
};

template <class T>
[[nodiscard]] Snapshot snapshot(T& participant) {
  State<float> state;
  participant.collect(state);
  return Snapshot(state);
}
template <class T>
void restore(T& participant, const Snapshot& snapshot) {
  State<float> state;
  participant.collect(state);
  snapshot.restore(state);
}

/// No step was done for longer than any fault explains.
struct Stuck : Error {
  using Error::Error;
};

/// A federation in one thread and with a made up clock, in which one number decides all that goes
/// wrong: links cut, sites that stall, crash and return, a centre that crashes, disks that take no
/// checkpoints, and processes that end before they write one or right behind it.
///
/// Errors  Stuck, out of run().
template <federation::Schedule Plan = federation::Lockstep>
class Simulator {
 public:
  using Base = Federation<float>;
  using Tap = Tapped<transport::Virtual>;
  using Link = transport::Faulty<Tap>;
  using Central = federation::Central<Base::G, Link, Plan>;
  using Site = federation::Site<Base::Net, PhantomModality, Link>;
  using Report = typename Central::Report;

  /// How often something happens in a run, on average.
  struct Faults {
    int cuts = 0;
    int stalls = 0;
    int site_crashes = 0;
    int centre_crashes = 0;
    int full_disks = 0;         // of anyone, for a while
    int crashes_at_writes = 0;  // of anyone, before a checkpoint is written or behind it
  };
  struct Options {
    Base::Options federation = Base::defaults();
    Plan schedule = {};
    Faults faults = {};
    std::uint64_t seed = 0;
    int checkpoint_every = 1;        // steps, at the centre
    int site_checkpoint_every = 1;   // steps
    std::vector<double> speed = {};  // of each site, where they differ: times the usual work
    /// What no transport of ours does to a message, for both ends have its checksum and its number:
    /// loses one, repeats it, lets another overtake it.
    transport::Faults lines = {};
    typename Tap::Tap tap = {};  // sees every message that leaves a site
  };

  explicit Simulator(const Options& options)
      : options_(options),
        draws_({.seed = options.seed, .purpose = random::Purpose::augment}),
        network_(options.federation.sites,
                 {.delay = [this](auto, auto) { return milliseconds(between(1, 40)); },
                  .work = [this](auto site) { return work_of(site); }}),
        stalled_(static_cast<std::size_t>(options.federation.sites), 1),
        disks_(static_cast<std::size_t>(options.federation.sites) + 1),
        boxes_(static_cast<std::size_t>(options.federation.sites)) {
    options_.federation.central.now = [this] { return network_.now(); };
    for (int i = 1; i <= options.federation.sites; ++i) {
      network_.on_message(i, [this, i] { serve(i); });
      network_.on_cut(i, [this, i] { come_back(i); });
      start(i);
    }
    plan_faults();
    watch_progress();
  }

  /// Runs to the end, through every crash of the centre. Returns the reports of the steps that
  /// the last one is made of: what a crash undid is not in it.
  std::vector<Report> run() {
    std::map<std::uint64_t, Report> reports;
    std::map<std::uint64_t, Snapshot> saved;  // by step
    std::uint64_t from = 0;
    for (;;) {
      central_ =
          std::make_unique<Central>(Base::generator(options_.federation), link(transport::kCentral),
                                    options_.federation.sites, options_.federation.central,
                                    optim::Adam<float>::Options{}, options_.schedule);
      if (from > 0) restore(*central_, saved.at(from));
      try {
        central_->admit();
        while (central_->step() < central_->steps()) {
          auto report = central_->round();
          report.sites = {};  // losses that nobody looks at here, of all sites for every step
          reports[report.step] = report;
          ++steps_done_;
          if (report.step % static_cast<std::uint64_t>(options_.checkpoint_every) == 0) {
            disk(transport::kCentral).write([&] {
              saved.insert_or_assign(report.step, snapshot(*central_));
            });
          }
        }
        break;
      } catch (const Crash&) {
        from = saved.empty() ? 0 : saved.rbegin()->first;
      } catch (const federation::SiteBehind& behind) {
        std::vector<std::uint64_t> checkpoints{0};
        for (const auto& [step, state] : saved) checkpoints.push_back(step);
        from = behind.common(checkpoints).value();
        ++returns_;
      }
      central_.reset();
      network_.spend(milliseconds(between(1, 3000)));
    }
    central_->finish("the run is complete");
    std::vector<Report> in_order;
    in_order.reserve(reports.size());
    for (auto& [step, report] : reports) in_order.push_back(std::move(report));
    return in_order;
  }

  [[nodiscard]] std::vector<float> weights() {
    State<float> state;
    central_->generator().collect("", state);
    std::vector<float> all;
    for (const auto& [name, parameter] : state.parameters) {
      const auto values = parameter->value.to_host();
      all.insert(all.end(), values.begin(), values.end());
    }
    return all;
  }
  [[nodiscard]] Central& central() { return *central_; }
  [[nodiscard]] std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<milliseconds>(network_.now().time_since_epoch());
  }
  /// What went wrong that no fault explains.
  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }
  [[nodiscard]] int faults() const { return faults_; }
  /// How often all went back for a site that could not go on.
  [[nodiscard]] int returns() const { return returns_; }

 private:
  using milliseconds = std::chrono::milliseconds;
  struct Crash {};  // of a process

  /// Where a participant writes its checkpoints.
  class Disk {
   public:
    void fill(bool full) { full_ = full; }
    /// The process ends at its next checkpoint, before that is written or right behind it.
    void crash_at_write(bool before) { crash_ = before ? CrashAt::before : CrashAt::behind; }

    /// A full disk is no reason to end: the program goes on, and tries again in its turn.
    template <class Save>
    void write(const Save& save) {
      const CrashAt due = std::exchange(crash_, CrashAt::never);
      if (due == CrashAt::before) throw Crash();
      if (!full_) save();
      if (due == CrashAt::behind) throw Crash();
    }

   private:
    enum class CrashAt { never, before, behind };

    bool full_ = false;
    CrashAt crash_ = CrashAt::never;
  };

  struct Box {
    privacy::EgressLedger ledger;
    std::unique_ptr<Site> site;
    std::map<std::uint64_t, std::pair<std::uint64_t, Snapshot>> checkpoints;  // from, until
    bool down = false;
  };

  [[nodiscard]] int between(int low, int high) {
    return low + static_cast<int>(draws_.below(static_cast<std::uint32_t>(high - low + 1)));
  }
  [[nodiscard]] milliseconds work_of(int site) {
    const auto i = static_cast<std::size_t>(site - 1);
    const double speed = options_.speed.empty() ? 1 : options_.speed[i];
    return milliseconds(static_cast<int>(between(8, 12) * speed * stalled_[i]));
  }
  [[nodiscard]] Box& box(int site) { return boxes_[static_cast<std::size_t>(site - 1)]; }
  [[nodiscard]] Disk& disk(int rank) { return disks_[static_cast<std::size_t>(rank)]; }

  /// Whoever connects anew has another fate.
  [[nodiscard]] Link link(int rank) {
    auto lines = options_.lines;
    lines.seed = options_.seed * 1000 + links_++;
    return {Tap(network_.join(rank), rank == transport::kCentral ? nullptr : options_.tap), lines};
  }

  void start(int i) {
    Box& own = box(i);
    auto options = options_.federation.site;
    options.name = "phantom-" + std::to_string(i);
    options.secret = 100 + static_cast<std::uint64_t>(i);
    own.site = std::make_unique<Site>(Base::data(options_.federation, i),
                                      PhantomModality{options_.federation.channels}, link(i),
                                      own.ledger, options);
    if (!own.checkpoints.empty()) restore(*own.site, own.checkpoints.rbegin()->second.second);
    own.down = false;
    greet(i);
  }

  void greet(int i) {
    try {
      box(i).site->greet(hooks(i));
    } catch (const TransportError&) {  // cut again: come_back() is on its way
    }
  }

  void come_back(int i) {
    network_.after(milliseconds(between(10, 2000)), [this, i] {
      if (box(i).down) return;
      try {
        box(i).site->reconnect(link(i));
      } catch (const TransportError&) {  // it has joined by another call
        return;
      }
      greet(i);
    });
  }

  [[nodiscard]] typename Site::Hooks hooks(int i) {
    Box& own = box(i);
    return {.before_answer =
                [this, i, &own](Site& site) {
                  const auto every = static_cast<std::uint64_t>(options_.site_checkpoint_every);
                  auto due = site.answered();
                  while (due < site.step() && due % every != 0) ++due;
                  if (due % every == 0) disk(i).write([&] { save(own); });
                },
            .rewind = [&own](Site& site, std::uint64_t step) { return rewind(own, site, step); },
            .checkpoints =
                [&own] {
                  std::vector<protocol::StepRange> ranges;
                  for (const auto& [from, saved] : own.checkpoints) {
                    ranges.push_back({from, std::max(from, saved.first)});
                  }
                  return ranges;
                }};
  }

  static void save(Box& own) {
    own.checkpoints.insert_or_assign(own.site->answered(),
                                     std::pair(own.site->step(), snapshot(*own.site)));
  }

  void serve(int i) {
    Box& own = box(i);
    try {
      (void)own.site->serve_round(hooks(i));
    } catch (const TransportError&) {  // cut while it worked
    } catch (const Crash&) {
      crash(i);
    } catch (const Error& error) {
      complaints_.push_back("phantom-" + std::to_string(i) + ": " + error.what());
    }
    if (!own.down && own.checkpoints.empty() && own.site->answered() == 0)
      save(own);  // where all begin
  }

  void crash(int i) {
    if (box(i).down) return;
    box(i).down = true;
    network_.cut(i);
    network_.after(milliseconds(between(10, 3000)), [this, i] { start(i); });
  }

  static bool rewind(Box& own, Site& site, std::uint64_t step) {
    const auto behind = own.checkpoints.upper_bound(step);
    if (behind == own.checkpoints.begin()) return false;
    const auto& [until, state] = std::prev(behind)->second;
    if (until < step) return false;
    restore(site, state);
    own.checkpoints.erase(behind, own.checkpoints.end());
    return true;
  }

  void plan_faults() {
    const auto plan = [this](int count, auto fault) {
      if (count == 0) return;
      for (int n = between(0, 2 * count); n > 0; --n) {
        network_.after(milliseconds(between(0, kHorizon)), [this, fault] {
          ++faults_;
          fault(between(1, options_.federation.sites));
        });
      }
    };
    plan(options_.faults.cuts, [this](int i) { network_.cut(i); });
    plan(options_.faults.stalls, [this](int i) {
      stalled_[static_cast<std::size_t>(i - 1)] = between(2, 60);
      network_.after(milliseconds(between(10, 1000)),
                     [this, i] { stalled_[static_cast<std::size_t>(i - 1)] = 1; });
    });
    plan(options_.faults.site_crashes, [this](int i) { crash(i); });
    plan(options_.faults.centre_crashes, [this](int) {
      if (central_) throw Crash();
    });
    plan(options_.faults.full_disks, [this](int i) {
      Disk& full = disk(between(0, i));
      full.fill(true);
      network_.after(milliseconds(between(10, 1000)), [&full] { full.fill(false); });
    });
    plan(options_.faults.crashes_at_writes,
         [this](int i) { disk(between(0, i)).crash_at_write(between(0, 1) == 0); });
  }

  /// Faults begin within kHorizon, and the longest holds a participant up for 3 s.
  void watch_progress() {
    network_.after(kLongestQuiet, [this, before = steps_done_] {
      if (steps_done_ == before) {
        throw Stuck("no step in " + std::to_string(kLongestQuiet.count()) + " s of seed " +
                    std::to_string(options_.seed));
      }
      watch_progress();
    });
  }

  static constexpr std::chrono::seconds kLongestQuiet{30};
  static constexpr int kHorizon = 400;  // ms: about what a run takes that nothing disturbs

  Options options_;
  random::Sequence draws_;
  transport::VirtualNetwork network_;
  std::vector<int> stalled_;  // times the usual work
  std::vector<Disk> disks_;   // by rank
  std::vector<Box> boxes_;
  std::unique_ptr<Central> central_;
  std::vector<std::string> complaints_;
  int faults_ = 0;
  int returns_ = 0;
  std::uint64_t links_ = 0;
  std::uint64_t steps_done_ = 0;  // those that a crash undid too
};

}  // namespace asyndgan::test
