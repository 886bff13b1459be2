// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "patient.hpp"

namespace head_federation {

inline constexpr std::size_t kShownPatients = 2;  // of each site

/// A PNG of every slice beside its label map in colours, one row per patient. Stacks without
/// slices leave no row.
[[nodiscard]] std::vector<std::byte> contact_sheet(std::span<const Stack> patients);

}  // namespace head_federation
