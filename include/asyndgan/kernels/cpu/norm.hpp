// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/kernels/cpu/vector_ops.hpp"
#include "asyndgan/kernels/norm.hpp"

namespace asyndgan::kernels {

/// A group (one plane, or a channel's planes of the batch) goes through all its passes on one
/// thread while it is in that thread's cache; groups run in parallel.
template <std::floating_point T>
struct NormKernel<T, Cpu> {
  using Array = Tensor<T, Cpu>;

  static void forward(const Array& input, const NormOptions<T, Cpu>& options,
                      Moments<T, Cpu>& moments, Array& output) {
    for_each_group(input.shape(), moments, [&](const Group& group) {
      const cpu::VectorOps<T>& ops = cpu::vector_ops<T>();
      double total = 0;
      group.for_each_plane(
          [&](std::size_t at) { total += ops.sum(group.plane, input.data() + at); });
      const double mean = total / group.pixels;
      const T center = static_cast<T>(mean);
      double squares = 0;
      group.for_each_plane([&](std::size_t at) {
        squares += ops.sum_squares(group.plane, input.data() + at, center);
      });
      // The mean was rounded to T: what it lost is taken off the variance.
      const double lost = mean - static_cast<double>(center);
      const double variance = squares / group.pixels - lost * lost;
      moments.mean.data()[group.index] = center;
      moments.variance.data()[group.index] = static_cast<T>(variance > 0 ? variance : 0);
      apply_group(group, input, options, moments, output);
    });
  }

  static void apply(const Array& input, const NormOptions<T, Cpu>& options,
                    const Moments<T, Cpu>& moments, Array& output) {
    for_each_group(input.shape(), moments, [&](const Group& group) {
      apply_group(group, input, options, moments, output);
    });
  }

  static void backward(const Array& d_output, const Array& input,
                       const NormOptions<T, Cpu>& options, const Moments<T, Cpu>& moments,
                       const NormGradients<T, Cpu>& gradients) {
    run_backward(d_output, input, options, moments, gradients, /*fixed=*/false);
  }

  static void backward_fixed(const Array& d_output, const Array& input,
                             const NormOptions<T, Cpu>& options, const Moments<T, Cpu>& moments,
                             const NormGradients<T, Cpu>& gradients) {
    run_backward(d_output, input, options, moments, gradients, /*fixed=*/true);
  }

 private:
  /// The planes of one pair of moments.
  struct Group {
    std::size_t index;    // of the moments
    std::size_t channel;  // C
    std::size_t first;    // element of the first plane
    std::size_t planes;   // as many, one image apart
    std::size_t plane;    // elements of a plane
    std::size_t image;    // elements between planes
    double pixels;        // of all planes

    /// Visits the first element of every plane.
    template <class F>
    void for_each_plane(const F& visit) const {
      for (std::size_t p = 0; p < planes; ++p) visit(first + p * image);
    }
  };

  template <class F>
  static void for_each_group(const Shape& shape, const Moments<T, Cpu>& moments, const F& visit) {
    const auto channels = static_cast<std::size_t>(shape.c);
    const bool whole_batch = moments.mean.shape().n == 1;
    parallel_for(moments.mean.size(), [&](std::size_t index) {
      const std::size_t planes = whole_batch ? static_cast<std::size_t>(shape.n) : 1;
      visit(Group{.index = index,
                  .channel = index % channels,
                  .first = index * shape.plane(),
                  .planes = planes,
                  .plane = shape.plane(),
                  .image = shape.image(),
                  .pixels = static_cast<double>(planes) * static_cast<double>(shape.plane())});
    });
  }

  [[nodiscard]] static cpu::NormMap<T> map_of(const Group& group,
                                              const NormOptions<T, Cpu>& options,
                                              const Moments<T, Cpu>& moments) {
    const Affine<T, Cpu>& affine = options.affine;
    const double weight =
        affine.weight ? static_cast<double>(affine.weight->data()[group.channel]) : 1.0;
    return {.center = moments.mean.data()[group.index],
            .scale = static_cast<T>(inverse_deviation(group, options, moments) * weight),
            .bias = affine.bias ? affine.bias->data()[group.channel] : T(0),
            .slope = static_cast<T>(options.slope)};
  }

  [[nodiscard]] static double inverse_deviation(const Group& group,
                                                const NormOptions<T, Cpu>& options,
                                                const Moments<T, Cpu>& moments) {
    return 1 /
           std::sqrt(static_cast<double>(moments.variance.data()[group.index]) + options.epsilon);
  }

  static void apply_group(const Group& group, const Array& input,
                          const NormOptions<T, Cpu>& options, const Moments<T, Cpu>& moments,
                          Array& output) {
    const cpu::NormMap<T> map = map_of(group, options, moments);
    group.for_each_plane([&](std::size_t at) {
      cpu::vector_ops<T>().normalize(group.plane, map, input.data() + at, output.data() + at);
    });
  }

  static void run_backward(const Array& d_output, const Array& input,
                           const NormOptions<T, Cpu>& options, const Moments<T, Cpu>& moments,
                           const NormGradients<T, Cpu>& gradients, bool fixed) {
    const bool parameters = gradients.d_weight != nullptr;
    const bool sums_needed = parameters || !fixed;
    const cpu::VectorOps<T>& ops = cpu::vector_ops<T>();
    for_each_group(input.shape(), moments, [&](const Group& group) {
      const cpu::NormMap<T> map = map_of(group, options, moments);
      const double inverse = inverse_deviation(group, options, moments);
      double sum_g = 0;
      double sum_g_x = 0;  // with x normalised
      group.for_each_plane([&](std::size_t at) {
        if (!sums_needed) return;
        const auto sums =
            ops.gradient_sums(group.plane, map, d_output.data() + at, input.data() + at);
        sum_g += sums.g;
        sum_g_x += sums.g_offset * inverse;
      });
      if (parameters) {
        gradients.d_weight->data()[group.channel] += static_cast<T>(sum_g_x);
        gradients.d_bias->data()[group.channel] += static_cast<T>(sum_g);
      }
      if (gradients.d_input == nullptr) return;
      const T mean = fixed ? T(0) : static_cast<T>(sum_g / group.pixels);
      const T spread = fixed ? T(0) : static_cast<T>(sum_g_x / group.pixels * inverse);
      group.for_each_plane([&](std::size_t at) {
        ops.norm_gradient(group.plane, map, d_output.data() + at, input.data() + at, mean, spread,
                          gradients.d_input->data() + at);
      });
    });
  }
};

}  // namespace asyndgan::kernels
