// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "mpi/mpi_job.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"

namespace asyndgan::test {
namespace {

template <class Hub>
std::vector<float> weights_after_training() {
  auto options = Federation<float, Hub>::defaults();
  options.sites = 3;
  Federation<float, Hub> federation(options);
  federation.run();
  return federation.weights();
}

TEST_CASE("Lockstep over MPI equals lockstep in one process bit for bit", "[mpi]") {
  const auto expected = weights_after_training<transport::InProcessHub>();
  CHECK(expected.size() > 100);
  CHECK((weights_after_training<MpiJob>() == expected));
}

}  // namespace
}  // namespace asyndgan::test
