// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/central.hpp"

#include <cstdint>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "asyndgan/federation/journal.hpp"
#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/networks/checkpoint.hpp"
#include "asyndgan/optim/weight_average.hpp"
#include "asyndgan/telemetry/event_log.hpp"
#include "asyndgan/telemetry/progress.hpp"
#include "asyndgan/transport/group.hpp"
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

/// The generator's side of a run, from the last checkpoint if there is one. Of a centre of several
/// processes it is the first, whose state the others take over.
template <networks::Generator G>
class CentralRun {
 public:
  using Central = NetworkCentral<G>;

  CentralRun(const RunFolder& folder, G generator, const Replicas& replicas)
      : folder_(folder),
        config_(folder.config()),
        journal_(folder.root() / "checkpoints"),
        central_(
            initialized(config_, std::move(generator)), listen(config_, 0),
            static_cast<int>(config_.data.sites.size()), watched(options_of(config_, replicas)),
            adam_options(config_, config_.training.generator_rate), network_schedule(config_)) {
    if (const auto saved = journal_.steps(); !saved.empty()) {
      State<float> state;
      central_.collect(state);
      journal_.read(saved.back(), state);
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
        if (status_) status_->after_round(report, central_);
        for (const auto& change : report.changes) {
          progress.clear();
          voice.say(change);
        }
        progress.update(static_cast<std::int64_t>(report.step), note(report, log));
        if (report.step % static_cast<std::uint64_t>(config_.training.checkpoint_every) == 0)
          save();
      }
    } catch (...) {  // Ctrl-C, or a run that cannot go on: the steps so far are not lost
      progress.clear();
      if (saves_early(config_)) save();
      throw;
    }
    progress.end();
    save();
    central_.finish("the run is complete");
    const optim::AveragedScope averaged(central_.average());
    networks::save_network(generator_file(folder_), central_.generator(),
                           {{"step", std::to_string(central_.step())}});
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

  void save() {
    State<float> state;
    central_.collect(state);
    journal_.write(central_.step(), central_.step(), state,
                   {{"architecture", central_.generator().describe()}});
  }

  std::vector<telemetry::Figure> note(const typename Central::Report& report,
                                      telemetry::EventLog& log) {
    telemetry::Event event = {{"phase", kTrainPhase},
                              {"step", report.step},
                              {"answers", report.parts.size()},
                              {"dropped", report.dropped.size()}};
    std::uint64_t oldest = 0;
    for (const auto& part : report.parts) oldest = std::max(oldest, part.age);
    event["oldest"] = oldest;
    if (!report.changes.empty()) event["changes"] = report.changes;
    std::vector<telemetry::Figure> figures;
    double generator = 0;
    int told = 0;
    for (std::size_t i = 0; i < report.sites.size(); ++i) {
      if (!report.sites[i]) continue;
      event["discriminator " + config_.data.sites[i].name] =
          (report.sites[i]->discriminator_real + report.sites[i]->discriminator_fake) / 2;
      generator += report.sites[i]->generator;
      ++told;
    }
    if (told > 0) {
      event["generator"] = generator / told;
      figures.push_back({"G", generator / told});
    }
    log.append(event);
    return figures;
  }

  const RunFolder& folder_;
  const RunConfig& config_;
  federation::Journal journal_;
  std::unique_ptr<CentralStatus> status_;  // none where no page is served
  Central central_;
};

/// A centre's process behind the first: it serves its sites, and keeps nothing.
template <networks::Generator G>
void follow(const RunConfig& config, G generator, const Replicas& replicas, const Voice& voice) {
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

}  // namespace

int central(const ConfigArguments& arguments, const Voice& voice) {
  const RunConfig config = load_config(arguments.config, arguments.changes);
  if (config.run.threads > 0) set_thread_count(config.run.threads);
  const Replicas replicas = join_centre(config);
  try {
    with_generator(config, [&]<class G>(G generator) {
      if (replicas->rank() > 0) return follow(config, std::move(generator), replicas, voice);
      const RunFolder folder = RunFolder::open(config, /*fresh=*/false);
      CentralRun<G>(folder, std::move(generator), replicas).run(voice);
    });
  } catch (const std::exception& error) {
    replicas->leave(error.what());  // so that the others end too, and say why
    throw;
  }
  return kDone;
}

}  // namespace asyndgan::program
