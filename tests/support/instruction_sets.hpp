// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <hwy/targets.h>
#include <cstdint>

#include "support/catch.hpp"

namespace asyndgan::test {

/// Calls `check` with the kernels of each instruction set that this machine has, in turn.
template <class Check>
void for_each_instruction_set(const Check& check) {
  std::int64_t targets = hwy::SupportedTargets();
  while (targets != 0) {
    const std::int64_t target = targets & -targets;
    targets &= ~target;
    hwy::SetSupportedTargetsForTest(target);
    INFO(hwy::TargetName(target));
    check();
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace asyndgan::test
