// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "asyndgan/core/label_map.hpp"
#include "asyndgan/federation/combination.hpp"
#include "asyndgan/federation/exchange.hpp"
#include "asyndgan/federation/sampling.hpp"
#include "asyndgan/federation/screening.hpp"
#include "asyndgan/federation/weighting.hpp"
#include "asyndgan/modality/generator_input.hpp"
#include "asyndgan/optim/schedule.hpp"
#include "asyndgan/protocol/any_encoding.hpp"
#include "asyndgan/protocol/any_label_encoding.hpp"
#include "asyndgan/protocol/frame.hpp"
#include "asyndgan/protocol/message.hpp"
#include "asyndgan/transport/group.hpp"
#include "asyndgan/transport/timeouts.hpp"

namespace asyndgan::federation {

using Clock = std::chrono::steady_clock;

/// What both sides of a run agree on. The centre sets it and a site is told.
struct CentralOptions {
  std::uint64_t seed = 0;
  std::uint64_t steps = 1000;  // of the generator
  int batch = 4;               // label maps from each site for one exchange, on average
  Sampling sampling = Sampling::balanced;
  int discriminator_steps = 1;  // for each step of the generator
  Variant variant = Variant::one_batch;
  Weighting weighting = Weighting::uniform;
  std::vector<double> site_weights = {};  // for Weighting::given
  Combination combination = Combination::mean;
  /// A site's gradient is scaled down to this many times the median of all sites'; 0: never.
  double norm_cap = 0;
  Screening screening = {};
  // What crosses, and with which loss. Runs in double precision lose nothing.
  protocol::AnyEncoding fakes_encoding = {};
  protocol::AnyEncoding gradient_encoding = {};
  protocol::AnyLabelEncoding label_maps_encoding = {};  // of public_label_maps
  optim::ConstantThenLinear schedule = kConstantRate;   // in steps
  double weight_average = 0.995;                        // decay of the generator's running average
  modality::GeneratorInput input = {};
  int height = 0;  // pixels, of the label maps
  int width = 0;
  LabelMap public_label_maps = {};  // to draw for where a site keeps its own
  std::chrono::milliseconds patience = transport::Timeouts{}.answer();  // with a site
  std::vector<std::string> names = {};  // of the sites, by rank, where the link has proved them
  /// Sites without which the run does not go on. 0: all of them, and none may miss a step.
  int minimum_sites = 0;
  /// How long the run waits for sites to come back where too few are left; 0 ends it at once.
  std::chrono::milliseconds grace = {};
  /// Called while the centre waits, several times a second; what it throws ends the wait.
  std::function<void()> while_waiting = {};
  /// The processes that the centre is made of (replicas.hpp), each with these options.
  std::shared_ptr<transport::Group> replicas = std::make_shared<transport::Alone>();
  std::function<Clock::time_point()> now = Clock::now;  // a simulation has a clock of its own
};

/// Names a run in every message of it, so that one of another run is refused. Runs of equal
/// options have equal names; what the centre may set anew at a restart, for itself alone, is no
/// part of it: averages, weights, schedules and how long it waits.
[[nodiscard]] inline protocol::RunId run_id(const CentralOptions& options) {
  std::string text = "run";
  for (const std::uint64_t number :
       {options.seed, options.steps, static_cast<std::uint64_t>(options.batch),
        static_cast<std::uint64_t>(options.sampling),
        static_cast<std::uint64_t>(options.discriminator_steps),
        static_cast<std::uint64_t>(options.variant),
        static_cast<std::uint64_t>(options.input.classes),
        static_cast<std::uint64_t>(options.height), static_cast<std::uint64_t>(options.width)}) {
    text += " " + std::to_string(number);
  }
  return protocol::digest(text);
}

}  // namespace asyndgan::federation
