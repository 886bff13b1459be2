// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "hubs.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"

namespace asyndgan::transport {
namespace {

template <class Hub>
std::vector<float> weights_after_training() {
  test::Federation<float, Hub> federation(test::Federation<float, Hub>::defaults());
  federation.run();
  return federation.weights();
}

TEST_CASE("Lockstep over TCP and TLS equals lockstep in one process bit for bit", "[net]") {
  const auto expected = weights_after_training<InProcessHub>();
  CHECK(expected.size() > 100);
  CHECK(weights_after_training<test::TcpHub>() == expected);
  CHECK(weights_after_training<test::TlsHub>() == expected);
}

}  // namespace
}  // namespace asyndgan::transport
