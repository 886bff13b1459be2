// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/cpu/conv2d.hpp"

#include "support/catch.hpp"

namespace asyndgan::kernels {
namespace {

TEST_CASE("A header-only program has the kernels of the instruction set of its flags",
          "[kernels]") {
  CHECK(cpu::matrix_ops().lanes >= ASYNDGAN_TEST_LANES);
}

}  // namespace
}  // namespace asyndgan::kernels
