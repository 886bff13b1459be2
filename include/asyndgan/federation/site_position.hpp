// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/federation/exchange.hpp"
#include "asyndgan/protocol/message.hpp"

namespace asyndgan::federation {

/// Where a site stands in a run: the step that it has its next part in, the exchange of that step,
/// and what it has answered. Holds the centre to the run that it has announced.
class SitePosition {
 public:
  /// The run as the centre's welcome describes it.
  void announce(const protocol::Welcome& welcome) {
    steps_ = welcome.steps;
    every_step_ = welcome.every_step;
    plan_ = plan_step(welcome.fresh_fakes ? Variant::two_phase : Variant::one_batch,
                      static_cast<int>(welcome.discriminator_steps));
  }

  /// What the site has answered lies before; all that it will answer is of this step or a later
  /// one.
  [[nodiscard]] std::uint64_t step() const { return static_cast<std::uint64_t>(step_); }
  /// The first step after the last that the site has answered; pooled sampling may skip some.
  [[nodiscard]] std::uint64_t answered() const { return static_cast<std::uint64_t>(answered_); }
  /// Batches of fakes answered.
  [[nodiscard]] std::uint64_t exchanges() const { return static_cast<std::uint64_t>(exchanges_); }
  /// Not in the middle of a step that is made of several exchanges.
  [[nodiscard]] bool between_steps() const { return exchange_ == 0; }
  [[nodiscard]] bool one_exchange_a_step() const { return plan_.size() == 1; }
  /// The centre leaves none out.
  [[nodiscard]] bool every_step() const { return every_step_; }
  /// How a gradient is asked for in this run.
  [[nodiscard]] protocol::Ask ask_for_gradient() const { return ask(plan_.back()); }

  /// Errors  ProtocolError for fakes of another step or exchange than the run has next: a gradient
  ///         more than announced would be an answer that no query was counted for.
  void require_next(const protocol::Fakes& fakes) const {
    const bool told = every_step_ || exchange_ > 0;
    const bool in_turn = told ? fakes.step == step() : fakes.step >= answered();
    if (!in_turn || fakes.step >= steps_) {
      throw ProtocolError("fakes of step " + std::to_string(fakes.step) + ", expected step " +
                          std::to_string(step()) + " of " + std::to_string(steps_) +
                          ": the centre replays or skips steps");
    }
    const bool last = exchange_ + 1 == plan_.size();
    if (fakes.ask != ask(plan_[exchange_]) || (fakes.next_step == fakes.step) == last) {
      throw ProtocolError("fakes of step " + std::to_string(fakes.step) + " do not fit exchange " +
                          std::to_string(exchange_ + 1) + " of " + std::to_string(plan_.size()) +
                          " that make a step of this run");
    }
  }
  /// The step's gradient is made.
  void answer() { answered_ = step_ + 1; }
  /// To the exchange that follows, which is of the step `next`.
  void go_on(std::uint64_t next) {
    ++exchanges_;
    exchange_ = (exchange_ + 1) % plan_.size();
    move_to(next);
  }

  /// The step that is begun will be done anew; false if none is.
  bool abandon_step() { return std::exchange(exchange_, 0) != 0; }
  void move_to(std::uint64_t step) { step_ = static_cast<std::int64_t>(step); }
  /// The centre asks for `step` next, whatever the site has answered behind it.
  void restart_at(std::uint64_t step) {
    move_to(step);
    answered_ = std::min(answered_, step_);
  }

  template <std::floating_point T, Device D>
  void collect(State<T, D>& state) {
    state.counters.push_back({"step", &step_});
    state.counters.push_back({"answered", &answered_});
    state.counters.push_back({"exchanges", &exchanges_});
  }

 private:
  std::uint64_t steps_ = 0;  // of the run
  bool every_step_ = true;
  std::vector<Exchange> plan_;
  std::size_t exchange_ = 0;  // of the step, that comes next
  std::int64_t step_ = 0;
  std::int64_t answered_ = 0;
  std::int64_t exchanges_ = 0;
};

}  // namespace asyndgan::federation
