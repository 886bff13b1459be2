// SPDX-License-Identifier: Apache-2.0
#include "central_status.hpp"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/log.hpp"
#include "asyndgan/telemetry/event_log.hpp"
#include "asyndgan/telemetry/status_pages.hpp"
#include "network.hpp"
#include "results.hpp"

namespace asyndgan::program {

namespace {

using namespace std::chrono_literals;

constexpr auto kPublish = 250ms;      // a page that is fetched every second is new each time
constexpr auto kSample = 1s;          // of the curves over time
constexpr auto kDraw = 5s;            // between two drawings of samples, at least
constexpr int kDrawingShare = 50;     // a drawing costs a fiftieth of the time, at most
constexpr std::size_t kEvents = 100;  // that the page remembers
constexpr std::size_t kColours = 5;   // of discriminators' curves, beside the generator's

double mean(const std::vector<std::optional<double>>& values) {
  double sum = 0;
  int count = 0;
  for (const auto& value : values) {
    if (!value) continue;
    sum += *value;
    ++count;
  }
  return sum / count;  // NaN where there is none, which no curve shows
}

}  // namespace

std::unique_ptr<CentralStatus> CentralStatus::open(const RunConfig& config,
                                                   const std::filesystem::path& events,
                                                   std::uint64_t step) {
  if (config.network.status_port == 0) return nullptr;
  try {
    return std::unique_ptr<CentralStatus>(new CentralStatus(config, events, step));
  } catch (const TransportError& error) {
    log(LogLevel::warning, std::string("no status page: ") + error.what() +
                               "; choose another network.status_port, or 0 for none");
    return nullptr;
  }
}

CentralStatus::CentralStatus(const RunConfig& config, const std::filesystem::path& events,
                             std::uint64_t step)
    : config_(config),
      server_(telemetry::status_pages(board_),
              {.port = static_cast<std::uint16_t>(config.network.status_port),
               .limit = timeouts(config).page()}) {
  status_.title = config.report.title;
  status_.steps = static_cast<std::uint64_t>(config.training.steps);
  status_.started = unix_seconds();
  for (const auto& site : config.data.sites) status_.sites.push_back({.name = site.name});
  const std::size_t sites = status_.sites.size();
  discriminator_losses_.resize(sites <= kColours ? sites : 1);
  recall(events, step);
}

double CentralStatus::unix_seconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

bool CentralStatus::is_due() const { return Clock::now() - published_ >= kPublish; }

bool CentralStatus::samples_due() const {
  return draws_ && board_->is_looked_at() &&
         Clock::now() - drawn_ >= std::max<Clock::duration>(kDraw, kDrawingShare * drawing_took_);
}

void CentralStatus::note_gradient(std::size_t site, std::uint64_t step, std::uint64_t age) {
  status_.sites[site].step = step + 1;
  status_.sites[site].age = age;
}

void CentralStatus::note_event(std::uint64_t step, const std::string& text) {
  status_.events.insert(status_.events.begin(), {unix_seconds(), step, text});
  if (status_.events.size() > kEvents) status_.events.pop_back();
}

/// A curve of D for each site where there are colours for them, else one of their mean.
void CentralStatus::note_losses(const telemetry::Event& event) {
  const auto step = event.value("step", std::uint64_t{0});
  const auto value = [&event](const std::string& name) {
    const auto found = event.find(name);
    const bool there = found != event.end() && found->is_number();
    return there ? std::optional(found->get<double>()) : std::nullopt;
  };
  const auto add = [step](telemetry::History& curve, std::optional<double> loss) {
    if (loss && std::isfinite(*loss)) curve.add({static_cast<double>(step), *loss});
  };
  add(generator_loss_, value("generator"));
  std::vector<std::optional<double>> discriminators;
  for (const auto& site : status_.sites) {
    discriminators.push_back(value("discriminator " + site.name));
  }
  if (discriminator_losses_.size() < discriminators.size()) {
    return add(discriminator_losses_.front(), mean(discriminators));
  }
  for (std::size_t site = 0; site < discriminators.size(); ++site) {
    add(discriminator_losses_[site], discriminators[site]);
  }
}

void CentralStatus::recall(const std::filesystem::path& events, std::uint64_t step) {
  for (const auto& event : telemetry::read_events(events)) {
    const bool before = event.value("step", std::uint64_t{0}) <= step;
    if (before && event.value("phase", "") == kTrainPhase) note_losses(event);
  }
}

void CentralStatus::publish(std::uint64_t step) {
  published_ = Clock::now();
  const double seconds = std::chrono::duration<double>(published_ - began_).count();
  transport::Traffic traffic;
  for (const auto& site : status_.sites) traffic += transport::sum(site.traffic);
  steps_.add(seconds, static_cast<std::int64_t>(step));
  received_.add(seconds, static_cast<std::int64_t>(traffic.bytes_received));
  sent_.add(seconds, static_cast<std::int64_t>(traffic.bytes_sent));
  if (published_ - sampled_ >= kSample) {
    sampled_ = published_;
    step_rate_.add({seconds, steps_.per_second()});
    received_rate_.add({seconds, received_.per_second()});
    sent_rate_.add({seconds, sent_.per_second()});
  }

  telemetry::Status next = status_;
  next.step = step;
  next.updated = unix_seconds();
  next.steps_per_second = steps_.per_second();
  next.losses = {{"G", generator_loss_.points()}};
  for (std::size_t i = 0; i < discriminator_losses_.size(); ++i) {
    const bool own = discriminator_losses_.size() == status_.sites.size();
    next.losses.push_back({own ? "D " + status_.sites[i].name : "D, mean of the sites",
                           discriminator_losses_[i].points()});
  }
  next.rates = {{"steps/s", step_rate_.points()}};
  next.traffic = {{"received", received_rate_.points()}, {"sent", sent_rate_.points()}};
  board_->publish(std::move(next));
}

}  // namespace asyndgan::program
