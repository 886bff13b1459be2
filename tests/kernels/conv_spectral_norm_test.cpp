// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/spectral_norm.hpp"

#include <Eigen/Dense>
#include <functional>

#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::kernels {
namespace {

// Equal to the last digit measured after 200 iterations, 1e-12 allowed.
TEST_CASE("The power iteration finds Eigen's first singular value", "[kernels]") {
  const auto weight = test::uniform<double>({5, 3, 2, 2}, 1);
  auto u = test::uniform<double>({1, 5, 1, 1}, 2);
  Tensor<double> v({1, 12, 1, 1});
  for (int i = 0; i < 200; ++i) spectral_power_iteration(weight, u, v);
  using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const Eigen::Map<const Matrix> matrix(weight.data(), 5, 12);
  const double expected = matrix.jacobiSvd().singularValues()(0);
  CHECK(spectral_gain(weight, u, v) == Approx(expected).epsilon(1e-12));
}

// The gain is not linear in the weight: 1e-10 measured at step 1e-4, 1e-8 allowed.
TEST_CASE("The spectral gradient matches central differences", "[kernels]") {
  auto weight = test::uniform<double>({3, 2, 2, 2}, 1);
  auto u = test::uniform<double>({1, 3, 1, 1}, 2);
  Tensor<double> v({1, 8, 1, 1});
  for (int i = 0; i < 3; ++i) spectral_power_iteration(weight, u, v);
  const auto d_normalized = test::uniform<double>(weight.shape(), 3);
  Tensor<double> normalized(weight.shape());
  const auto loss = [&] {
    spectral_divide(weight, spectral_gain(weight, u, v), normalized);
    return test::dot(d_normalized, normalized);
  };
  (void)loss();
  Tensor<double> d_weight(weight.shape());
  spectral_backward(d_normalized, normalized, u, v, spectral_gain(weight, u, v), d_weight);
  CHECK(test::relative_error(d_weight, test::central_difference(loss, weight)) < 1e-8);
}

}  // namespace
}  // namespace asyndgan::kernels
