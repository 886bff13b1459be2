// SPDX-License-Identifier: Apache-2.0
//
// A process of an MPI job that looks whether its group keeps what it promises (group_test.cpp).
// Says "kept" or what was broken.

#include <exception>
#include <iostream>

#include "asyndgan/transport/mpi_group.hpp"
#include "conformance/group.hpp"

int main() {
  try {
    const auto group = asyndgan::transport::mpi_group();
    const auto broken = asyndgan::test::broken_promises(*group);
    if (broken.empty()) std::cout << "kept\n";
    for (const auto& promise : broken) std::cout << "broken: " << promise << '\n';
  } catch (const std::exception& error) {
    std::cout << "broken: " << error.what() << '\n';
  }
  return 0;
}
