// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/networks/pixel_discriminator.hpp"

namespace asyndgan::fuzz {

/// The least that has all that a checkpoint can hold: a network with a running norm, a list of
/// counters and a sum.
class TinyState {
 public:
  TinyState() {
    network_.collect("net", state_);
    state_.counters.push_back({"queries", queries_.data(), queries_.size()});
    state_.reals.push_back({"loss", &loss_});
  }
  TinyState(const TinyState&) = delete;  // state_ points into it
  TinyState& operator=(const TinyState&) = delete;
  ~TinyState() = default;

  [[nodiscard]] State<float>& state() { return state_; }

 private:
  networks::PixelDiscriminator<float> network_{
      {.in_channels = 1, .base_channels = 1, .norm = networks::NormKind::batch}};
  std::array<std::int64_t, 2> queries_{};
  double loss_ = 0;
  State<float> state_;
};

}  // namespace asyndgan::fuzz
