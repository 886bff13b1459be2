// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/elementwise.hpp"

#include "support/catch.hpp"
#include "support/instruction_sets.hpp"
#include "support/layer_check.hpp"

namespace asyndgan::kernels {
namespace {

using Values = std::vector<double>;

TEST_CASE("Element-wise arithmetic by hand", "[kernels]") {
  const auto a = Tensor<double>::from_host({1, 1, 1, 3}, Values{1, 2, 3});
  auto b = Tensor<double>::from_host({1, 1, 1, 3}, Values{10, 20, 30});
  CHECK(add(a, b).to_host() == Values{11, 22, 33});
  CHECK(scale(a, -2).to_host() == Values{-2, -4, -6});
  CHECK(sum(b) == 60);
  scale_and_add(0.5, 3, a, b);
  CHECK(b.to_host() == Values{8, 16, 24});
  fill(b, 7.0);
  CHECK(b.to_host() == Values{7, 7, 7});
  CHECK(sum(Tensor<double>()) == 0);
}

TEST_CASE("A sum of floats has the precision of a sum of doubles", "[kernels]") {
  test::for_each_instruction_set([] {
    const auto x = test::uniform<float>({2, 3, 123, 125}, 1);
    double exact = 0;
    double size = 0;
    for (const float value : x.values()) {
      exact += static_cast<double>(value);
      size += std::abs(static_cast<double>(value));
    }
    CHECK(std::abs(sum(x) - exact) < 1e-7 * size);  // measured 6e-10
  });
}

TEST_CASE("Tensors of different shapes do not add up", "[kernels]") {
  CHECK_THROWS_WITH(add(Tensor<float>({1, 1, 2, 3}), Tensor<float>({1, 1, 3, 2})),
                    "scale_and_add: x has shape (1, 1, 3, 2), expected (1, 1, 2, 3)");
}

TEST_CASE("Sums are the same on any number of threads", "[kernels]") {
  const auto x = test::uniform<float>({3, 5, 61, 67}, 1);
  CHECK(test::same_on_any_thread_count([&] { return sum(x); }));
}

}  // namespace
}  // namespace asyndgan::kernels
