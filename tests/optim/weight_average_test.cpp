// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/optim/weight_average.hpp"

#include "asyndgan/layers/norm2d.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::optim {
namespace {

struct OneWeight {
  Parameter<double> weight{{1, 1, 1, 1}};
  State<double> state;

  explicit OneWeight(double value) {
    set(value);
    state.parameters = {{"w", &weight}};
  }
  void set(double value) { weight.value(0, 0, 0, 0) = value; }
  [[nodiscard]] double get() const { return weight.value(0, 0, 0, 0); }
};

TEST_CASE("The average follows the weights, fast at first", "[optim]") {
  OneWeight network(1);
  WeightAverage<double> average(network.state, 0.15);
  network.set(3);
  average.update();  // keeps min(0.15, 1/10)
  network.set(5);
  average.update();  // keeps min(0.15, 2/11) = 0.15
  average.swap();
  const double first = 0.1 * 1 + 0.9 * 3;
  CHECK(network.get() == Approx(0.15 * first + 0.85 * 5).epsilon(1e-14));  // measured 0
}

TEST_CASE("Swapping twice gives the weights back exactly", "[optim]") {
  OneWeight network(1);
  WeightAverage<double> average(network.state, 0.999);
  network.set(3);
  average.update();
  {
    const AveragedScope scope(average);
    CHECK(average.swapped());
    CHECK(network.get() == Approx(2.8).epsilon(1e-14));  // measured 2e-16
    CHECK_THROWS_WITH(average.update(), "WeightAverage: update() while swapped");
  }
  CHECK(network.get() == 3);
  CHECK(!average.swapped());
}

TEST_CASE("Running statistics are averaged too", "[optim]") {
  layers::BatchNorm2d<double> norm({.channels = 2});
  State<double> state;
  norm.collect("norm", state);
  WeightAverage<double> average(state, 0.999);
  layers::BatchNorm2d<double>::Saved saved;
  (void)norm.forward(test::uniform<double>({2, 2, 3, 3}, 1), saved);
  const double trained = state.buffers[1].tensor->values()[0];
  average.update();
  average.swap();
  CHECK(state.buffers[1].tensor->values()[0] ==
        Approx(0.1 * 1 + 0.9 * trained).epsilon(1e-14));  // measured 0
}

TEST_CASE("The average continues from its records", "[optim]") {
  const auto run = [](bool interrupted) {
    OneWeight network(1);
    auto average = std::make_unique<WeightAverage<double>>(network.state, 0.9);
    for (int t = 0; t < 6; ++t) {
      if (interrupted && t == 3) {
        auto resumed = std::make_unique<WeightAverage<double>>(network.state, 0.9);
        State<double> from;
        State<double> to;
        average->collect("average", from);
        resumed->collect("average", to);
        CHECK(from.buffers.at(0).name == "average.w");
        CHECK(from.counters.at(0).name == "average.updates");
        *to.buffers[0].tensor = *from.buffers[0].tensor;
        *to.counters[0].count = *from.counters[0].count;
        average = std::move(resumed);
      }
      network.set(t * t);
      average->update();
    }
    average->swap();
    return network.get();
  };
  CHECK(run(true) == run(false));
}

TEST_CASE("A decay of 1 never forgets and is refused", "[optim]") {
  OneWeight network(1);
  CHECK_THROWS_WITH(WeightAverage<double>(network.state, 1),
                    "WeightAverage: decay 1.000000 is not in [0, 1)");
}

}  // namespace
}  // namespace asyndgan::optim
