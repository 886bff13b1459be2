// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/optim/adam.hpp"

#include "asyndgan/layers/conv2d.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"
#include "support/layer_check.hpp"

namespace asyndgan::optim {
namespace {

/// The weight after each of the gradients 1, -0.5, 0.25, from 1.
template <std::floating_point T>
std::vector<double> trajectory(const typename Adam<T>::Options& options) {
  Parameter<T> weight({1, 1, 1, 1});
  weight.value(0, 0, 0, 0) = 1;
  State<T> state;
  state.parameters = {{"w", &weight}};
  Adam<T> adam(state, options);
  std::vector<double> values;
  for (const double gradient : {1.0, -0.5, 0.25}) {
    weight.gradient()(0, 0, 0, 0) = static_cast<T>(gradient);
    adam.step();
    values.push_back(weight.value(0, 0, 0, 0));
  }
  return values;
}

// Twelve decimals are given: 3.2e-13 measured, 5e-13 allowed.
TEST_CASE("Three Adam steps by hand", "[optim]") {
  const auto plain = trajectory<double>({});
  CHECK(plain[0] == Approx(0.999800000002).margin(5e-13).epsilon(0));
  CHECK(plain[1] == Approx(0.999800000002).margin(5e-13).epsilon(0));
  CHECK(plain[2] == Approx(0.999756788621).margin(5e-13).epsilon(0));
}

// Twelve decimals again: 1.7e-13 measured.
TEST_CASE("Weight decay, in the gradient and apart from it", "[optim]") {
  const auto in_gradient = trajectory<double>({.weight_decay = 5e-4});
  CHECK(in_gradient[0] == Approx(0.999800000002).margin(5e-13).epsilon(0));
  CHECK(in_gradient[1] == Approx(0.999799873534).margin(5e-13).epsilon(0));
  CHECK(in_gradient[2] == Approx(0.999756523333).margin(5e-13).epsilon(0));
  // The first step of Adam alone is -rate; before it the weight shrinks by 1 - rate * decay.
  const auto apart = trajectory<double>({.weight_decay = 0.5, .decoupled = true});
  CHECK(apart[0] == Approx(1 - 1e-4 - 0.000199999998).epsilon(1e-15));  // measured 0
}

TEST_CASE("A float step agrees with the definition in double", "[optim]") {
  const Shape shape{1, 1, 7, 5};
  Parameter<float> weight(shape);
  test::fill_uniform(weight.value, 1);
  State<float> state;
  state.parameters = {{"w", &weight}};
  Adam<float> adam(state, {.weight_decay = 1e-3});
  std::vector<double> values(shape.size());
  std::vector<double> m(shape.size());
  std::vector<double> v(shape.size());
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = weight.value.values()[i];
  for (int t = 1; t <= 5; ++t) {
    test::fill_uniform(weight.gradient(), 10 + static_cast<std::uint64_t>(t));
    adam.step();
    for (std::size_t i = 0; i < values.size(); ++i) {
      (void)kernels::AdamReference<double>::step(
          {.beta1 = 0.5,
           .beta2 = 0.999,
           .step_size = 2e-4 / (1 - std::pow(0.5, t)),
           .root_scale = 1 / std::sqrt(1 - std::pow(0.999, t)),
           .epsilon = 1e-8,
           .gradient_decay = 1e-3,
           .value_factor = 1},
          weight.grad.values()[i], values[i], m[i], v[i]);
    }
  }
  const auto actual = weight.value.to_host();
  const double error =
      test::relative_error(std::span<const float>(actual), std::span<const double>(values));
  CHECK(error < 1e-6);  // measured 8e-8
}

TEST_CASE("The schedule's factor scales the step", "[optim]") {
  Parameter<double> weight({1, 1, 1, 1});
  State<double> state;
  state.parameters = {{"w", &weight}};
  Adam<double> adam(state, {});
  weight.gradient()(0, 0, 0, 0) = 1;
  adam.step(0.5);
  CHECK(weight.value(0, 0, 0, 0) == Approx(-1e-4 / (1 + 1e-8)).epsilon(1e-14));  // measured 0
  adam.zero_gradients();
  CHECK(weight.grad(0, 0, 0, 0) == 0);
}

TEST_CASE("Adam continues from its records as if it had not stopped", "[optim]") {
  const auto run = [](bool interrupted) {
    Parameter<float> weight({2, 3, 7, 5});
    test::fill_uniform(weight.value, 1);
    State<float> state;
    state.parameters = {{"conv.weight", &weight}};
    auto adam = std::make_unique<Adam<float>>(state, typename Adam<float>::Options{});
    for (std::uint64_t t = 0; t < 4; ++t) {
      if (interrupted && t == 2) {
        auto resumed = std::make_unique<Adam<float>>(state, typename Adam<float>::Options{});
        State<float> from;
        State<float> to;
        adam->collect("optimizer", from);
        resumed->collect("optimizer", to);
        REQUIRE(from.buffers.size() == 2);
        CHECK(from.buffers[0].name == "optimizer.conv.weight.exp_avg");
        CHECK(from.buffers[1].name == "optimizer.conv.weight.exp_avg_sq");
        CHECK(from.counters.at(0).name == "optimizer.step");
        for (std::size_t i = 0; i < 2; ++i) *to.buffers[i].tensor = *from.buffers[i].tensor;
        *to.counters[0].count = *from.counters[0].count;
        adam = std::move(resumed);
      }
      test::fill_uniform(weight.gradient(), 10 + t);
      adam->step();
    }
    CHECK(adam->steps() == 4);
    return weight.value.to_host();
  };
  CHECK(run(true) == run(false));
}

TEST_CASE("A step during the backward pass is the step after it, and gives the gradients back",
          "[optim]") {
  const auto run = [](bool during) {
    layers::Conv2d<float> first({.in_channels = 2, .out_channels = 3, .kernel = 3});
    layers::Conv2d<float> second({.in_channels = 3, .out_channels = 1, .kernel = 3});
    Parameter<float> apart({1, 2, 1, 1});  // that no pass reaches
    State<float> state;
    first.collect("first", state);
    second.collect("second", state);
    state.parameters.push_back({"apart", &apart});
    for (std::size_t i = 0; i < state.parameters.size(); ++i) {
      test::fill_uniform(state.parameters[i].parameter->value, i);
    }
    Adam<float> adam(state, {});
    for (std::uint64_t t = 0; t < 3; ++t) {
      layers::Conv2d<float>::Saved on_first;
      layers::Conv2d<float>::Saved on_second;
      auto x = first.forward(test::uniform<float>({2, 2, 7, 6}, 10 + t), on_first);
      x = second.forward(std::move(x), on_second);
      const auto d_output = test::uniform<float>(x.shape(), 20 + t);
      const auto backward = [&] {
        const auto d = second.backward(d_output, on_second);
        (void)first.backward(d, on_first, layers::Wanted::parameters);
      };
      state.zero_gradients();
      if (during) {
        adam.step_in(backward);
      } else {
        backward();
        adam.step();
      }
      CHECK(first.weight().grad.empty() == during);
    }
    CHECK(adam.steps() == 3);
    std::vector<float> values;
    for (const auto& [name, parameter] : state.parameters) {
      const auto more = parameter->value.to_host();
      values.insert(values.end(), more.begin(), more.end());
    }
    return values;
  };
  CHECK(run(true) == run(false));
}

TEST_CASE("Adam leaves a weight whose gradient overflows as it is, and says whose it was",
          "[optim]") {
  Parameter<float> good({1, 1, 1, 2});
  Parameter<float> bad({1, 1, 1, 3});
  State<float> state;
  state.parameters = {{"good", &good}, {"bad", &bad}};
  Adam<float> adam(state, {});
  const float huge = std::numeric_limits<float>::max();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float value : {huge, -huge, 2 * huge, nan}) {
    good.gradient().values()[0] = 1;
    bad.gradient().values()[1] = 1;
    bad.gradient().values()[2] = value;
    const auto before = bad.value.to_host();
    CHECK_THROWS_AS(adam.step(), DivergenceError);
    CHECK_THROWS_WITH(adam.step(), "the gradient of bad is not finite, or too large to be squared");
    CHECK(adam.steps() == 0);
    CHECK(bad.value.values()[2] == before[2]);
    CHECK(bad.value.values()[1] != before[1]);
  }
  bad.gradient().zero();
  adam.step();
  for (const float value : bad.value.values()) CHECK(std::isfinite(value));
}

TEST_CASE("Adam refuses options without a defined step", "[optim]") {
  CHECK_THROWS_WITH(Adam<float>({}, {.beta1 = 1}),
                    "Adam: learning rate 0.000200, betas 1.000000 and 0.999000, epsilon 0.000000, "
                    "weight decay 0.000000; expected rate and decay >= 0, betas in [0, 1), "
                    "epsilon > 0");
}

TEST_CASE("Adam is the same on any number of threads", "[optim]") {
  CHECK(test::same_on_any_thread_count([] {
    Parameter<float> weight({3, 5, 61, 67});
    test::fill_uniform(weight.value, 1);
    test::fill_uniform(weight.gradient(), 2);
    State<float> state;
    state.parameters = {{"w", &weight}};
    Adam<float> adam(state, {});
    adam.step();
    adam.step();
    return weight.value.to_host();
  }));
}

}  // namespace
}  // namespace asyndgan::optim
