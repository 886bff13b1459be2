// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/optim/schedule.hpp"
#include "asyndgan/protocol/message.hpp"

namespace asyndgan::federation {

/// The learning rate as it was set, for any number of steps. Half of the largest number, so that no
/// sum with it overflows.
inline constexpr optim::ConstantThenLinear kConstantRate{
    .constant = std::numeric_limits<std::int64_t>::max() / 2};

/// The longest wait without asking whether to stop: short for whoever presses Ctrl-C, long beside
/// the cost of a wake-up.
inline constexpr std::chrono::milliseconds kGlance{200};

/// What a site does with one batch of fakes.
struct Exchange {
  bool train_discriminator;
  bool return_gradient;

  friend bool operator==(const Exchange&, const Exchange&) = default;
};

/// How a step of the generator is made of exchanges.
enum class Variant {
  one_batch,  // the released code's: D learns from the fakes that it then judges
  two_phase,  // Algorithm 1's: D learns from some fakes and judges fresh ones
};

/// The exchanges of one generator step with `discriminator_steps` updates of D.
/// Source  Chang et al. 2020 (CVPR), Algorithm 1, for two_phase.
[[nodiscard]] inline std::vector<Exchange> plan_step(Variant variant, int discriminator_steps) {
  if (discriminator_steps < 1) {
    throw ConfigError("discriminator steps: " + std::to_string(discriminator_steps) +
                      " given, expected at least 1");
  }
  std::vector<Exchange> plan(static_cast<std::size_t>(discriminator_steps),
                             {.train_discriminator = true, .return_gradient = false});
  if (variant == Variant::one_batch) {
    plan.back().return_gradient = true;
  } else {
    plan.push_back({.train_discriminator = false, .return_gradient = true});
  }
  return plan;
}

/// An exchange as the wire says it.
[[nodiscard]] inline protocol::Ask ask(const Exchange& exchange) {
  if (!exchange.return_gradient) return protocol::Ask::discriminator;
  return exchange.train_discriminator ? protocol::Ask::both : protocol::Ask::generator;
}

}  // namespace asyndgan::federation
