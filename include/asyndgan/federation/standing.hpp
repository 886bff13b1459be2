// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/protocol/message.hpp"

namespace asyndgan::federation {

/// Whether a site can go on with `step`. One that does not say so can with any.
[[nodiscard]] inline bool goes_on_with(std::span<const protocol::StepRange> ranges,
                                       std::uint64_t step) {
  return ranges.empty() || std::any_of(ranges.begin(), ranges.end(), [step](const auto& range) {
           return range.first <= step && step <= range.last;
         });
}

/// A site cannot go on with the centre's step, in a run where every step of every site counts: it
/// has lost what it learned since its last checkpoint. The run goes on from a step that both can
/// go on with, if there is one.
class SiteBehind : public Error {
 public:
  SiteBehind(const std::string& site, std::uint64_t step, std::vector<protocol::StepRange> ranges)
      : Error(site + " cannot go on with step " + std::to_string(step)),
        step_(step),
        ranges_(std::move(ranges)) {}

  /// The last of the centre's checkpoints before that step that the site can go on with.
  [[nodiscard]] std::optional<std::uint64_t> common(
      std::span<const std::uint64_t> checkpoints) const {
    std::optional<std::uint64_t> last;
    for (const std::uint64_t own : checkpoints) {
      if (own < step_ && goes_on_with(ranges_, own)) last = std::max(last.value_or(own), own);
    }
    return last;
  }

 private:
  std::uint64_t step_;
  std::vector<protocol::StepRange> ranges_;
};

}  // namespace asyndgan::federation
