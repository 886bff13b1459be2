// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "asyndgan/transport/group.hpp"
#include "config.hpp"
#include "network.hpp"

/// What of the network is MPI's, which a program built without MPI refuses (mpi_job_absent.cpp).
namespace asyndgan::program {

/// This process's end in its MPI job: the centre's if `site` is empty.
///
/// Errors  ConfigError unless the job is the centre and data.sites in their order;
///         TransportError as transport::Mpi::open().
[[nodiscard]] NetworkLink join_mpi_job(const RunConfig& config, const std::string& site);

/// The processes that the centre is made of, as network.centres says.
///
/// Errors  ConfigError where mpirun started another number of them.
[[nodiscard]] std::shared_ptr<transport::Group> join_centre(const RunConfig& config);

}  // namespace asyndgan::program
