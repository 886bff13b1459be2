// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "asyndgan/core/parallel.hpp"
#include "asyndgan/kernels/cpu/blocks.hpp"
#include "asyndgan/kernels/cpu/vector_ops.hpp"
#include "asyndgan/kernels/segmentation.hpp"

namespace asyndgan::kernels {

/// Strips of pixels, class by class: in NCHW the classes of a pixel are a plane apart, its
/// neighbours side by side, so the inner loops run over pixels.
template <std::floating_point T>
struct SegmentationKernel<T, Cpu> {
  using Array = Tensor<T, Cpu>;

  static void softmax(const Array& logits, Array& probabilities) {
    for_each_strip(logits.shape(), [&](const Strip& strip) {
      Row largest;
      Row sums;
      exponentials(strip, logits, probabilities, largest, sums);
      strip.for_each_class([&](std::size_t first, std::size_t /*k*/) {
        T* const p = probabilities.data() + first;
        for (std::size_t i = 0; i < strip.size; ++i) p[i] /= sums[i];
      });
    });
  }

  static double cross_entropy(const Array& logits, const LabelMap& labels,
                              std::span<const double> weights, Array& d_logits) {
    std::vector<double> totals(strip_count(logits.shape()));
    for_each_strip(logits.shape(), [&](const Strip& strip) {
      Row largest;
      Row sums;
      exponentials(strip, logits, d_logits, largest, sums);
      const std::uint8_t* const label = labels.labels.data() + strip.pixel;
      double total = 0;
      for (std::size_t i = 0; i < strip.size; ++i) {
        const T z = logits.data()[strip.first + label[i] * strip.plane + i];
        total += weights[label[i]] *
                 (std::log(static_cast<double>(sums[i])) + static_cast<double>(largest[i] - z));
      }
      strip.for_each_class([&](std::size_t first, std::size_t k) {
        T* const d = d_logits.data() + first;
        for (std::size_t i = 0; i < strip.size; ++i) {
          const T p = d[i] / sums[i];
          d[i] = static_cast<T>(weights[label[i]]) * (label[i] == k ? p - 1 : p);
        }
      });
      totals[strip.index] = total;
    });
    return std::accumulate(totals.begin(), totals.end(), 0.0);
  }

  static std::vector<ClassOverlap> class_overlap(const Array& probabilities,
                                                 const LabelMap& labels) {
    const Shape& shape = probabilities.shape();
    const auto classes = static_cast<std::size_t>(shape.c);
    std::vector<ClassOverlap> planes(static_cast<std::size_t>(shape.n) * classes);
    parallel_for(planes.size(), [&](std::size_t index) {
      const std::size_t k = index % classes;
      const std::uint8_t* const label = labels.labels.data() + index / classes * shape.plane();
      const T* const p = probabilities.data() + index * shape.plane();
      const auto is_class = [=](std::size_t i) { return label[i] == k ? T(1) : T(0); };
      planes[index] = {
          cpu::sum<T>(0, shape.plane(), [=](std::size_t i) { return is_class(i) * p[i]; }),
          cpu::sum<T>(0, shape.plane(), [=](std::size_t i) { return p[i]; }),
          cpu::sum<T>(0, shape.plane(), is_class)};
    });
    std::vector<ClassOverlap> overlap(classes);
    for (std::size_t index = 0; index < planes.size(); ++index) {
      overlap[index % classes].common += planes[index].common;
      overlap[index % classes].predicted += planes[index].predicted;
      overlap[index % classes].labelled += planes[index].labelled;
    }
    return overlap;
  }

  /// With q = dL/dp: dL/dz_k = p_k (q_k - sum over j of p_j q_j).
  static void overlap_backward(const Array& probabilities, const LabelMap& labels,
                               std::span<const double> inside, std::span<const double> outside,
                               Array& d_logits) {
    for_each_strip(probabilities.shape(), [&](const Strip& strip) {
      const std::uint8_t* const label = labels.labels.data() + strip.pixel;
      Row sums;
      std::fill_n(sums.begin(), strip.size, T(0));
      const auto slope = [&](std::size_t i, std::size_t k) {
        return static_cast<T>(label[i] == k ? inside[k] : outside[k]);
      };
      strip.for_each_class([&](std::size_t first, std::size_t k) {
        const T* const p = probabilities.data() + first;
        for (std::size_t i = 0; i < strip.size; ++i) sums[i] += p[i] * slope(i, k);
      });
      strip.for_each_class([&](std::size_t first, std::size_t k) {
        const T* const p = probabilities.data() + first;
        T* const d = d_logits.data() + first;
        for (std::size_t i = 0; i < strip.size; ++i) d[i] = p[i] * (slope(i, k) - sums[i]);
      });
    });
  }

 private:
  static constexpr std::size_t kStrip = 512;  // two rows of it and a few classes fit 32 KiB
  using Row = std::array<T, kStrip>;

  /// Consecutive pixels of one image.
  struct Strip {
    std::size_t index;    // of the strip
    std::size_t first;    // element of its first pixel, class 0
    std::size_t pixel;    // of its first pixel in a label map
    std::size_t size;     // pixels
    std::size_t plane;    // elements between classes
    std::size_t classes;  // K

    template <class F>
    void for_each_class(const F& visit) const {
      for (std::size_t k = 0; k < classes; ++k) visit(first + k * plane, k);
    }
  };

  [[nodiscard]] static std::size_t strips_per_image(const Shape& shape) {
    return (shape.plane() + kStrip - 1) / kStrip;
  }
  [[nodiscard]] static std::size_t strip_count(const Shape& shape) {
    return static_cast<std::size_t>(shape.n) * strips_per_image(shape);
  }

  template <class F>
  static void for_each_strip(const Shape& shape, const F& visit) {
    const std::size_t per_image = strips_per_image(shape);
    parallel_for(strip_count(shape), [&](std::size_t index) {
      const std::size_t n = index / per_image;
      const std::size_t begin = index % per_image * kStrip;
      visit(Strip{.index = index,
                  .first = n * shape.image() + begin,
                  .pixel = n * shape.plane() + begin,
                  .size = std::min(kStrip, shape.plane() - begin),
                  .plane = shape.plane(),
                  .classes = static_cast<std::size_t>(shape.c)});
    });
  }

  /// e^(z - max z) of every class and pixel of the strip, the maxima, and the sums over classes.
  static void exponentials(const Strip& strip, const Array& logits, Array& exponentials,
                           Row& largest, Row& sums) {
    std::copy_n(logits.data() + strip.first, strip.size, largest.begin());
    strip.for_each_class([&](std::size_t first, std::size_t /*k*/) {
      const T* const z = logits.data() + first;
      for (std::size_t i = 0; i < strip.size; ++i) largest[i] = std::max(largest[i], z[i]);
    });
    std::fill_n(sums.begin(), strip.size, T(0));
    strip.for_each_class([&](std::size_t first, std::size_t /*k*/) {
      const T* const z = logits.data() + first;
      T* const e = exponentials.data() + first;
      cpu::vector_ops<T>().exponentials(strip.size, z, largest.data(), e, sums.data());
    });
  }
};

}  // namespace asyndgan::kernels
