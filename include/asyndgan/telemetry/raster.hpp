// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/tensor.hpp"

namespace asyndgan::telemetry {

/// An 8-bit picture, row after row from the top, channels of a pixel side by side.
struct Raster {
  int width = 0;
  int height = 0;
  int channels = 1;                  // 1 grey, 3 red, green, blue
  std::vector<std::uint8_t> pixels;  // height * width * channels
};

struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;

  friend bool operator==(const Colour&, const Colour&) = default;
};

/// "#0072b2"
[[nodiscard]] inline std::string hex(const Colour& colour) {
  constexpr std::array kDigits = {'0', '1', '2', '3', '4', '5', '6', '7',
                                  '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'};
  std::string text = "#";
  for (const std::uint8_t part : {colour.red, colour.green, colour.blue}) {
    text += kDigits[part >> 4U];
    text += kDigits[part & 15U];
  }
  return text;
}

/// Colour of class `label` in pictures of label maps. The first eight foreground classes stay
/// apart for readers who do not see all colours; from 13 on they repeat, darker.
/// Source  Okabe & Ito 2008, "Color universal design"; 9 to 12 are added tints.
[[nodiscard]] inline Colour class_colour(int label) {
  constexpr std::array<Colour, 12> kColours = {{{86, 180, 233},
                                                {140, 140, 146},
                                                {240, 240, 236},
                                                {0, 114, 178},
                                                {0, 158, 115},
                                                {240, 228, 66},
                                                {204, 121, 167},
                                                {213, 94, 0},
                                                {230, 159, 0},
                                                {117, 92, 175},
                                                {122, 201, 161},
                                                {150, 90, 60}}};
  if (label <= 0) return {16, 18, 22};
  const auto index = static_cast<std::size_t>(label - 1);
  Colour colour = kColours[index % kColours.size()];
  for (std::size_t round = index / kColours.size(); round > 0; --round) {
    for (auto* part : {&colour.red, &colour.green, &colour.blue}) {
      *part = static_cast<std::uint8_t>(*part * 3 / 5);
    }
  }
  return colour;
}

/// Image `n` of `images` as grey, or as colour if it has three channels and `channel` is
/// negative. [-1, 1] becomes [0, 255]; values outside are clipped, NaN is black.
/// Throws ShapeError if there is no such image or channel.
[[nodiscard]] inline Raster raster(const Tensor<float>& images, int n, int channel = 0) {
  const Shape& shape = images.shape();
  const bool colour = channel < 0;
  if (n < 0 || n >= shape.n || (colour ? shape.c != 3 : channel >= shape.c)) {
    throw ShapeError("raster: no image " + std::to_string(n) + ", channel " +
                     std::to_string(channel) + " in " + to_string(shape));
  }
  Raster picture{shape.w, shape.h, colour ? 3 : 1, {}};
  picture.pixels.reserve(shape.plane() * static_cast<std::size_t>(picture.channels));
  for (int y = 0; y < shape.h; ++y) {
    for (int x = 0; x < shape.w; ++x) {
      for (int c = 0; c < picture.channels; ++c) {
        const float value = images(n, colour ? c : channel, y, x);
        const float scaled = std::isnan(value) ? 0.F : (value + 1.F) * 127.5F;
        picture.pixels.push_back(
            static_cast<std::uint8_t>(std::lround(std::clamp(scaled, 0.F, 255.F))));
      }
    }
  }
  return picture;
}

/// Map `n` of `maps` in the colours of class_colour(). Throws ShapeError if there is none.
[[nodiscard]] inline Raster raster(const LabelMap& maps, int n) {
  if (n < 0 || n >= maps.n) {
    throw ShapeError("raster: no map " + std::to_string(n) + " among " + std::to_string(maps.n));
  }
  Raster picture{maps.w, maps.h, 3, {}};
  picture.pixels.reserve(maps.plane() * 3);
  for (int y = 0; y < maps.h; ++y) {
    for (int x = 0; x < maps.w; ++x) {
      const Colour colour = class_colour(maps.at(n, y, x));
      picture.pixels.insert(picture.pixels.end(), {colour.red, colour.green, colour.blue});
    }
  }
  return picture;
}

}  // namespace asyndgan::telemetry
