// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/layers/activation.hpp"

#include <cmath>
#include <limits>

#include "support/catch.hpp"
#include "support/layer_check.hpp"

namespace asyndgan::layers {
namespace {

using Values = std::vector<double>;

template <class L>
Values forward(const L& layer, const Values& x) {
  typename L::Saved saved;
  const Shape shape{1, 1, 1, static_cast<int>(x.size())};
  return layer.forward(Tensor<double>::from_host(shape, x), saved).to_host();
}

TEST_CASE("Activations give the values of their definitions", "[layers]") {
  const Values x{-2, -0.5, 0, 0.5, 3};
  CHECK(forward(Relu<double>(), x) == Values{0, 0, 0, 0.5, 3});
  CHECK(forward(LeakyRelu<double>({.slope = 0.25}), x) == Values{-0.5, -0.125, 0, 0.5, 3});
  const auto approx = Approx::custom().epsilon(1e-14);  // measured 0
  const Values tanh = forward(Tanh<double>(), x);
  CHECK(tanh[0] == approx(-0.96402758007581688));
  CHECK(tanh[4] == approx(0.99505475368673046));
  const Values sigmoid = forward(Sigmoid<double>(), x);
  CHECK(sigmoid[0] == approx(0.11920292202211755));
  CHECK(sigmoid[2] == 0.5);
}

TEST_CASE("The gradient of a ReLU at 0 is its slope", "[layers]") {
  const LeakyRelu<double> layer({.slope = 0.25});
  LeakyRelu<double>::Saved saved;
  (void)layer.forward(Tensor<double>({1, 1, 1, 1}), saved);
  auto d_output = Tensor<double>({1, 1, 1, 1});
  d_output(0, 0, 0, 0) = 1;
  CHECK(layer.backward(d_output, saved)(0, 0, 0, 0) == 0.25);
}

TEST_CASE("Activations neither overflow nor hide a NaN", "[layers]") {
  const Values sigmoid = forward(Sigmoid<double>(), {-1000, 1000});
  CHECK(sigmoid == Values{0, 1});
  const double nan = std::numeric_limits<double>::quiet_NaN();
  CHECK(std::isnan(forward(Relu<double>(), {nan})[0]));
  CHECK(std::isnan(forward(LeakyRelu<double>(), {nan})[0]));
  CHECK(std::isnan(forward(Tanh<double>(), {nan})[0]));
  CHECK(std::isnan(forward(Sigmoid<double>(), {nan})[0]));
}

// Values within a step of the kink of a ReLU would be wrong by half a slope; the nearest of these
// is 0.002 away.
TEST_CASE("Activations' gradients match central differences", "[layers]") {
  const auto input = test::uniform<double>({2, 3, 7, 5}, /*seed=*/1);
  Relu<double> relu;
  LeakyRelu<double> leaky;
  Tanh<double> tanh;
  Sigmoid<double> sigmoid;
  CHECK(test::gradient_error(relu, input) < 1e-9);     // measured 3e-11
  CHECK(test::gradient_error(leaky, input) < 1e-9);    // measured 3e-11
  CHECK(test::gradient_error(tanh, input) < 1e-9);     // measured 1.2e-10
  CHECK(test::gradient_error(sigmoid, input) < 1e-9);  // measured 3e-10
}

TEST_CASE("A frozen pass gives no gradient when only parameters are wanted", "[layers]") {
  const Tanh<float> layer;
  Tanh<float>::Saved saved;
  const auto output = layer.forward(test::uniform<float>({1, 2, 3, 3}, 1), saved);
  CHECK(layer.backward(output, saved, Wanted::parameters).empty());
}

TEST_CASE("Activations refuse a gradient of another shape", "[layers]") {
  const Relu<float> layer;
  Relu<float>::Saved saved;
  (void)layer.forward(Tensor<float>({1, 2, 3, 3}), saved);
  CHECK_THROWS_WITH(layer.backward(Tensor<float>({1, 2, 3, 4}), saved),
                    "LeakyRelu: d_output has shape (1, 2, 3, 4), expected (1, 2, 3, 3)");
  const Sigmoid<float> sigmoid;
  Sigmoid<float>::Saved kept;
  (void)sigmoid.forward(Tensor<float>({1, 2, 3, 3}), kept);
  CHECK_THROWS_WITH(sigmoid.backward(Tensor<float>({2, 2, 3, 3}), kept),
                    "Sigmoid: d_output has shape (2, 2, 3, 3), expected (1, 2, 3, 3)");
  CHECK_THROWS_WITH(LeakyRelu<float>({.slope = -0.1}),
                    "LeakyRelu: slope -0.100000 is not in [0, 1)");
}

TEST_CASE("Activations are the same on any number of threads", "[layers]") {
  const Shape shape{3, 5, 61, 67};  // several blocks of 16384 elements, the last one odd
  CHECK(test::same_on_any_thread_count(
      [&] { return test::everything_of_a_pass(LeakyRelu<float>(), shape); }));
  CHECK(test::same_on_any_thread_count(
      [&] { return test::everything_of_a_pass(Tanh<float>(), shape); }));
}

}  // namespace
}  // namespace asyndgan::layers
