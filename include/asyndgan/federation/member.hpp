// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/federation/central_options.hpp"
#include "asyndgan/federation/sampling.hpp"
#include "asyndgan/federation/weighting.hpp"
#include "asyndgan/privacy/aggregate.hpp"
#include "asyndgan/protocol/limits.hpp"

namespace asyndgan::federation {

/// A site, as the centre knows it: what it told of itself.
struct Member {
  std::string name;
  privacy::SiteFacts facts;
  double weight = 0;  // pi_j
};

/// Throws ConfigError naming what of the site does not fit the run, whose fakes `limits` are of.
inline void require_fitting(const Member& member, const CentralOptions& options,
                            const protocol::Limits& limits) {
  const auto require = [&](const char* what, std::uint32_t seen, int expected) {
    if (seen == static_cast<std::uint32_t>(expected)) return;
    throw ConfigError("site '" + member.name + "' has " + std::to_string(seen) + " " + what +
                      ", this run expects " + std::to_string(expected));
  };
  require("label classes", member.facts.classes, options.input.classes);
  require("rows", member.facts.height, options.height);
  require("columns", member.facts.width, options.width);
  require("channels", static_cast<std::uint32_t>(member.facts.channels.size()),
          static_cast<int>(limits.channels));
  if (member.facts.sends_label_maps) return;
  const LabelMap& maps = options.public_label_maps;
  if (maps.n > 0 && maps.h == options.height && maps.w == options.width) return;
  throw ConfigError(
      "site '" + member.name + "' keeps its label maps, so this run needs public ones of " +
      std::to_string(options.height) + " x " + std::to_string(options.width) + " pixels; it has " +
      std::to_string(maps.n) + " of " + std::to_string(maps.h) + " x " + std::to_string(maps.w));
}

/// The channels of a fake mean the same to all sites. Throws ConfigError naming the two that
/// contradict each other.
inline void require_agreement(const Member& member, const Member& other) {
  if (member.facts.channels == other.facts.channels) return;
  const auto listed = [](const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
    return text;
  };
  throw ConfigError("site '" + member.name + "' has the channels " + listed(member.facts.channels) +
                    ", site '" + other.name + "' has " + listed(other.facts.channels));
}

/// Sets every weight, and returns the sample counts, 0 where a site keeps its own.
///
/// Errors  ConfigError where what the sites told is not enough for the weighting or sampling; no
///         weight has changed then.
[[nodiscard]] inline std::vector<std::int64_t> weigh(std::span<Member* const> members,
                                                     Weighting weighting, Sampling sampling,
                                                     std::span<const double> given) {
  std::vector<std::int64_t> counts;
  for (const Member* member : members) {
    counts.push_back(static_cast<std::int64_t>(member->facts.samples));
    if (counts.back() > 0) continue;
    if (sampling == Sampling::pooled || weighting == Weighting::by_count) {
      throw ConfigError("site '" + member->name +
                        "' keeps its sample count, which pooled sampling and weighting by count "
                        "need");
    }
  }
  const auto shares = site_weights(weighting, counts, given);
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (sampling == Sampling::pooled && !(shares[i] > 0)) {
      throw ConfigError("site '" + members[i]->name +
                        "' has weight 0, so it has no part in pooled sampling: leave it out");
    }
  }
  for (std::size_t i = 0; i < members.size(); ++i) members[i]->weight = shares[i];
  return counts;
}

}  // namespace asyndgan::federation
