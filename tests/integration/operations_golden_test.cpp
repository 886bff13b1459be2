// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "asyndgan/layers/activation.hpp"
#include "asyndgan/layers/batch_norm2d.hpp"
#include "asyndgan/layers/conv2d.hpp"
#include "asyndgan/layers/conv_transpose2d.hpp"
#include "asyndgan/layers/instance_norm2d.hpp"
#include "asyndgan/layers/max_pool2d.hpp"
#include "asyndgan/layers/pad2d.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"

namespace asyndgan::layers {
namespace {

using kernels::PaddingMode;
using test::golden::pass_error;
using test::golden::Recording;

/// The errors that the library promises; the measured ones stand beside the tests.
template <class T>
constexpr double kAllowed = sizeof(T) == 8 ? 1e-9 : 1e-4;

// Measured in double and float: 6e-16, 4e-7.
TEMPLATE_TEST_CASE("Conv2d equals PyTorch's", "[integration]", double, float) {
  const Recording recording("operations");
  const auto error = [&](const std::string& name, const typename Conv2d<TestType>::Options& o) {
    return pass_error(recording, "conv2d." + name, Conv2d<TestType>(o), {2, o.in_channels, 11, 8});
  };
  constexpr auto kReflect = PaddingMode::reflect;
  CHECK(error("same", {.in_channels = 2, .out_channels = 3, .padding = 1}) < kAllowed<TestType>);
  CHECK(error("halving",
              {.in_channels = 2, .out_channels = 3, .kernel = 4, .stride = 2, .padding = 1}) <
        kAllowed<TestType>);
  CHECK(error("seven", {.in_channels = 3,
                        .out_channels = 2,
                        .kernel = 7,
                        .padding = 3,
                        .padding_mode = kReflect}) < kAllowed<TestType>);
  CHECK(error("dilated",
              {.in_channels = 2, .out_channels = 2, .padding = 2, .dilation = 2, .bias = false}) <
        kAllowed<TestType>);
  CHECK(error("point", {.in_channels = 5, .out_channels = 4, .kernel = 1}) < kAllowed<TestType>);
  CHECK(error("reflected_stride", {.in_channels = 2,
                                   .out_channels = 2,
                                   .kernel = 5,
                                   .stride = 3,
                                   .padding = 2,
                                   .padding_mode = kReflect}) < kAllowed<TestType>);
  CHECK(pass_error(recording, "conv2d.spectral",
                   Conv2d<TestType>(
                       {.in_channels = 3, .out_channels = 4, .padding = 1, .spectral_norm = true}),
                   {2, 3, 6, 5}) < kAllowed<TestType>);
}

// Measured in double and float: 2e-15, 4e-7.
TEMPLATE_TEST_CASE("ConvTranspose2d equals PyTorch's", "[integration]", double, float) {
  const Recording recording("operations");
  const auto error = [&](const std::string& name,
                         const typename ConvTranspose2d<TestType>::Options& o) {
    return pass_error(recording, "conv_transpose2d." + name, ConvTranspose2d<TestType>(o),
                      {2, o.in_channels, 5, 7});
  };
  CHECK(error("doubling",
              {.in_channels = 3, .out_channels = 2, .kernel = 4, .stride = 2, .padding = 1}) <
        kAllowed<TestType>);
  CHECK(error("resnet", {.in_channels = 3,
                         .out_channels = 2,
                         .kernel = 3,
                         .stride = 2,
                         .padding = 1,
                         .output_padding = 1}) < kAllowed<TestType>);
  CHECK(error("two", {.in_channels = 4, .out_channels = 2, .kernel = 2, .stride = 2}) <
        kAllowed<TestType>);
  CHECK(error("plain", {.in_channels = 2, .out_channels = 3, .bias = false}) < kAllowed<TestType>);
  CHECK(error("three", {.in_channels = 2,
                        .out_channels = 2,
                        .kernel = 5,
                        .stride = 3,
                        .padding = 1,
                        .output_padding = 2}) < kAllowed<TestType>);
}

// Measured in double and float: 4e-16, 1e-7.
TEMPLATE_TEST_CASE("Norms equal PyTorch's, running statistics too", "[integration]", double,
                   float) {
  const Recording recording("operations");
  const Shape shape{2, 3, 5, 7};
  CHECK(pass_error(recording, "batch_norm2d.training", BatchNorm2d<TestType>({.channels = 3}),
                   shape) < kAllowed<TestType>);
  CHECK(pass_error(recording, "batch_norm2d.evaluation", BatchNorm2d<TestType>({.channels = 3}),
                   shape, Pass::evaluation()) < kAllowed<TestType>);
  CHECK(pass_error(recording, "instance_norm2d", InstanceNorm2d<TestType>({.channels = 3}), shape) <
        kAllowed<TestType>);
}

// Measured in double and float: 2e-16, 1e-7.
TEMPLATE_TEST_CASE("Activations equal PyTorch's", "[integration]", double, float) {
  const Recording recording("operations");
  const Shape shape{2, 3, 5, 7};
  CHECK(pass_error(recording, "relu", Relu<TestType>(), shape) < kAllowed<TestType>);
  CHECK(pass_error(recording, "leaky_relu", LeakyRelu<TestType>({.slope = 0.2}), shape) <
        kAllowed<TestType>);
  CHECK(pass_error(recording, "tanh", Tanh<TestType>(), shape) < kAllowed<TestType>);
  CHECK(pass_error(recording, "sigmoid", Sigmoid<TestType>(), shape) < kAllowed<TestType>);
}

// Measured in double and float: 1e-16, 6e-8.
TEMPLATE_TEST_CASE("Padding and pooling equal PyTorch's", "[integration]", double, float) {
  const Recording recording("operations");
  CHECK(pass_error(recording, "pad2d.zero",
                   Pad2d<TestType>({.amount = 2, .mode = PaddingMode::zero}),
                   {2, 2, 5, 4}) < kAllowed<TestType>);
  CHECK(pass_error(recording, "pad2d.reflect",
                   Pad2d<TestType>({.amount = 3, .mode = PaddingMode::reflect}),
                   {2, 2, 5, 4}) < kAllowed<TestType>);
  CHECK(pass_error(recording, "max_pool2d.two", MaxPool2d<TestType>({.kernel = 2, .stride = 2}),
                   {2, 2, 7, 6}) < kAllowed<TestType>);
  CHECK(pass_error(recording, "max_pool2d.overlapping",
                   MaxPool2d<TestType>({.kernel = 3, .stride = 2}),
                   {2, 2, 7, 6}) < kAllowed<TestType>);
}

}  // namespace
}  // namespace asyndgan::layers
