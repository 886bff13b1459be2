// SPDX-License-Identifier: Apache-2.0
#include <iostream>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/transport/mpi.hpp"
#include "asyndgan/transport/tcp.hpp"

int main() {
  const asyndgan::Tensor<float> x({1, 1, 2, 2});
  std::cout << "hello, " << to_string(x.shape()) << '\n';
  const auto central = asyndgan::transport::Tcp::listen({.sites = {"site"}});
  try {
    (void)asyndgan::transport::Mpi::open({.capacity = 0});  // refused before MPI is asked
    return 1;
  } catch (const asyndgan::ContractViolation&) {
  }
  return x.size() == 4 && central.port() != 0 ? 0 : 1;
}
