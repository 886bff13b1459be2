// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/cpu/conv2d.hpp"

#include "kernels/conv2d_cases.hpp"
#include "support/catch.hpp"
#include "support/convolutions.hpp"

namespace asyndgan::kernels {
namespace {

/// Against products in double, which conv2d_cpu_test.cpp holds to the definition. Errors grow with
/// the channels that are summed over; the project promises 1e-5.
void check_layer(const std::string& name, const test::ConvCase& c) {
  INFO(name);
  test::check_errors(test::convolve<Conv2dKernel<float, Cpu>, float>(c),
                     test::convolve<cpu::DirectConv2d<double>, double>(c), 1e-5);
}

// The largest measured: 6.4e-6, of 4x4 256->512 on the way back. With -s they are all printed.
TEST_CASE("The fast convolution computes the definition at the sizes of the networks",
          "[kernels]") {
  for (const benchmark::Convolution& layer : benchmark::convolutions()) {
    check_layer(layer.name, {layer.input, layer.filters, layer.g});
  }
}

// As many channels as a network here sums over in each kind of tile: 6.2e-6 measured.
TEST_CASE("The fast convolution computes the definition of the widest layers", "[kernels]") {
  check_layer("VGG16 3x3 512->512", {{1, 512, 28, 28}, 512, {.kernel = 3, .padding = 1}});
  check_layer("patch of 4 layers 4x4 512->512",
              {{2, 512, 16, 16}, 512, {.kernel = 4, .padding = 1}});
}

}  // namespace
}  // namespace asyndgan::kernels
