// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "config.hpp"

namespace asyndgan::program {

/// What is wrong with a configuration whose single values are all in range: sites that are
/// missing or named alike, keys that contradict each other. Empty if nothing is. Looks at no
/// file.
[[nodiscard]] std::vector<std::string> contradictions(const RunConfig& config);

}  // namespace asyndgan::program
