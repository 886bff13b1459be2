// SPDX-License-Identifier: Apache-2.0
// The convolutions of the networks one by one: forward, gradient of the input, gradient of the
// weight, as times and as arithmetic rates of a direct convolution.

#include "asyndgan/kernels/conv2d.hpp"

#include <cstdio>
#include <string>
#include <vector>

#include "asyndgan/core/tensor.hpp"
#include "support/benchmark.hpp"

namespace asyndgan {
namespace {

using kernels::ConvGeometry;
using kernels::PaddingMode;

struct Case {
  std::string name;
  Shape input;
  int filters;
  ConvGeometry g;
};

constexpr ConvGeometry kEdge{.kernel = 7, .padding = 3, .mode = PaddingMode::reflect};
constexpr ConvGeometry kBlock{.kernel = 3, .padding = 1, .mode = PaddingMode::reflect};
constexpr ConvGeometry kDown{.kernel = 3, .stride = 2, .padding = 1};
constexpr ConvGeometry kPatch{.kernel = 4, .stride = 2, .padding = 1};
constexpr ConvGeometry kPatchEnd{.kernel = 4, .padding = 1};

// A transposed convolution is the gradient of a convolution's input: its forward is BD, its BD F.
const std::vector<Case> kCases = {
    {"resnet256 7x7 3->64", {1, 3, 256, 256}, 64, kEdge},
    {"resnet256 3x3s2 64->128", {1, 64, 256, 256}, 128, kDown},
    {"resnet256 3x3s2 128->256", {1, 128, 128, 128}, 256, kDown},
    {"resnet256 3x3 256->256", {1, 256, 64, 64}, 256, kBlock},
    {"resnet256 7x7 64->3", {1, 64, 256, 256}, 3, kEdge},
    {"patch256 4x4s2 6->64", {1, 6, 256, 256}, 64, kPatch},
    {"patch256 4x4s2 64->128", {1, 64, 128, 128}, 128, kPatch},
    {"patch256 4x4s2 128->256", {1, 128, 64, 64}, 256, kPatch},
    {"patch256 4x4 256->512", {1, 256, 32, 32}, 512, kPatchEnd},
    {"patch256 4x4 512->1", {1, 512, 31, 31}, 1, kPatchEnd},
    {"unet256 4x4s2 512->512 @16", {1, 512, 16, 16}, 512, kPatch},
    {"unet256 4x4s2 512->512 @4", {1, 512, 4, 4}, 512, kPatch},
    {"unet256 4x4s2 512->512 @2", {1, 512, 2, 2}, 512, kPatch},
    {"main job 7x7 10->16", {4, 10, 64, 64}, 16, kEdge},
    {"main job 3x3s2 16->32", {4, 16, 64, 64}, 32, kDown},
    {"main job 3x3 64->64", {4, 64, 16, 16}, 64, kBlock},
    {"main job 7x7 16->1", {4, 16, 64, 64}, 1, kEdge},
    {"main job 4x4s2 10->32", {4, 10, 64, 64}, 32, kPatch},
    {"main job 4x4s2 32->64", {4, 32, 32, 32}, 64, kPatch},
    {"main job 4x4 64->128", {4, 64, 16, 16}, 128, kPatchEnd},
    {"main job 4x4 128->1", {4, 128, 15, 15}, 1, kPatchEnd},
    {"main job 3x3 16->16 @64", {8, 16, 64, 64}, 16, {.kernel = 3, .padding = 1}},
    {"main job 3x3 64->64 @16", {8, 64, 16, 16}, 64, {.kernel = 3, .padding = 1}},
};

Tensor<float> filled(const Shape& shape) {
  Tensor<float> tensor(shape);
  float value = -1;
  for (float& x : tensor.values()) {
    x = value;
    value = value > 1 ? -1.0F : value + 0.0371F;
  }
  return tensor;
}

void run_case(const Case& c, const benchmark::Arguments& arguments, telemetry::Rows& rows) {
  const double seconds = arguments.seconds / 3;
  const auto input = filled(c.input);
  const auto weight = filled({c.filters, c.input.c, c.g.kernel, c.g.kernel});
  const auto d_output = filled(kernels::conv2d_shape(c.input, c.filters, c.g));
  auto output = d_output;
  auto d_input = input;
  auto d_weight = weight;
  const double operations = 2.0 * static_cast<double>(d_output.shape().size()) *
                            static_cast<double>(weight.shape().image());
  const Tensor<float> no_bias;
  const std::vector<std::pair<const char*, benchmark::Timing>> timings = {
      {"forward", benchmark::measure(arguments, seconds,
                                     [&] { conv2d_forward(input, weight, no_bias, c.g, output); })},
      {"backward input",
       benchmark::measure(arguments, seconds,
                          [&] { conv2d_backward_input(d_output, weight, c.g, d_input); })},
      {"backward weight", benchmark::measure(arguments, seconds, [&] {
         conv2d_backward_weight(input, d_output, c.g, d_weight);
       })}};
  std::printf("%-28s", c.name.c_str());
  for (const auto& [metric, timing] : timings) {
    std::printf(" %9.3f %6.1f", timing.median * 1e3, operations / timing.median * 1e-9);
    rows.rows.push_back({c.name, metric, timing.median, "s"});
    rows.rows.push_back({c.name, std::string(metric) + " rate", operations / timing.median, "1/s"});
  }
  std::printf("\n");
  std::fflush(stdout);
}

telemetry::Rows run_all(const benchmark::Arguments& arguments) {
  telemetry::Rows rows{"kernels", telemetry::this_machine(), {}};
  std::printf("%-28s %16s %16s %16s\n", "", "F ms GFLOP/s", "BD ms GFLOP/s", "BW ms GFLOP/s");
  for (const Case& c : kCases) {
    if (!benchmark::selected(arguments, c.name)) continue;
    if (arguments.list) {
      std::printf("%s\n", c.name.c_str());
    } else {
      run_case(c, arguments, rows);
    }
  }
  return rows;
}

}  // namespace
}  // namespace asyndgan

int main(int count, char** values) {
  return asyndgan::benchmark::run(count, values, asyndgan::run_all);
}
