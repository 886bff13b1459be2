// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "asyndgan/kernels/conv2d.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::test {

/// A convolution for the tests of the fast kernels.
struct ConvCase {
  Shape input;
  int filters;
  kernels::ConvGeometry g;
};

[[nodiscard]] inline std::string to_string(const ConvCase& c) {
  return "input " + asyndgan::to_string(c.input) + ", filters " + std::to_string(c.filters) +
         ", kernel " + std::to_string(c.g.kernel) + ", stride " + std::to_string(c.g.stride) +
         ", padding " + std::to_string(c.g.padding) + ", dilation " + std::to_string(c.g.dilation);
}

inline constexpr auto kReflect = kernels::PaddingMode::reflect;

/// Every kind of cut: one panel of rows and many, thin outputs, several channel blocks, strips of
/// rows and of images, all phases of strides 1 to 4.
inline const std::vector<ConvCase> kDirectCases = {
    {{1, 1, 1, 1}, 1, {.kernel = 1}},
    {{2, 3, 5, 7}, 5, {.kernel = 3, .padding = 1}},
    {{5, 17, 9, 6}, 3, {.kernel = 3, .stride = 2, .padding = 1}},
    {{3, 5, 11, 13}, 17, {.kernel = 4, .stride = 2, .padding = 1}},
    {{1, 40, 12, 10}, 31, {.kernel = 3, .padding = 1, .mode = kReflect}},
    {{4, 3, 8, 9}, 13, {.kernel = 7, .padding = 3, .mode = kReflect}},
    {{2, 1, 37, 41}, 24, {.kernel = 7, .padding = 3, .mode = kReflect}},
    {{2, 17, 33, 29}, 1, {.kernel = 7, .padding = 3, .mode = kReflect}},
    {{4, 20, 5, 5}, 8, {.kernel = 4, .padding = 1}},
    {{2, 5, 9, 9}, 7, {.kernel = 3, .stride = 3, .padding = 4, .dilation = 2}},
    {{2, 3, 17, 15}, 2, {.kernel = 5, .stride = 4, .padding = 2, .dilation = 3, .mode = kReflect}},
    {{3, 4, 7, 8}, 6, {.kernel = 1, .stride = 3}},
    {{2, 3, 6, 5}, 4, {.kernel = 2, .stride = 2, .padding = 3}},
    {{5, 130, 3, 2}, 31, {.kernel = 1}},
    {{1, 3, 70, 90}, 24, {.kernel = 3, .padding = 1}},
    {{2, 8, 41, 43}, 60, {.kernel = 4, .stride = 2, .padding = 1, .mode = kReflect}},
};

/// In tiles by row, by image and by batch: blocks of channels in part, rows and columns of tiles in
/// part, images that share a chunk, several chunks, paddings that the window does not need, lines
/// that no window reads.
inline const std::vector<ConvCase> kTiledCases = {
    {{1, 32, 20, 24}, 32, {.kernel = 3, .padding = 1}},
    {{2, 33, 13, 17}, 35, {.kernel = 3, .padding = 1, .mode = kReflect}},
    {{5, 32, 30, 29}, 33, {.kernel = 3, .padding = 1, .mode = kReflect}},
    {{1, 36, 27, 25}, 37, {.kernel = 3}},
    {{1, 34, 9, 60}, 40, {.kernel = 3, .padding = 3}},
    {{3, 33, 23, 24}, 33, {.kernel = 4, .stride = 2, .padding = 1}},
    {{1, 36, 47, 45}, 37, {.kernel = 4, .stride = 2, .padding = 3, .mode = kReflect}},
    {{2, 33, 33, 40}, 34, {.kernel = 4, .stride = 2}},
    {{2, 34, 21, 19}, 35, {.kernel = 4, .padding = 1}},
    {{2, 34, 42, 39}, 35, {.kernel = 3, .stride = 2, .padding = 1}},
    {{1, 34, 41, 40}, 32, {.kernel = 3, .stride = 2, .padding = 2, .mode = kReflect}},
    {{3, 64, 16, 15}, 128, {.kernel = 4, .padding = 2, .mode = kReflect}},
    {{16, 34, 4, 3}, 33, {.kernel = 3, .padding = 1}},  // of one tile an image
    // Of one pixel an image.
    {{16, 33, 1, 1}, 34, {.kernel = 3, .padding = 1}},
    {{24, 34, 4, 4}, 33, {.kernel = 4}},
    {{24, 33, 2, 2}, 35, {.kernel = 4, .stride = 2, .padding = 1}},
    {{25, 33, 2, 1}, 32, {.kernel = 3, .stride = 2, .padding = 1}},
    // Of few channels: chunks of one thread.
    {{5, 16, 31, 40}, 17, {.kernel = 3, .padding = 1, .mode = kReflect}},
    {{2, 17, 67, 30}, 16, {.kernel = 4, .padding = 2}},
    {{4, 16, 63, 66}, 18, {.kernel = 4, .stride = 2, .padding = 1}},
    {{1, 16, 33, 226}, 16, {.kernel = 3, .padding = 2, .mode = kReflect}},  // of one row
};

inline const std::vector<ConvCase> kFewPixelsCases = {
    {{3, 48, 7, 6}, 35, {.kernel = 3, .padding = 1}},
    {{1, 32, 9, 9}, 64, {.kernel = 4, .stride = 2, .padding = 1, .mode = kReflect}},
    {{2, 32, 9, 8}, 40, {.kernel = 3, .padding = 1, .dilation = 2}},
    {{1, 64, 2, 2}, 33, {.kernel = 4, .stride = 2, .padding = 1}},
    {{5, 48, 4, 4}, 70, {.kernel = 1}},
    {{1, 300, 2, 2}, 50, {.kernel = 4, .stride = 2, .padding = 1}},
    {{4, 20, 17, 18}, 17, {.kernel = 2, .stride = 2}},  // not so few, but their windows are apart
};

/// All of the above.
[[nodiscard]] inline std::vector<ConvCase> conv_cases() {
  std::vector<ConvCase> all = kDirectCases;
  all.insert(all.end(), kTiledCases.begin(), kTiledCases.end());
  all.insert(all.end(), kFewPixelsCases.begin(), kFewPixelsCases.end());
  return all;
}

/// Root mean square of a - b over that of b; infinity where a value is no number.
template <class T, class U>
[[nodiscard]] double rms_error(const Tensor<T>& actual, const Tensor<U>& expected) {
  double squares = 0;
  double scale = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const auto value = static_cast<double>(actual.data()[i]);
    if (!std::isfinite(value)) return INFINITY;
    const auto truth = static_cast<double>(expected.data()[i]);
    squares += (value - truth) * (value - truth);
    scale += truth * truth;
  }
  return scale > 0 ? std::sqrt(squares / scale) : std::sqrt(squares);
}

template <class T, class U>
[[nodiscard]] Tensor<T> converted(const Tensor<U>& from) {
  const std::vector<T> values(from.values().begin(), from.values().end());
  return Tensor<T>::from_host(from.shape(), values);
}

/// What a training pass computes of one layer.
template <class T>
struct ConvResults {
  Tensor<T> output;
  Tensor<T> d_input;
  Tensor<T> d_weight;
  Tensor<T> d_bias;
};

/// By `Kernel`, of random numbers: the same in both precisions, as they have 24 bits.
template <class Kernel, std::floating_point T>
[[nodiscard]] ConvResults<T> convolve(const ConvCase& c) {
  std::uint64_t seed = 1;
  const auto random = [&](const Shape& shape) {
    return converted<T>(uniform<float>(shape, seed++));
  };
  const auto dirty = [](const Shape& shape) {  // a kernel must write every element
    Tensor<T> tensor(shape);
    for (T& value : tensor.values()) value = static_cast<T>(NAN);
    return tensor;
  };
  const auto input = random(c.input);
  const auto weight = random({c.filters, c.input.c, c.g.kernel, c.g.kernel});
  const auto bias = random({1, c.filters, 1, 1});
  const auto d_output = random(kernels::conv2d_shape(c.input, c.filters, c.g));
  ConvResults<T> results{dirty(d_output.shape()), dirty(input.shape()), Tensor<T>(weight.shape()),
                         Tensor<T>(bias.shape())};
  Kernel::forward(input, weight, bias, c.g, results.output);
  Kernel::backward_input(d_output, weight, Tensor<T>(), c.g, results.d_input);
  Kernel::backward_weight(input, d_output, c.g, results.d_weight);
  Kernel::backward_bias(d_output, results.d_bias);
  return results;
}

/// Every result within `tolerance` of the expected one.
template <class T, class U>
void check_errors(const ConvResults<T>& actual, const ConvResults<U>& expected, double tolerance) {
  CHECK(rms_error(actual.output, expected.output) < tolerance);
  CHECK(rms_error(actual.d_input, expected.d_input) < tolerance);
  CHECK(rms_error(actual.d_weight, expected.d_weight) < tolerance);
  CHECK(rms_error(actual.d_bias, expected.d_bias) < tolerance);
}

/// Bit for bit.
template <class T>
void check_equal(const ConvResults<T>& actual, const ConvResults<T>& expected) {
  CHECK(actual.output.to_host() == expected.output.to_host());
  CHECK(actual.d_input.to_host() == expected.d_input.to_host());
  CHECK(actual.d_weight.to_host() == expected.d_weight.to_host());
  CHECK(actual.d_bias.to_host() == expected.d_bias.to_host());
}

}  // namespace asyndgan::test
