// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/safetensors.hpp"
#include "asyndgan/federation/central_options.hpp"
#include "asyndgan/federation/member.hpp"
#include "asyndgan/federation/seat.hpp"
#include "asyndgan/networks/checkpoint.hpp"
#include "asyndgan/privacy/aggregate.hpp"
#include "asyndgan/protocol/bytes.hpp"
#include "asyndgan/transport/group.hpp"

/// A centre of several processes, its replicas. Each holds the whole generator and serves a block
/// of the sites; what the others' sites say of themselves, and how large their gradients are, it
/// learns from the others, and every step is along the sum of all gradients (gradient_sum.hpp). So
/// each of them does what a centre of one process would.
namespace asyndgan::federation {

/// Sites that one replica serves, in their order: those from `first` up to `end`.
struct Block {
  std::size_t first = 0;
  std::size_t end = 0;

  [[nodiscard]] bool has(std::size_t site) const { return site >= first && site < end; }
};

/// Blocks differ by one site at most.
[[nodiscard]] inline Block block_of(int replica, int replicas, std::size_t sites) {
  const auto begin = [&](int r) {
    return sites * static_cast<std::size_t>(r) / static_cast<std::size_t>(replicas);
  };
  return {begin(replica), begin(replica + 1)};
}
[[nodiscard]] inline Block block_of(const transport::Group& replicas, std::size_t sites) {
  return block_of(replicas.rank(), replicas.size(), sites);
}

/// Errors  ConfigError naming what of a run needs all sites, or all that the generator has seen,
///         in one process.
template <std::floating_point T, Device D>
void require_replicable(const CentralOptions& options, std::size_t sites, bool waits_for_all,
                        const State<T, D>& generator) {
  const int replicas = options.replicas->size();
  if (replicas == 1) return;
  const std::string several = "a centre of " + std::to_string(replicas) + " processes ";
  if (sites < static_cast<std::size_t>(replicas)) {
    throw ConfigError(several + "needs a site for each of them, " + std::to_string(sites) +
                      (sites == 1 ? " was" : " were") + " given");
  }
  const bool strict =
      options.minimum_sites == 0 || options.minimum_sites == static_cast<int>(sites);
  if (!waits_for_all || !strict) {
    throw ConfigError(several + "takes its steps together: it needs lockstep with all sites");
  }
  if (options.sampling != Sampling::balanced) {
    throw ConfigError(several + "needs balanced sampling: every site takes part in every step");
  }
  if (options.combination != Combination::mean) {
    throw ConfigError(several +
                      "cannot take the median of the sites' gradients: none of them has "
                      "all of these");
  }
  if (!generator.buffers.empty()) {
    throw ConfigError(several +
                      "needs a generator without batch norm: each of them would have "
                      "running statistics of its own, '" +
                      generator.buffers.front().name + "' for instance");
  }
}

/// Gives every replica what collect() has of the first.
///
/// Errors  ConfigError, CheckpointError where one is of another run or has another network.
template <class Central>
void share_state(transport::Group& replicas, protocol::RunId run, Central& central) {
  if (replicas.size() == 1) return;
  State<typename Central::T, typename Central::D> state;
  central.collect(state);
  const bool first = replicas.rank() == 0;
  const std::string name = std::to_string(run);
  auto given = replicas.gather(first ? networks::encode_checkpoint(state, {{"run", name}})
                                     : std::vector<std::byte>());
  if (first) return;
  const auto file =
      safetensors::File::decode(std::move(given.front()), "what the centre's first process holds");
  if (file.metadata().at("run") != name) {
    throw ConfigError(
        "the processes of the centre are of different runs: expected the same "
        "configuration for all");
  }
  networks::load_checkpoint(file, state);
}

/// Tells every replica of the others' sites.
///
/// Requires  the replica's own are present.
/// Errors    ConfigError naming two sites that contradict each other.
template <class Roster>
void share_members(transport::Group& replicas, Roster& roster) {
  if (replicas.size() == 1) return;
  const Block own = block_of(replicas, roster.size());
  protocol::ByteWriter writer;
  for (std::size_t site = own.first; site < own.end; ++site) {
    const Member& member = roster[site].member;
    writer.text(member.name);
    writer.number(member.facts.samples);
    writer.number(static_cast<std::uint32_t>(member.facts.channels.size()));
    for (const auto& channel : member.facts.channels) writer.text(channel);
    const auto& ranges = roster[site].goes_on_with;
    writer.number(static_cast<std::uint32_t>(ranges.size()));
    for (const auto& range : ranges) {
      writer.number(range.first);
      writer.number(range.last);
    }
  }
  const auto given = replicas.gather(std::move(writer).take());
  constexpr std::uint32_t kMost = ~std::uint32_t{0};  // the others have looked at the lengths
  for (int replica = 0; replica < replicas.size(); ++replica) {
    protocol::ByteReader reader(given[static_cast<std::size_t>(replica)]);
    const Block block = block_of(replica, replicas.size(), roster.size());
    for (std::size_t site = block.first; site < block.end; ++site) {
      Member member;
      member.name = reader.text("name", kMost);
      member.facts.samples = reader.template number<std::uint64_t>("samples");
      member.facts.channels.resize(reader.template number<std::uint32_t>("channels"));
      for (auto& channel : member.facts.channels) channel = reader.text("channel", kMost);
      std::vector<protocol::StepRange> ranges(reader.template number<std::uint32_t>("ranges"));
      for (auto& range : ranges) {
        range.first = reader.template number<std::uint64_t>("first");
        range.last = reader.template number<std::uint64_t>("last");
      }
      if (own.has(site)) continue;
      roster[site].goes_on_with = std::move(ranges);
      roster.introduce(site, std::move(member));
    }
  }
}

/// Completes a step's report by the others' sites, and the roster by how large their gradients
/// are.
///
/// Requires  all sites have answered.
template <class Roster, class Report>
void share_answers(transport::Group& replicas, Roster& roster, Report& report) {
  if (replicas.size() == 1) return;
  const Block own = block_of(replicas, roster.size());
  constexpr std::size_t kFields = 6;
  std::vector<double> table(kFields * roster.size());  // whose others' rows are 0: a sum is a copy
  for (std::size_t site = own.first; site < own.end; ++site) {
    double* row = &table[kFields * site];
    row[0] = roster[site].conduct.magnitude;
    if (!report.sites[site]) continue;
    const privacy::Losses& losses = *report.sites[site];
    row[1] = 1;
    row[2] = losses.discriminator_real;
    row[3] = losses.discriminator_fake;
    row[4] = losses.generator;
    row[5] = static_cast<double>(losses.samples);
  }
  replicas.sum(table);
  for (std::size_t site = 0; site < roster.size(); ++site) {
    if (own.has(site)) continue;
    const double* row = &table[kFields * site];
    roster[site].conduct.magnitude = row[0];
    if (row[1] != 0) {
      report.sites[site] = {row[2], row[3], row[4], static_cast<std::uint64_t>(row[5])};
    }
    report.parts.push_back({site, report.step - 1, 0});
  }
}

}  // namespace asyndgan::federation
