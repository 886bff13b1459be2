// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/federation/central.hpp"
#include "asyndgan/federation/journal.hpp"
#include "asyndgan/federation/simulation.hpp"
#include "asyndgan/federation/site.hpp"
#include "asyndgan/networks/checkpoint.hpp"
#include "asyndgan/optim/weight_average.hpp"
#include "asyndgan/privacy/ledger.hpp"
#include "asyndgan/protocol/frame.hpp"
#include "asyndgan/telemetry/event_log.hpp"
#include "asyndgan/telemetry/machine.hpp"
#include "asyndgan/telemetry/progress.hpp"
#include "asyndgan/transport/counted.hpp"
#include "asyndgan/transport/in_process.hpp"
#include "networks.hpp"
#include "site_settings.hpp"
#include "train.hpp"

namespace asyndgan::program {

/// One training phase: centre and sites, their checkpoints, the log and the progress line.
template <networks::Generator G, networks::Discriminator Net>
class TrainingRun {
 public:
  using Link = transport::Counted<transport::InProcess, protocol::FrameKinds>;
  using Central = federation::Central<G, Link>;
  using Site = federation::Site<Net, federation::Channels, Link>;

  TrainingRun(const RunFolder& folder, const FederationData& data, G generator,
              const typename Net::Options& discriminator)
      : folder_(folder),
        config_(folder.config()),
        hub_(static_cast<int>(data.sites.size())),
        central_(initialized(config_, std::move(generator)), Link(hub_.join(transport::kCentral)),
                 static_cast<int>(data.sites.size()), options_of(data),
                 adam_options(config_, config_.training.generator_rate)),
        journal_(folder.root() / "checkpoints") {
    for (std::size_t i = 0; i < data.sites.size(); ++i) {
      const auto& site = data.sites[i];
      ledgers_.emplace_back(ledger_file(folder, site.name));
      auto options = site_options<Net>(config_, i);
      options.discriminator = discriminator;
      sites_.emplace_back(site.slices, federation::Channels{config_.data.channels},
                          Link(hub_.join(static_cast<transport::Peer>(i + 1))), ledgers_.back(),
                          options);
      site_journals_.emplace_back(folder.site(site.name) / "checkpoints");
    }
  }

  Trained run(const Voice& voice) {
    resume();
    telemetry::Progress progress(std::cerr, voice.progress("steps"));
    progress.begin("train", config_.training.steps, static_cast<std::int64_t>(central_.step()));
    auto log = telemetry::EventLog::resume(folder_.events(), kTrainPhase,
                                           static_cast<std::int64_t>(central_.step()));
    federation::SimulationHooks<Central, Site> hooks;
    hooks.after_step = [&](const typename Central::Report& report) {
      const double seconds = seconds_before_ + progress.seconds();
      const auto figures = log_step(report, seconds, log);
      progress.update(static_cast<std::int64_t>(report.step), figures);
      if (is_due(report.step, report.step)) save_central();
      return !interrupted();
    };
    hooks.after_site_step = [this](Site& site) {
      if (is_due(site.answered(), site.step())) save_site(site);
    };
    try {
      federation::simulate(central_, sites_, hooks);
    } catch (const PolicyError&) {  // what was answered since the last checkpoint stays counted
      for (Site& site : sites_) save_queries(site);
      throw;
    }
    const double seconds = seconds_before_ + progress.seconds();
    if (central_.step() < static_cast<std::uint64_t>(config_.training.steps)) {
      progress.clear();
      save_central();
      for (Site& site : sites_) save_site(site);
      voice.say("stopped after step " + std::to_string(central_.step()) +
                "; everything is saved, the same command goes on");
      throw Interrupted{};
    }
    progress.end();
    save_generator();
    return summary(seconds);
  }

 private:
  [[nodiscard]] federation::CentralOptions options_of(const FederationData& data) const {
    auto options = central_options(config_);
    options.public_label_maps = data.public_maps.maps;
    return options;
  }

  [[nodiscard]] bool is_due(std::uint64_t first, std::uint64_t last) const {
    return federation::checkpoint_due(
        first, last, static_cast<std::uint64_t>(config_.training.checkpoint_every));
  }

  void save_central() {
    State<float> state;
    central_.collect(state);
    journal_.write(central_.step(), central_.step(), state,
                   {{"architecture", central_.generator().describe()}});
  }

  void save_site(Site& site) {
    State<float> state;
    site.collect(state);
    const auto index = static_cast<std::size_t>(
        std::find_if(sites_.begin(), sites_.end(), [&](const Site& s) { return &s == &site; }) -
        sites_.begin());
    site_journals_[index].write(site.answered(), site.step(), state, {{"site", site.name()}});
    save_queries(site);
  }

  /// The queries that a site has answered, apart from its checkpoints: going back to an earlier
  /// one takes no answer back.
  [[nodiscard]] static State<float> queries(Site& site) {
    State<float> all, state;
    site.collect(all);
    for (const auto& counter : all.counters) {
      if (counter.name.starts_with("queries.")) state.counters.push_back(counter);
    }
    return state;
  }
  [[nodiscard]] std::filesystem::path queries_file(const Site& site) const {
    return folder_.site(site.name()) / "queries.safetensors";
  }
  void save_queries(Site& site) {
    auto state = queries(site);
    networks::save_checkpoint(queries_file(site), state);
  }
  void read_queries() {
    for (Site& site : sites_) {
      auto state = queries(site);
      if (std::filesystem::exists(queries_file(site))) {
        networks::load_checkpoint(queries_file(site), state);
      }
    }
  }

  /// Takes up the last step of which the centre and every site have a checkpoint.
  void resume() {
    auto common = journal_.steps();
    for (const auto& journal : site_journals_) {
      std::erase_if(common, [&](std::uint64_t step) { return !journal.covering(step); });
    }
    if (common.empty()) return read_queries();
    State<float> state;
    central_.collect(state);
    journal_.read(common.back(), state);
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      const auto& journal = site_journals_[i];
      sites_[i].restore(journal.open(journal.covering(common.back()).value()));
    }
    read_queries();
    for (const auto& event : telemetry::read_events(folder_.events())) {
      if (event.value("phase", "") != kTrainPhase) continue;
      if (event.value("step", std::uint64_t{0}) > common.back()) continue;
      seconds_before_ = event.value("seconds", seconds_before_);
      if (event.contains("received")) {
        received_before_ = event.at("received").template get<std::vector<std::uint64_t>>();
      }
    }
  }

  /// Bytes that the centre has sent to each site, over all parts of an interrupted run.
  [[nodiscard]] std::vector<std::uint64_t> received() {
    std::vector<std::uint64_t> bytes = received_before_;
    bytes.resize(sites_.size());
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] += central_.link().traffic(static_cast<transport::Peer>(i + 1)).bytes_sent;
    }
    return bytes;
  }

  std::vector<telemetry::Figure> log_step(const typename Central::Report& report, double seconds,
                                          telemetry::EventLog& log) {
    telemetry::Event event = {{"phase", kTrainPhase}, {"step", report.step}, {"seconds", seconds}};
    double generator = 0;
    double discriminator = 0;
    int told = 0;
    for (std::size_t i = 0; i < report.sites.size(); ++i) {
      const auto& losses = report.sites[i];
      if (!losses) continue;
      const double own = (losses->discriminator_real + losses->discriminator_fake) / 2;
      event["discriminator " + config_.data.sites[i].name] = own;
      discriminator += own;
      generator += losses->generator;
      ++told;
    }
    if (told > 0) event["generator"] = generator / told;
    event["received"] = received();
    log.append(event);
    if (told == 0) return last_figures_;
    return last_figures_ = {{"D", discriminator / told}, {"G", generator / told}};
  }

  void save_generator() {
    const optim::AveragedScope averaged(central_.average());
    networks::save_network(generator_file(folder_), central_.generator(),
                           {{"step", std::to_string(central_.step())}});
  }

  [[nodiscard]] Trained summary(double seconds) {
    const auto machine = telemetry::this_machine();
    const auto exchanges =
        federation::plan_step(config_.training.variant, config_.training.discriminator_steps);
    State<float> site_state;
    sites_.front().collect(site_state);
    Trained trained{.steps = config_.training.steps,
                    .seconds = seconds,
                    .images = static_cast<std::int64_t>(exchanges.size() * sites_.size()) *
                              config_.training.batch * config_.training.steps,
                    .generator = central_.generator().describe(),
                    .generator_parameters = parameter_count(central_.generator()),
                    .discriminator = sites_.front().critics().front().network.describe(),
                    .discriminator_parameters = site_state.parameter_count(),
                    .reveals = std::string(privacy::to_string(objective(config_).reveals())),
                    .sanitizer = sanitizer(config_).describe(),
                    .cpu = machine.cpu,
                    .cores = machine.cores,
                    .threads = machine.threads,
                    .compiler = machine.compiler,
                    .sites = {}};
    const auto bytes = received();
    for (std::size_t i = 0; i < sites_.size(); ++i) {
      SiteTrained site{.name = sites_[i].name(),
                       .weight = central_.roster()[i].member.weight,
                       .training_bytes = ledgers_[i].bytes(),
                       .sent = {},
                       .received_bytes = bytes[i],
                       .refusals = 0};
      enter_ledger(site, ledgers_[i]);
      trained.sites.push_back(std::move(site));
    }
    return trained;
  }

  const RunFolder& folder_;
  const RunConfig& config_;
  transport::InProcessHub hub_;
  Central central_;
  federation::Journal journal_;
  std::deque<privacy::EgressLedger> ledgers_;  // outlive the sites
  std::deque<Site> sites_;
  std::vector<federation::Journal> site_journals_;
  double seconds_before_ = 0;  // of the parts of an interrupted run
  std::vector<std::uint64_t> received_before_;
  std::vector<telemetry::Figure> last_figures_;
};

/// For train.cpp: each in a file of its own, because each takes a compiler some seconds.
[[nodiscard]] Trained train_with_patch(const RunFolder& folder, const FederationData& data,
                                       const Voice& voice);
[[nodiscard]] Trained train_with_pixel(const RunFolder& folder, const FederationData& data,
                                       const Voice& voice);

}  // namespace asyndgan::program
