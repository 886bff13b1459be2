// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/central.hpp"

#include <chrono>
#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "asyndgan/federation/journal.hpp"
#include "asyndgan/federation/standing.hpp"
#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/networks/checkpoint.hpp"
#include "asyndgan/optim/weight_average.hpp"
#include "asyndgan/telemetry/event_log.hpp"
#include "asyndgan/telemetry/progress.hpp"
#include "asyndgan/transport/group.hpp"
#include "best_effort.hpp"
#include "central_status.hpp"
#include "mpi_job.hpp"
#include "network.hpp"
#include "networks.hpp"
#include "run_folder.hpp"
#include "site_settings.hpp"
#include "train.hpp"
#include "verbs.hpp"

namespace asyndgan::program {

namespace {

template <networks::Generator G>
using NetworkCentral = federation::Central<G, NetworkLink, federation::AnySchedule>;

using Replicas = std::shared_ptr<transport::Group>;

federation::CentralOptions options_of(const RunConfig& config, const Replicas& replicas) {
  auto options = network_options(config);
  options.replicas = replicas;
  return options;
}

/// The generator's side of a run, from the checkpoint after `step` steps; 0: from the beginning. Of
/// a centre of several processes it is the first, whose state the others take over.
template <networks::Generator G>
class CentralRun {
 public:
  using Central = NetworkCentral<G>;
  using Occasion = federation::Journal::Occasion;

  CentralRun(const RunFolder& folder, G generator, const Replicas& replicas,
             federation::Journal& journal, std::uint64_t step)
      : folder_(folder),
        config_(folder.config()),
        journal_(journal),
        central_(
            initialized(config_, std::move(generator)), listen(config_, 0),
            static_cast<int>(config_.data.sites.size()), watched(options_of(config_, replicas)),
            adam_options(config_, config_.training.generator_rate), network_schedule(config_)) {
    if (step > 0) {
      State<float> state;
      central_.collect(state);
      journal_.read(step, state);
    }
    status_ = CentralStatus::open(config_, folder_.events(), central_.step());
  }

  void run(const Voice& voice) {
    if (status_) {
      voice.say("status page: " + status_->address());
      status_->refresh(central_);
    }
    voice.say("waiting for sites at " + meeting_place(config_, 0));
    telemetry::Progress progress(std::cerr, voice.progress("steps"));
    auto log = telemetry::EventLog::resume(folder_.events(), kTrainPhase,
                                           static_cast<std::int64_t>(central_.step()));
    try {
      central_.admit();
      progress.begin("train", config_.training.steps, static_cast<std::int64_t>(central_.step()));
      while (central_.step() < central_.steps()) {
        if (interrupted()) throw Interrupted{};  // in a run that never waits too
        const auto report = central_.round();
        const auto event = event_of(report);
        events_(voice, [&] { log.append(event); });
        if (status_) status_->after_round(report, event, central_);
        for (const auto& change : report.changes) {
          progress.clear();
          voice.say(change);
        }
        progress.update(static_cast<std::int64_t>(report.step), figures(event));
        if (report.step % static_cast<std::uint64_t>(config_.training.checkpoint_every) == 0) {
          checkpoints_(voice, [this] { save(Occasion::due); });
        }
      }
    } catch (const federation::SiteBehind&) {  // all go back to what was saved before
      progress.clear();
      throw;
    } catch (...) {  // Ctrl-C, or a run that cannot go on: the steps so far are not lost
      progress.clear();
      if (saves_early(config_)) {
        try {
          save(Occasion::early);
        } catch (const WriteError& error) {  // the cause of the end is the one to tell last
          if (interrupted()) throw;
          voice.say(error.what());
        }
      }
      // Sites that were asked to stop at the same time may be gone before it looks up: no failure.
      if (interrupted()) throw Interrupted{};
      throw;
    }
    progress.end();
    deliver(voice);
    central_.finish("the run is complete");
    voice.say("generator: " + generator_file(folder_).string());
  }

 private:
  /// While the centre waits, its status goes on.
  [[nodiscard]] federation::CentralOptions watched(federation::CentralOptions options) {
    options.while_waiting = [this, wait = std::move(options.while_waiting)] {
      wait();
      if (status_) status_->refresh(central_);
    };
    return options;
  }

  void save(Occasion occasion) {
    State<float> state;
    central_.collect(state);
    journal_.write(central_.step(), central_.step(), state,
                   {{"architecture", central_.generator().describe()}}, occasion);
  }

  /// What the run was for. Room on the disk is waited for as a site would be.
  void deliver(const Voice& voice) {
    using Clock = std::chrono::steady_clock;
    const auto write = [this] {
      save(Occasion::early);
      const optim::AveragedScope averaged(central_.average());
      networks::save_network(generator_file(folder_), central_.generator(),
                             {{"step", std::to_string(central_.step())}});
    };
    BestEffort results("the results");
    const auto until = Clock::now() + std::chrono::duration<double>(config_.network.grace);
    while (Clock::now() < until && !interrupted()) {
      if (results(voice, write)) return;
      std::this_thread::sleep_for(std::chrono::seconds(1));
    }
    write();
  }

  telemetry::Event event_of(const typename Central::Report& report) const {
    telemetry::Event event = {{"phase", kTrainPhase},
                              {"step", report.step},
                              {"answers", report.parts.size()},
                              {"dropped", report.dropped.size()}};
    std::uint64_t oldest = 0;
    for (const auto& part : report.parts) oldest = std::max(oldest, part.age);
    event["oldest"] = oldest;
    if (!report.changes.empty()) event["changes"] = report.changes;
    double generator = 0;
    int told = 0;
    for (std::size_t i = 0; i < report.sites.size(); ++i) {
      if (!report.sites[i]) continue;
      event["discriminator " + config_.data.sites[i].name] =
          (report.sites[i]->discriminator_real + report.sites[i]->discriminator_fake) / 2;
      generator += report.sites[i]->generator;
      ++told;
    }
    if (told > 0) event["generator"] = generator / told;
    return event;
  }

  static std::vector<telemetry::Figure> figures(const telemetry::Event& event) {
    const auto generator = event.find("generator");
    if (generator == event.end()) return {};
    return {{"G", generator->template get<double>()}};
  }

  const RunFolder& folder_;
  const RunConfig& config_;
  federation::Journal& journal_;
  BestEffort checkpoints_{"checkpoints"};
  BestEffort events_{"events"};
  std::unique_ptr<CentralStatus> status_;  // none where no page is served
  Central central_;
};

/// The step that all go on from where a site cannot go on with the centre's.
std::uint64_t go_back(const federation::SiteBehind& behind, const federation::Journal& journal,
                      const Voice& voice) {
  auto checkpoints = journal.steps();
  checkpoints.insert(checkpoints.begin(), 0);  // which needs no file
  const auto common = behind.common(checkpoints);
  if (!common) {
    throw CheckpointError(
        std::string(behind.what()) +
        ", and no checkpoint here is of a step that it can go on with: begin anew, "
        "with empty folders at the centre and at every site");
  }
  voice.say(std::string(behind.what()) + "; all go back to step " + std::to_string(*common));
  return *common;
}

/// The centre's first process, or its only one.
void lead(const RunConfig& config, const Replicas& replicas, const Voice& voice) {
  const RunFolder folder = RunFolder::open(config, /*fresh=*/false);
  federation::Journal journal(folder.root() / "checkpoints");
  const auto checkpoints = journal.steps();
  for (std::uint64_t step = checkpoints.empty() ? 0 : checkpoints.back();;) {
    try {
      return with_generator(config, [&]<class G>(G generator) {
        CentralRun<G>(folder, std::move(generator), replicas, journal, step).run(voice);
      });
    } catch (const federation::SiteBehind& behind) {
      if (config.network.link == LinkKind::mpi) throw;  // whose processes cannot come back
      step = go_back(behind, journal, voice);
    }
  }
}

/// A process behind the first: it serves its sites, and keeps nothing.
template <networks::Generator G>
void serve_block(const RunConfig& config, G generator, const Replicas& replicas,
                 const Voice& voice) {
  const int rank = replicas->rank();
  NetworkCentral<G> central(
      initialized(config, std::move(generator)), listen(config, rank),
      static_cast<int>(config.data.sites.size()), options_of(config, replicas),
      adam_options(config, config.training.generator_rate), network_schedule(config));
  voice.say("waiting for sites at " + meeting_place(config, rank));
  central.admit();
  while (central.step() < central.steps()) {
    if (interrupted()) throw Interrupted{};
    for (const auto& change : central.round().changes) voice.say(change);
  }
  central.finish("the run is complete");
}

void follow(const RunConfig& config, const Replicas& replicas, const Voice& voice) {
  for (;;) {
    try {
      return with_generator(config, [&]<class G>(G generator) {
        serve_block(config, std::move(generator), replicas, voice);
      });
    } catch (const federation::SiteBehind&) {  // the first says so, and goes back too
    }
  }
}

}  // namespace

int central(const ConfigArguments& arguments, const Voice& voice) {
  const RunConfig config = load_config(arguments.config, arguments.changes);
  set_up_kernels(config);
  const Replicas replicas = join_centre(config);
  try {
    if (replicas->rank() > 0) {
      follow(config, replicas, voice);
    } else {
      lead(config, replicas, voice);
    }
  } catch (const std::exception& error) {
    replicas->leave(error.what());  // so that the others end too, and say why
    throw;
  }
  return kDone;
}

}  // namespace asyndgan::program
