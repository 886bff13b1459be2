// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/mpi.hpp"

#include <utility>

#include "mpi/endpoint.hpp"

namespace asyndgan::transport {

Mpi::Mpi(std::unique_ptr<net::Endpoint> endpoint, int sites)
    : NetworkLink(std::move(endpoint)), sites_(sites) {}

Mpi Mpi::open(const MpiOptions& options) {
  auto endpoint = std::make_unique<mpi::Endpoint>(options);
  const int sites = endpoint->sites();
  return {std::move(endpoint), sites};
}

}  // namespace asyndgan::transport
