// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/data/slices.hpp"

namespace asyndgan::data {

/// What phantom() draws. Two sites differ in contrast, bias field and noise, as scanners do.
struct PhantomOptions {
  int count = 8;
  int height = 32;  // pixels
  int width = 32;
  int channels = 1;
  int classes = 4;  // background, body, and classes - 2 organs inside the body
  std::uint64_t seed = 0;
  std::uint32_t site = 1;
};

namespace detail {

/// How a site's scanner renders tissue. Drawn once per (seed, site).
struct PhantomLook {
  explicit PhantomLook(const PhantomOptions& options) {
    random::Sequence draw(
        {.seed = options.seed, .site = options.site, .purpose = random::Purpose::phantom});
    gamma = draw.uniform(0.7, 1.4);
    noise = draw.uniform(0.02, 0.06);
    bias = draw.uniform(0.0, 0.25);
    bias_angle = draw.uniform(0.0, 2 * std::numbers::pi);
  }

  /// Intensity in [0, 1] of a class; distinct classes differ in every channel, by the golden
  /// ratio's multiples, which spread evenly for any number of classes.
  [[nodiscard]] double intensity(int label, int channel) const {
    if (label == 0) return 0;
    const double spread = label / std::numbers::phi + 0.37 * channel;
    return std::pow(0.25 + 0.7 * (spread - std::floor(spread)), gamma);
  }

  double gamma = 1;
  double noise = 0;       // standard deviation, of the full range of 1
  double bias = 0;        // relative change of intensity from the centre to the edge
  double bias_angle = 0;  // radians
};

/// An ellipse in units of the image's extents: centre (0, 0), edges at +-0.5.
struct PhantomEllipse {
  double y = 0;
  double x = 0;
  double radius_y = 0;
  double radius_x = 0;

  [[nodiscard]] bool contains(double at_y, double at_x) const {
    const double a = (at_y - y) / radius_y;
    const double b = (at_x - x) / radius_x;
    return a * a + b * b <= 1;
  }
};

/// Ellipse k - 1 is class k: the body, then the organs, on a ring about its centre with room
/// for each, so that none hides another.
inline std::vector<PhantomEllipse> phantom_anatomy(int classes, random::Sequence& draw) {
  std::vector<PhantomEllipse> ellipses;
  const PhantomEllipse body{draw.uniform(-0.03, 0.03), draw.uniform(-0.03, 0.03),
                            draw.uniform(0.38, 0.46), draw.uniform(0.38, 0.46)};
  ellipses.push_back(body);
  const int organs = classes - 2;
  const double turn = draw.uniform(-0.3, 0.3);
  for (int k = 0; k < organs; ++k) {
    constexpr double kRing = 0.21;
    const double angle = turn + 2 * std::numbers::pi * k / organs;
    const double room = std::min(0.14, kRing * std::sin(std::numbers::pi / std::max(2, organs)));
    ellipses.push_back({body.y + kRing * std::sin(angle), body.x + kRing * std::cos(angle),
                        room * draw.uniform(0.7, 1.0), room * draw.uniform(0.7, 1.0)});
  }
  return ellipses;
}

}  // namespace detail

/// Synthetic labelled slices for tests and first steps: a body with organs, both ellipses.
///
/// Requires  count >= 0, extents and channels >= 1, 2 <= classes <= 256.
/// Ensures   image i depends on (seed, site, i), size, channels and classes alone, for any
///           count; intensities in [-1, 1], background near -1; with at most 8 classes and
///           both extents of at least 24 every class occurs in every image; 1 mm pixels;
///           channels are named "c0", "c1", ...
/// Errors    ContractViolation.
[[nodiscard]] inline Slices phantom(const PhantomOptions& options) {
  if (options.count < 0 || options.height < 1 || options.width < 1 || options.channels < 1 ||
      options.classes < 2 || options.classes > 256) {
    throw ContractViolation("phantom: " + std::to_string(options.count) + " images of " +
                            std::to_string(options.height) + "x" + std::to_string(options.width) +
                            " with " + std::to_string(options.channels) + " channels and " +
                            std::to_string(options.classes) + " classes");
  }
  const detail::PhantomLook look(options);
  const Shape shape{options.count, options.channels, options.height, options.width};
  Slices slices{.images = Tensor<float>::uninitialized(shape),
                .labels = LabelMap(shape.n, shape.h, shape.w),
                .info = {},
                .classes = options.classes,
                .channels = {}};
  for (int c = 0; c < shape.c; ++c) slices.channels.push_back("c" + std::to_string(c));

  for (int i = 0; i < shape.n; ++i) {
    const auto step = static_cast<std::uint32_t>(2 * i);  // 0 of this stream is the look
    random::Key key{
        .seed = options.seed, .site = options.site, .purpose = random::Purpose::phantom};
    key.step = step + 1;
    random::Sequence draw(key);
    key.step = step + 2;
    const random::Stream noise(key);
    const auto ellipses = detail::phantom_anatomy(options.classes, draw);
    for (int y = 0; y < shape.h; ++y) {
      for (int x = 0; x < shape.w; ++x) {
        const double v = (y + 0.5) / shape.h - 0.5;
        const double u = (x + 0.5) / shape.w - 0.5;
        int label = 0;
        for (std::size_t k = 0; k < ellipses.size(); ++k) {
          if (ellipses[k].contains(v, u)) label = static_cast<int>(k) + 1;
        }
        slices.labels.at(i, y, x) = static_cast<std::uint8_t>(label);
        const double bias =
            1 + 2 * look.bias * (v * std::sin(look.bias_angle) + u * std::cos(look.bias_angle));
        for (int c = 0; c < shape.c; ++c) {
          const auto number = static_cast<std::uint64_t>(c) * shape.plane() +
                              static_cast<std::uint64_t>(y * shape.w + x);
          const double value =
              bias * look.intensity(label, c) + look.noise * std::abs(noise.normal(number));
          slices.images(i, c, y, x) = static_cast<float>(2 * std::clamp(value, 0.0, 1.0) - 1);
        }
      }
    }
    slices.info.push_back({"phantom-" + std::to_string(options.site) + "-" + std::to_string(i), 0});
  }
  return slices;
}

}  // namespace asyndgan::data
