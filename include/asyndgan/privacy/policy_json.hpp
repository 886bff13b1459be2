// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "asyndgan/core/error.hpp"
#include "asyndgan/privacy/policy.hpp"

namespace asyndgan::privacy {

[[nodiscard]] constexpr std::string_view to_string(MaskRelease release) {
  switch (release) {
    case MaskRelease::as_they_are:
      return "as_they_are";
    case MaskRelease::augmented:
      return "augmented";
    case MaskRelease::none:
      return "none";
  }
  return "unknown";
}

/// A policy from an object like {"label_maps": "augmented", "minimum_batch": 16}; what is left
/// out has its default.
///
/// Errors  ConfigError naming the key, its value and what was expected; also for a key that is
///         not known.
[[nodiscard]] SitePolicy policy_from_json(const nlohmann::json& json);

[[nodiscard]] nlohmann::ordered_json policy_to_json(const SitePolicy& policy);

}  // namespace asyndgan::privacy

#ifndef ASYNDGAN_COMPILED
#include "asyndgan/privacy/impl/policy_json.hpp"
#endif
