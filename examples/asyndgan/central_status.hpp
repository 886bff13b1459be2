// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/log.hpp"
#include "asyndgan/layers/layer.hpp"
#include "asyndgan/optim/weight_average.hpp"
#include "asyndgan/privacy/synthetic.hpp"
#include "asyndgan/telemetry/event_log.hpp"
#include "asyndgan/telemetry/history.hpp"
#include "asyndgan/telemetry/loopback_server.hpp"
#include "asyndgan/telemetry/recent_rate.hpp"
#include "asyndgan/telemetry/status_board.hpp"
#include "config.hpp"
#include "networks.hpp"

namespace asyndgan::program {

/// The status page of a centre: follows the run, and serves what it saw.
///
/// Threads  one; the page is served by a thread of its own, which takes no part in the training.
class CentralStatus {
 public:
  /// A run that goes on after `step` shows the losses of `events` up to there. Nothing where
  /// network.status_port is 0; nor, with a warning, where that port is taken: no run fails for its
  /// page.
  [[nodiscard]] static std::unique_ptr<CentralStatus> open(const RunConfig& config,
                                                           const std::filesystem::path& events,
                                                           std::uint64_t step);

  /// Of the page.
  [[nodiscard]] std::string address() const { return server_.address(); }

  /// Takes in a step that was completed, and what the run's events say of it.
  template <class Report, class Central>
  void after_round(const Report& report, const telemetry::Event& event, Central& central) {
    for (const auto& part : report.parts) {
      ++status_.sites[part.site].answers;
      note_gradient(part.site, part.step, part.age);
    }
    for (const auto& part : report.dropped) {
      ++status_.sites[part.site].dropped;
      note_gradient(part.site, part.step, part.age);
    }
    for (std::size_t site = 0; site < report.sites.size(); ++site) {
      if (report.sites[site]) status_.sites[site].losses = report.sites[site];
    }
    for (const auto& change : report.changes) note_event(report.step, change);
    note_losses(event);
    status_.stepped = unix_seconds();
    refresh(central);
  }

  /// Publishes how things stand now, a few times a second at most.
  template <class Central>
  void refresh(Central& central) {
    const bool last = central.step() == central.steps();
    if (!last && !is_due()) return;
    for (std::size_t site = 0; site < status_.sites.size(); ++site) {
      status_.sites[site].presence = central.roster()[site].presence;
      status_.sites[site].traffic = central.link().traffic_by_kind(static_cast<int>(site + 1));
    }
    if (samples_due()) draw_or_give_up(central);
    publish(central.step());
  }

 private:
  using Clock = std::chrono::steady_clock;

  CentralStatus(const RunConfig& config, const std::filesystem::path& events, std::uint64_t step);

  [[nodiscard]] static double unix_seconds();
  [[nodiscard]] bool is_due() const;
  [[nodiscard]] bool samples_due() const;
  void note_gradient(std::size_t site, std::uint64_t step, std::uint64_t age);
  void note_event(std::uint64_t step, const std::string& text);
  void note_losses(const telemetry::Event& event);
  void recall(const std::filesystem::path& events, std::uint64_t step);
  void publish(std::uint64_t step);

  /// Some label maps of each site, in the order of the sites.
  template <class Central>
  [[nodiscard]] LabelMap chosen_maps(const Central& central) const {
    constexpr std::size_t kRows = 6;
    const std::size_t sites = status_.sites.size();
    const std::size_t each = std::max<std::size_t>(1, kRows / sites);
    LabelMap chosen(0, config_.data.height, config_.data.width);
    for (std::size_t site = 0; site < sites; ++site) {
      const LabelMap& maps = central.roster()[site].maps;
      const auto count = std::min(
          {each, static_cast<std::size_t>(maps.n), kRows - static_cast<std::size_t>(chosen.n)});
      chosen.labels.insert(
          chosen.labels.end(), maps.labels.begin(),
          maps.labels.begin() + static_cast<std::ptrdiff_t>(count * chosen.plane()));
      chosen.n += static_cast<int>(count);
    }
    return chosen;
  }

  /// No run ends for its pictures.
  template <class Central>
  void draw_or_give_up(Central& central) {
    try {
      draw(central);
    } catch (const std::exception& error) {
      draws_ = false;
      log(LogLevel::warning,
          std::string("the status page goes on without pictures: ") + error.what());
    }
  }

  /// Neither the weights nor any random number of the run is touched: the run is the same, looked
  /// at or not.
  template <class Central>
  void draw(Central& central) {
    const LabelMap maps = chosen_maps(central);
    if (maps.n == 0) return;
    const auto began = Clock::now();
    const random::Key key{.seed = config_.run.seed, .purpose = random::Purpose::dropout};
    typename std::remove_cvref_t<decltype(central.generator())>::Saved unused;
    const optim::AveragedScope averaged(central.average());
    const auto drawn = privacy::Synthetic<float>::by(
        central.generator(), generator_input(config_).make<float>(maps, key), unused,
        {.training = false, .dropout = config_.synthesis.dropout, .key = key});
    status_.samples = std::make_shared<const telemetry::Samples>(
        central.step(), maps, drawn, config_.data.channels, config_.data.classes);
    drawn_ = Clock::now();
    drawing_took_ = drawn_ - began;
  }

  const RunConfig& config_;
  telemetry::Status status_;
  std::shared_ptr<telemetry::StatusBoard> board_ = std::make_shared<telemetry::StatusBoard>();
  telemetry::LoopbackServer server_;

  bool draws_ = true;
  Clock::time_point began_ = Clock::now();
  Clock::time_point published_ = began_ - std::chrono::hours(1);
  Clock::time_point sampled_ = published_;  // the curves over time
  Clock::time_point drawn_ = published_;
  Clock::duration drawing_took_ = {};
  telemetry::RecentRate steps_;
  telemetry::RecentRate received_;
  telemetry::RecentRate sent_;
  telemetry::History generator_loss_;
  std::vector<telemetry::History> discriminator_losses_;
  telemetry::History step_rate_;
  telemetry::History received_rate_;
  telemetry::History sent_rate_;
};

}  // namespace asyndgan::program
