// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace asyndgan::optim {

/// What the learning rate is multiplied by: 1 for `constant` epochs, then down in equal steps over
/// `decay` epochs, to 0 one epoch after the last. Epochs or steps, as the caller counts.
///
/// Source  Isola et al. 2017, arXiv:1611.07004, and its published code, policy "linear".
struct ConstantThenLinear {
  std::int64_t constant = 100;
  std::int64_t decay = 100;
  double floor = 0;  // never below; 1e-6 in FedML's code

  /// Of epoch 0, 1, ...
  [[nodiscard]] double factor(std::int64_t epoch) const {
    const auto late = static_cast<double>(std::max<std::int64_t>(0, epoch + 1 - constant));
    return std::max(floor, 1 - late / (static_cast<double>(decay) + 1));
  }
};

}  // namespace asyndgan::optim
