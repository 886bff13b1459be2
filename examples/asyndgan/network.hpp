// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "asyndgan/federation/central_options.hpp"
#include "asyndgan/federation/schedule.hpp"
#include "asyndgan/protocol/frame.hpp"
#include "asyndgan/transport/certificates.hpp"
#include "asyndgan/transport/counted.hpp"
#include "asyndgan/transport/network_link.hpp"
#include "asyndgan/transport/timeouts.hpp"
#include "config.hpp"
#include "place.hpp"

/// What the section "network" of a configuration stands for.
namespace asyndgan::program {

using NetworkLink = transport::Counted<transport::NetworkLink, protocol::FrameKinds>;

[[nodiscard]] transport::Timeouts timeouts(const RunConfig& config);

/// Of the centre's process of this rank.
[[nodiscard]] Place place_of_centre(const RunConfig& config, int rank);

/// The centre's end in its process of this rank, with a place for each of data.sites.
/// Errors  TransportError, ConfigError naming a certificate's file.
[[nodiscard]] NetworkLink listen(const RunConfig& config, int rank);

/// The end of site `name`. Errors  as listen(); TransportTimeout.
[[nodiscard]] NetworkLink connect(const RunConfig& config, const std::string& name);

/// Whether site `name` could connect(), without disturbing a run. Over TLS both ends prove who they
/// are, and what the centre showed is returned; over TCP somebody is there.
/// Requires  `link` is one of these two.
/// Errors    as connect().
std::optional<transport::Certificate> visit_centre(const RunConfig& config, LinkKind link,
                                                   const std::string& name);

/// Whether who ends before the run does may save a step that is no multiple of checkpoint_every.
/// With MPI all end at once, and the others would not have that step to go on from.
[[nodiscard]] bool saves_early(const RunConfig& config);

/// Rank of the centre's process that serves a site, by its index in data.sites.
[[nodiscard]] int centre_of_site(const RunConfig& config, std::size_t site);

/// Where the centre's process of this rank is, for people.
[[nodiscard]] std::string meeting_place(const RunConfig& config, int rank);

[[nodiscard]] federation::AnySchedule network_schedule(const RunConfig& config);

/// central_options(), with what a network needs.
[[nodiscard]] federation::CentralOptions network_options(const RunConfig& config);

}  // namespace asyndgan::program
