// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/core/tensor.hpp"

#include <cstdint>

#include "support/catch.hpp"

namespace asyndgan {
namespace {

TEST_CASE("A tensor is NCHW, zero at first and aligned", "[core]") {
  Tensor<float> x({2, 3, 4, 5});
  CHECK(x.size() == 120);
  CHECK(reinterpret_cast<std::uintptr_t>(x.data()) % Cpu::kAlignment == 0);
  for (const float value : x.values()) CHECK(value == 0.0F);
  x(1, 2, 3, 4) = 7;
  CHECK(x.values()[119] == 7.0F);
  x(0, 1, 0, 2) = 5;
  CHECK(x.values()[22] == 5.0F);
}

TEST_CASE("Copies are deep and moved-from tensors are empty", "[core]") {
  Tensor<double> a({1, 1, 2, 2});
  a(0, 0, 1, 1) = 3;
  Tensor<double> b = a;
  b(0, 0, 1, 1) = 4;
  CHECK(a(0, 0, 1, 1) == 3);
  const Tensor<double> c = std::move(b);
  CHECK(c(0, 0, 1, 1) == 4);
  CHECK(b.empty());  // NOLINT(bugprone-use-after-move): what the test is about
}

TEST_CASE("A tensor refuses negative extents and a wrong number of values", "[core]") {
  CHECK_THROWS_WITH(Tensor<float>({1, -1, 2, 2}), "Tensor: negative extent in (1, -1, 2, 2)");
  const std::vector<float> values(5);
  CHECK_THROWS_AS(Tensor<float>::from_host({1, 1, 2, 2}, values), ShapeError);
}

}  // namespace
}  // namespace asyndgan
