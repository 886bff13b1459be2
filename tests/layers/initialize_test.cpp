// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/layers/initialize.hpp"

#include "support/catch.hpp"
#include "support/gradient_check.hpp"
#include "support/layer_check.hpp"

namespace asyndgan::layers {
namespace {

const random::Key kKey{.seed = 3};

struct Network {
  Parameter<double> weight{{16, 8, 3, 3}};
  Parameter<double> bias{{1, 16, 1, 1}, 1};
  Parameter<double> norm{{1, 400, 1, 1}, 1};

  State<double> state() {
    State<double> state;
    state.parameters = {{"conv.weight", &weight}, {"conv.bias", &bias}, {"norm.weight", &norm}};
    return state;
  }
  explicit Network(const Initialization& how = {}) {
    test::fill_uniform(bias.value, 1);
    auto all = state();
    initialize(all, how, kKey);
  }
};

double mean(const Tensor<double>& x) {
  double sum = 0;
  for (const double value : x.values()) sum += value;
  return sum / static_cast<double>(x.size());
}
double deviation(const Tensor<double>& x) {
  const double center = mean(x);
  double sum = 0;
  for (const double value : x.values()) sum += (value - center) * (value - center);
  return std::sqrt(sum / static_cast<double>(x.size()));
}

// Of n numbers the deviation is known to 1 / sqrt(2 n): 2 % for the weight's 1152, 3.5 % for the
// norm's 400. Four of those are allowed; the worst measured is one and a half.
TEST_CASE("Each kind of initialisation has its deviation, biases are 0", "[layers]") {
  const Network normal;
  CHECK(deviation(normal.weight.value) == Approx(0.02).epsilon(0.085));
  CHECK(std::abs(mean(normal.weight.value)) < 4 * 0.02 / std::sqrt(1152.0));
  for (const double value : normal.bias.value.values()) CHECK(value == 0);
  CHECK(mean(normal.norm.value) == Approx(1).margin(4 * 0.02 / 20));
  CHECK(deviation(normal.norm.value) == Approx(0.02).epsilon(0.14));

  const Network xavier({.kind = InitializationKind::xavier, .gain = 1});
  CHECK(deviation(xavier.weight.value) == Approx(std::sqrt(2.0 / (72 + 144))).epsilon(0.085));
  const Network kaiming({.kind = InitializationKind::kaiming});
  CHECK(deviation(kaiming.weight.value) == Approx(std::sqrt(2.0 / 72)).epsilon(0.085));
}

TEST_CASE("Orthogonal weights have orthonormal rows or columns times the gain", "[layers]") {
  for (const Shape shape : {Shape{7, 3, 2, 2}, Shape{30, 5, 2, 2}}) {
    Parameter<double> weight(shape);
    State<double> state;
    state.parameters = {{"w", &weight}};
    initialize(state, {.kind = InitializationKind::orthogonal, .gain = 0.5}, kKey);
    const auto rows = static_cast<std::size_t>(shape.n);
    const std::size_t columns = shape.image();
    const bool wide = rows <= columns;
    const std::size_t count = wide ? rows : columns;
    const auto at = [&](std::size_t vector, std::size_t k) {
      return weight.value.values()[wide ? vector * columns + k : k * columns + vector];
    };
    for (std::size_t a = 0; a < count; ++a) {
      for (std::size_t b = 0; b < count; ++b) {
        double product = 0;
        for (std::size_t k = 0; k < std::max(rows, columns); ++k) product += at(a, k) * at(b, k);
        CHECK(product == Approx(a == b ? 0.25 : 0).margin(1e-13).epsilon(0));  // measured 3e-16
      }
    }
  }
}

TEST_CASE("A tensor's numbers depend on its name, not on its turn", "[layers]") {
  const Network network;
  Parameter<double> weight({16, 8, 3, 3});
  Parameter<double> other({16, 8, 3, 3});
  State<double> state;
  state.parameters = {{"another.weight", &other}, {"conv.weight", &weight}};
  initialize(state, {}, kKey);
  CHECK(weight.value.to_host() == network.weight.value.to_host());
  CHECK(other.value.to_host() != weight.value.to_host());
}

TEST_CASE("Initialisation is the same on any number of threads", "[layers]") {
  CHECK(test::same_on_any_thread_count(
      [] { return Network({.kind = InitializationKind::orthogonal}).weight.value.to_host(); }));
}

}  // namespace
}  // namespace asyndgan::layers
