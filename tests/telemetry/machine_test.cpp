// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/machine.hpp"

#include <sstream>

#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

TEST_CASE("The processor's name is the first of /proc/cpuinfo", "[telemetry]") {
  std::istringstream info("processor\t: 0\nmodel name\t: AMD EPYC 7B13\nmodel name\t: other\n");
  CHECK(detail::cpu_model(info) == "AMD EPYC 7B13");
  std::istringstream silent("processor\t: 0\nmodel name\t:\n");
  CHECK(detail::cpu_model(silent) == "unknown");
}

TEST_CASE("This machine has cores and tells the kernels' threads", "[telemetry]") {
  const Machine machine = this_machine();
  CHECK(machine.cores >= 1);
  CHECK(machine.threads == thread_count());
  CHECK(machine.compiler.find('.') != std::string::npos);
}

}  // namespace
}  // namespace asyndgan::telemetry
