// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/core/error.hpp"

#include <concepts>
#include <string>

#include "support/catch.hpp"

namespace asyndgan {
namespace {

// A program catches Error for what the world does to it, and lets its own bugs through.
static_assert(std::derived_from<DataError, Error> && std::derived_from<ConfigError, Error> &&
              std::derived_from<CheckpointError, Error> && std::derived_from<WriteError, Error> &&
              std::derived_from<PolicyError, Error> && std::derived_from<ProtocolError, Error> &&
              std::derived_from<TransportError, Error> && std::derived_from<DeviceError, Error>);
static_assert(!std::derived_from<ContractViolation, Error>);
static_assert(std::derived_from<ShapeError, ContractViolation>);

TEST_CASE("Who handles a peer that is gone also handles one that is silent", "[core]") {
  CHECK_THROWS_AS(throw TransportTimeout("site 2: silent for 5 ms"), TransportError);
  try {
    throw TransportTimeout("site 2: silent for 5 ms");
  } catch (const Error& error) {
    CHECK(std::string(error.what()) == "site 2: silent for 5 ms");
  }
}

}  // namespace
}  // namespace asyndgan
