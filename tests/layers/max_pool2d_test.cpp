// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/layers/max_pool2d.hpp"

#include <cmath>
#include <limits>

#include "support/catch.hpp"
#include "support/layer_check.hpp"

namespace asyndgan::layers {
namespace {

using Values = std::vector<double>;

TEST_CASE("Max pooling takes the largest of each window and leaves the rest out", "[layers]") {
  const auto x = Tensor<double>::from_host({1, 1, 3, 5}, Values{1, 5, 2, 2, 9,  //
                                                                4, 3, 2, 1, 9,  //
                                                                9, 9, 9, 9, 9});
  const MaxPool2d<double> layer;
  MaxPool2d<double>::Saved saved;
  CHECK(layer.forward(x, saved).to_host() == Values{5, 2});
  const auto d_output = Tensor<double>::from_host({1, 1, 1, 2}, Values{10, 20});
  CHECK(layer.backward(d_output, saved).to_host() == Values{0, 10, 20, 0, 0,  // the first 2 wins
                                                            0, 0, 0, 0, 0,    //
                                                            0, 0, 0, 0, 0});
}

TEST_CASE("A pixel that wins in several windows gets all their gradients", "[layers]") {
  const auto x = Tensor<double>::from_host({1, 1, 3, 3}, Values{0, 0, 0, 0, 7, 0, 0, 0, 0});
  const MaxPool2d<double> layer({.kernel = 2, .stride = 1});
  MaxPool2d<double>::Saved saved;
  CHECK(layer.forward(x, saved).to_host() == Values{7, 7, 7, 7});
  const auto d_output = Tensor<double>::from_host({1, 1, 2, 2}, Values{1, 2, 3, 4});
  CHECK(layer.backward(d_output, saved)(0, 0, 1, 1) == 10);
}

TEST_CASE("Max pooling keeps a NaN", "[layers]") {
  auto x = test::uniform<double>({1, 1, 2, 4}, 1);
  x(0, 0, 0, 0) = std::numeric_limits<double>::quiet_NaN();  // first of its window
  x(0, 0, 1, 3) = std::numeric_limits<double>::quiet_NaN();  // last of its window
  const MaxPool2d<double> layer;
  MaxPool2d<double>::Saved saved;
  const auto y = layer.forward(x, saved);
  CHECK(std::isnan(y(0, 0, 0, 0)));
  CHECK(std::isnan(y(0, 0, 0, 1)));
}

TEST_CASE("Max pooling's gradient matches central differences", "[layers]") {
  const auto input = test::uniform<double>({2, 3, 7, 5}, 1);
  for (const int stride : {1, 2, 3}) {
    MaxPool2d<double> layer({.kernel = 3, .stride = stride});
    CHECK(test::gradient_error(layer, input) < 1e-9);  // measured 1.2e-10
  }
}

TEST_CASE("Max pooling refuses an input smaller than its window", "[layers]") {
  const MaxPool2d<float> layer({.kernel = 3, .stride = 2});
  CHECK_THROWS_WITH(layer.output_shape({1, 2, 2, 9}),
                    "max_pool2d: input (1, 2, 2, 9) is smaller than the window of 3 pixels");
  CHECK_THROWS_WITH(MaxPool2d<float>({.kernel = 17, .stride = 2}).output_shape({1, 1, 40, 40}),
                    "max_pool2d: kernel 17, stride 2");
}

TEST_CASE("Max pooling is the same on any number of threads", "[layers]") {
  const MaxPool2d<float> layer({.kernel = 3, .stride = 1});
  CHECK(test::same_on_any_thread_count([&] {
    return test::everything_of_a_pass(layer, {3, 5, 17, 19});
  }));
}

}  // namespace
}  // namespace asyndgan::layers
