// SPDX-License-Identifier: Apache-2.0
// The layers of the networks one by one: convolutions forward, gradient of the input, gradient of
// the weight, as times and beside the least time in which this machine could do a direct
// convolution's products, and have its images and weights from memory; a norm with its rectifier
// there and back; a step of Adam. kernels_pytorch.py measures the same in PyTorch, and compare.py
// runs both in turn.

#include "asyndgan/kernels/conv2d.hpp"

#include <algorithm>
#include <cstdio>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/tensor.hpp"
#include "asyndgan/layers/norm2d.hpp"
#include "asyndgan/optim/adam.hpp"
#include "support/benchmark.hpp"
#include "support/convolutions.hpp"
#include "support/roofline.hpp"

namespace asyndgan {
namespace {

using benchmark::Convolution;

struct Norm {
  std::string name;
  Shape shape;
  layers::NormKind kind;
};

const std::vector<Norm> kNorms = {
    {"instance norm and ReLU 64 @256", {1, 64, 256, 256}, layers::NormKind::instance},
    {"instance norm and ReLU 256 @64", {1, 256, 64, 64}, layers::NormKind::instance},
    {"batch norm and ReLU 128 @64", {1, 128, 64, 64}, layers::NormKind::batch},
};

constexpr int kAdamMillions = 54;  // of parameters: the U-Net's

Tensor<float> filled(const Shape& shape) {
  Tensor<float> tensor(shape);
  float value = -1;
  for (float& x : tensor.values()) {
    x = value;
    value = value > 1 ? -1.0F : value + 0.0371F;
  }
  return tensor;
}

struct Measured {
  const char* metric;
  benchmark::Timing timing;
};

/// `bound` in seconds, or 0 where there is none: how many times faster than it a call is.
void report(const std::string& name, std::span<const Measured> figures, double bound,
            telemetry::Rows& rows) {
  std::printf("%-32s", name.c_str());
  const std::string shown = name + " threads " + std::to_string(thread_count());
  for (const auto& [metric, timing] : figures) {
    std::printf(" %9.3f", timing.median * 1e3);
    rows.rows.push_back({shown, metric, timing.median, "s"});
    if (bound == 0) continue;
    std::printf(" %6.2f", bound / timing.median);
    rows.rows.push_back({shown, std::string(metric) + " to bound", bound / timing.median, "1"});
  }
  std::printf("\n");
  std::fflush(stdout);
}

void run_convolution(const Convolution& c, const benchmark::Arguments& arguments,
                     const benchmark::Roofline& roofline, telemetry::Rows& rows) {
  const double seconds = arguments.seconds / 3;
  const auto input = filled(c.input);
  const auto weight = filled({c.filters, c.input.c, c.g.kernel, c.g.kernel});
  const auto d_output = filled(kernels::conv2d_shape(c.input, c.filters, c.g));
  auto output = d_output;
  auto d_input = input;
  auto d_weight = weight;
  const double operations = 2.0 * static_cast<double>(d_output.shape().size()) *
                            static_cast<double>(weight.shape().image());
  const auto values = static_cast<double>(input.size() + weight.size() + d_output.size());
  const Tensor<float> no_bias;
  const std::vector<Measured> figures = {
      {"forward", benchmark::measure(arguments, seconds,
                                     [&] { conv2d_forward(input, weight, no_bias, c.g, output); })},
      {"backward input",
       benchmark::measure(arguments, seconds,
                          [&] { conv2d_backward_input(d_output, weight, c.g, d_input); })},
      {"backward weight", benchmark::measure(arguments, seconds, [&] {
         conv2d_backward_weight(input, d_output, c.g, d_weight);
       })}};
  report(c.name, figures, roofline.bound(operations, values * sizeof(float)), rows);
}

void run_norm(const Norm& c, const benchmark::Arguments& arguments, telemetry::Rows& rows) {
  layers::Norm2d<float> norm({.channels = c.shape.c, .kind = c.kind, .slope = 0});
  const auto d_output = filled(c.shape);
  auto input = filled(c.shape);
  layers::Norm2d<float>::Saved saved;
  const auto there = [&] {
    // A step hands its input on, and the pass keeps it: no copy.
    auto& kept = c.kind == layers::NormKind::batch ? saved.batch.input : saved.instance.input;
    if (!kept.empty()) input = std::move(kept);
    return norm.forward(std::move(input), saved);
  };
  const Measured both{"forward and backward", benchmark::measure(arguments, arguments.seconds, [&] {
                        (void)there();
                        (void)norm.backward(d_output, saved);
                      })};
  report(c.name, {&both, 1}, 0, rows);
}

void run_adam(const std::string& name, const benchmark::Arguments& arguments,
              telemetry::Rows& rows) {
  Parameter<float> parameter({kAdamMillions, 1000, 1000, 1});
  parameter.grad = filled(parameter.value.shape());
  State<float> state;
  state.parameters.push_back({"weight", &parameter});
  optim::Adam<float> adam(state, {});
  const Measured step{"step",
                      benchmark::measure(arguments, arguments.seconds, [&] { adam.step(); })};
  report(name, {&step, 1}, 0, rows);
}

telemetry::Rows run_all(const benchmark::Arguments& arguments) {
  telemetry::Rows rows{"kernels", telemetry::this_machine(), {}};
  benchmark::Roofline roofline;
  const auto& convolutions = benchmark::convolutions();
  if (!arguments.list && std::any_of(convolutions.begin(), convolutions.end(), [&](const auto& c) {
        return benchmark::selected(arguments, c.name);
      })) {
    roofline = benchmark::measure_roofline(arguments, arguments.seconds / 4, rows);
    std::printf("%-32s %16s %16s %16s\n", "milliseconds, of direct bound", "F", "BD", "BW");
  }
  const auto run_one = [&](const std::string& name, const auto& body) {
    if (!benchmark::selected(arguments, name)) return;
    if (arguments.list) {
      std::printf("%s\n", name.c_str());
    } else {
      body();
    }
  };
  for (const Convolution& c : convolutions) {
    run_one(c.name, [&] { run_convolution(c, arguments, roofline, rows); });
  }
  for (const Norm& c : kNorms) {
    run_one(c.name, [&] { run_norm(c, arguments, rows); });
  }
  const std::string adam = "Adam " + std::to_string(kAdamMillions) + " M";
  run_one(adam, [&] { run_adam(adam, arguments, rows); });
  return rows;
}

}  // namespace
}  // namespace asyndgan

int main(int count, char** values) {
  return asyndgan::benchmark::run(count, values, asyndgan::run_all);
}
