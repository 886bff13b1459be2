// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/layers/norm2d.hpp"

#include "support/catch.hpp"
#include "support/layer_check.hpp"

namespace asyndgan::layers {
namespace {

const std::vector<double> kOneToFour{1, 2, 3, 4};

// Nine decimals are given: 3.5e-10 measured, 5e-10 allowed.
TEST_CASE("Instance norm of 1 2 3 4", "[layers]") {
  const InstanceNorm2d<double> layer({.channels = 1});
  InstanceNorm2d<double>::Saved saved;
  const auto y = layer.forward(Tensor<double>::from_host({1, 1, 2, 2}, kOneToFour), saved);
  const auto approx = Approx::custom().margin(5e-10).epsilon(0);
  CHECK(y(0, 0, 0, 0) == approx(-1.341635420));
  CHECK(y(0, 0, 0, 1) == approx(-0.447211807));
  CHECK(y(0, 0, 1, 1) == approx(1.341635420));
}

TEST_CASE("Batch norm keeps PyTorch's running statistics, and evaluation uses them", "[layers]") {
  BatchNorm2d<double> layer({.channels = 1});
  State<double> state;
  layer.collect("norm", state);
  BatchNorm2d<double>::Saved saved;
  const auto x = Tensor<double>::from_host({2, 1, 1, 2}, kOneToFour);
  const auto y = layer.forward(x, saved);
  CHECK(y(1, 0, 0, 1) == Approx(1.341635420).margin(5e-10).epsilon(0));  // measured 3.2e-11
  const auto approx = Approx::custom().epsilon(1e-14);                   // measured at most 2e-16
  CHECK(state.buffers[0].tensor->values()[0] == approx(0.25));
  CHECK(state.buffers[1].tensor->values()[0] == approx(16.0 / 15));
  CHECK(*state.counters[0].count == 1);

  const auto evaluated = layer.forward(x, saved, Pass::evaluation());
  CHECK(evaluated(1, 0, 0, 0) == approx((3 - 0.25) / std::sqrt(16.0 / 15 + 1e-5)));
  CHECK(*state.counters[0].count == 1);
}

TEST_CASE("Batch norm names its state as PyTorch does, the other kinds have none", "[layers]") {
  Norm2d<float> batch({.channels = 3, .kind = NormKind::batch});
  State<float> state;
  batch.collect("model.2", state);
  REQUIRE(state.parameters.size() == 2);
  CHECK(state.parameters[0].name == "model.2.weight");
  CHECK(state.parameters[1].name == "model.2.bias");
  CHECK(state.parameters[0].parameter->rank == 1);
  REQUIRE(state.buffers.size() == 2);
  CHECK(state.buffers[0].name == "model.2.running_mean");
  CHECK(state.buffers[1].name == "model.2.running_var");
  CHECK(state.counters.at(0).name == "model.2.num_batches_tracked");

  State<float> nothing;
  Norm2d<float>({.channels = 3, .kind = NormKind::instance}).collect("model.3", nothing);
  Norm2d<float>({.channels = 3, .kind = NormKind::none}).collect("model.4", nothing);
  CHECK(nothing.parameters.empty());
  CHECK(nothing.buffers.empty());
}

// The error is that of the differences: rounding and the third derivative.
TEST_CASE("Gradients of the norms match central differences", "[layers]") {
  const auto input = test::uniform<double>({3, 2, 7, 5}, 1);
  Norm2d<double> none({.channels = 2, .kind = NormKind::none});
  CHECK(test::gradient_error(none, input) < 1e-9);  // measured 1.4e-10
  Norm2d<double> instance({.channels = 2, .kind = NormKind::instance});
  CHECK(test::gradient_error(instance, input) < 1e-8);  // measured 4e-10
  BatchNorm2d<double> batch({.channels = 2});
  test::fill_uniform(batch.weight().value, 2);
  test::fill_uniform(batch.bias().value, 3);
  CHECK(test::gradient_error(batch, input) < 1e-8);                      // measured 2e-10
  CHECK(test::gradient_error(batch, input, Pass::evaluation()) < 1e-8);  // measured 4e-11
}

/// In one pass and one behind the other, there and back, on the same input.
template <class T>
void check_fusion(NormKind kind, double slope, const Pass& pass) {
  Norm2d<T> fused({.channels = 3, .kind = kind, .slope = slope});
  Norm2d<T> norm({.channels = 3, .kind = kind});
  LeakyRelu<T> relu({.slope = slope});
  typename Norm2d<T>::Saved fused_saved, norm_saved;
  typename LeakyRelu<T>::Saved relu_saved;
  const auto x = test::uniform<T>({2, 3, 33, 31}, 1);
  const auto y = fused.forward(x, fused_saved, pass);
  CHECK(y.to_host() == relu.forward(norm.forward(x, norm_saved, pass), relu_saved, pass).to_host());
  CHECK(fused.can_repeat() == (kind != NormKind::none));
  CHECK(fused.output(fused_saved).to_host() ==
        (fused.can_repeat() ? y.to_host() : std::vector<T>{}));

  const auto d_y = test::uniform<T>(y.shape(), 2);
  const auto d_x = fused.backward(d_y, fused_saved);
  CHECK(d_x.to_host() == norm.backward(relu.backward(d_y, relu_saved), norm_saved).to_host());
  auto d = d_y;
  const T* const memory = d.data();
  const auto in_place = fused.backward(std::move(d), fused_saved, Wanted::input);
  CHECK(in_place.to_host() == d_x.to_host());
  CHECK((in_place.data() == memory) == fused.can_repeat());
  State<T> of_fused, of_norm;
  fused.collect("", of_fused);
  norm.collect("", of_norm);
  for (std::size_t i = 0; i < of_norm.parameters.size(); ++i) {
    CHECK(of_fused.parameters[i].parameter->grad.to_host() ==
          of_norm.parameters[i].parameter->grad.to_host());
  }
}

TEMPLATE_TEST_CASE("A norm that rectifies equals a norm and a rectifier, digit for digit",
                   "[layers]", float, double) {
  for (const NormKind kind : {NormKind::none, NormKind::batch, NormKind::instance}) {
    for (const double slope : {0.0, 0.2}) {
      check_fusion<TestType>(kind, slope, {});
      check_fusion<TestType>(kind, slope, Pass::evaluation());
    }
  }
}

TEST_CASE("Batch norm computes only the gradients that are wanted", "[layers]") {
  BatchNorm2d<double> layer({.channels = 2});
  BatchNorm2d<double>::Saved saved;
  const auto y = layer.forward(test::uniform<double>({2, 2, 3, 5}, 1), saved);
  CHECK(layer.backward(y, saved, Wanted::parameters).empty());
  const auto parameters = layer.weight().grad.to_host();
  CHECK(parameters[0] != 0);
  const auto d_input = layer.backward(y, saved, Wanted::input);
  CHECK(layer.weight().grad.to_host() == parameters);
  layer.weight().grad.zero();
  CHECK(layer.backward(y, saved).to_host() == d_input.to_host());
}

TEST_CASE("What batch norm saved outlives a step of the optimiser", "[layers]") {
  BatchNorm2d<float> layer({.channels = 2, .slope = 0.2});
  BatchNorm2d<float>::Saved saved;
  const auto y = layer.forward(test::uniform<float>({2, 2, 3, 5}, 1), saved);
  const auto d_x = layer.backward(y, saved, Wanted::input);
  test::fill_uniform(layer.weight().value, 2);
  test::fill_uniform(layer.bias().value, 3);
  CHECK(layer.output(saved).to_host() == y.to_host());
  CHECK(layer.backward(y, saved, Wanted::input).to_host() == d_x.to_host());
}

// The mean itself is a float: half a unit in the last place of 4096 is 2.4e-4.
TEST_CASE("A large mean costs the variance no digits", "[layers]") {
  auto x = test::uniform<float>({1, 1, 33, 31}, 1);
  const InstanceNorm2d<float> layer({.channels = 1});
  InstanceNorm2d<float>::Saved saved;
  for (float& value : x.values()) value += 4096;  // leaves 11 bits of the values
  auto exact = Tensor<double>(x.shape());
  for (std::size_t i = 0; i < x.size(); ++i) exact.values()[i] = x.values()[i];
  const InstanceNorm2d<double> in_double({.channels = 1});
  InstanceNorm2d<double>::Saved unused;
  const auto expected = in_double.forward(exact, unused);
  CHECK(test::relative_error(layer.forward(x, saved), expected) < 5e-4);  // measured 1.2e-4
  CHECK(saved.moments.variance(0, 0, 0, 0) ==
        Approx(unused.moments.variance(0, 0, 0, 0)).epsilon(1e-6));  // measured 6e-8
}

TEST_CASE("The norms refuse what they cannot normalise", "[layers]") {
  const InstanceNorm2d<float> instance({.channels = 3});
  CHECK_THROWS_WITH(instance.output_shape({1, 2, 4, 4}),
                    "InstanceNorm2d: input (1, 2, 4, 4) for 3 channels");
  CHECK_THROWS_WITH(instance.output_shape({2, 3, 1, 1}),
                    "InstanceNorm2d: planes of input (2, 3, 1, 1) need more than one pixel");
  BatchNorm2d<float> batch({.channels = 3});
  BatchNorm2d<float>::Saved saved;
  CHECK_THROWS_WITH(batch.forward(Tensor<float>({1, 2, 4, 4}), saved),
                    "BatchNorm2d: input (1, 2, 4, 4) for 3 channels");
  CHECK_THROWS_WITH(
      batch.forward(Tensor<float>({1, 3, 1, 1}), saved),
      "BatchNorm2d: training on input (1, 3, 1, 1) needs more than one value a channel");
  CHECK_NOTHROW(batch.forward(Tensor<float>({1, 3, 1, 1}), saved, Pass::evaluation()));
  CHECK_THROWS_AS(BatchNorm2d<float>({.channels = 0}), ContractViolation);
  for (const NormKind kind : {NormKind::none, NormKind::batch, NormKind::instance}) {
    CHECK_THROWS_WITH(Norm2d<float>({.channels = 3, .kind = kind, .slope = 2}),
                      "Norm2d: slope 2.000000 is not in [0, 1]");
  }
}

TEST_CASE("The norms are the same on any number of threads", "[layers]") {
  for (const NormKind kind : {NormKind::batch, NormKind::instance}) {
    CHECK(test::same_on_any_thread_count([&] {
      return test::everything_of_a_pass(Norm2d<float>({.channels = 5, .kind = kind}),
                                        {3, 5, 33, 31});
    }));
  }
}

}  // namespace
}  // namespace asyndgan::layers
