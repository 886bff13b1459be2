// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/transport/mpi_group.hpp"

#include <string>
#include <vector>

#include "conformance/group.hpp"
#include "support/catch.hpp"
#include "support/command.hpp"
#include "support/mpirun.hpp"

namespace asyndgan::transport {
namespace {

TEST_CASE("A group of MPI processes keeps what a group promises", "[mpi]") {
  for (const int size : {1, 2, 3}) {
    std::string expected;
    for (int rank = 0; rank < size; ++rank) expected += "kept\n";
    std::string command = "env";
    for (const auto& word : test::mpirun()) command += " " + word;
    command += " -n " + std::to_string(size) +
               " " ASYNDGAN_MPI_GROUP_MEMBER " 2> /dev/null";  // MPI's warnings
    CHECK(test::run_command(command).text == expected);
  }
}

TEST_CASE("A program that mpirun did not start is a group of one", "[mpi]") {
  const auto group = mpi_group();
  CHECK(group->size() == 1);
  const std::vector<std::string> none;
  CHECK(test::broken_promises(*group) == none);
  CHECK_THROWS_AS(mpi_group(), ContractViolation);  // a second one
}

}  // namespace
}  // namespace asyndgan::transport
