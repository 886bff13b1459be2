// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "config.hpp"
#include "network.hpp"

/// network.link "mpi", which a program built without MPI refuses (mpi_job_absent.cpp).
namespace asyndgan::program {

/// This process's end in its MPI job: the centre's if `site` is empty.
///
/// Errors  ConfigError unless the job is the centre and data.sites in their order;
///         TransportError as transport::Mpi::open().
[[nodiscard]] NetworkLink join_mpi_job(const RunConfig& config, const std::string& site);

}  // namespace asyndgan::program
