// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/tensor.hpp"

namespace asyndgan::data {

/// Where a slice comes from.
struct SliceInfo {
  std::string case_id;   // the patient, or the image file's stem
  int slice = 0;         // number along the slicing axis of the volume
  double spacing_y = 1;  // mm from row to row, as stored in Slices (after any resizing)
  double spacing_x = 1;  // mm from column to column
  /// mm from slice k to slice k + 1 of the volume; infinite for pictures that are no stack
  double spacing_z = std::numeric_limits<double>::infinity();

  friend bool operator==(const SliceInfo&, const SliceInfo&) = default;
};

/// Labelled two-dimensional images of one site, or synthetic ones.
struct Slices {
  Tensor<float> images;  // (N, C, H, W), intensities in [-1, 1]
  LabelMap labels;       // (N, H, W), below `classes`
  std::vector<SliceInfo> info;
  int classes = 0;
  std::vector<std::string> channels;  // "t1", "flair"; as many as C

  [[nodiscard]] std::size_t size() const { return info.size(); }
  [[nodiscard]] bool empty() const { return info.empty(); }
};

/// Throws ContractViolation naming the first part of `slices` that does not fit the others.
inline void require_consistent(const Slices& slices) {
  const Shape& shape = slices.images.shape();
  const auto fail = [](const std::string& what) { throw ContractViolation("Slices: " + what); };
  const auto count = static_cast<std::size_t>(shape.n);
  if (slices.labels.n != shape.n || slices.labels.h != shape.h || slices.labels.w != shape.w) {
    fail("labels (" + std::to_string(slices.labels.n) + ", " + std::to_string(slices.labels.h) +
         ", " + std::to_string(slices.labels.w) + ") do not fit images " + to_string(shape));
  }
  if (slices.info.size() != count) {
    fail(std::to_string(slices.info.size()) + " infos for " + std::to_string(count) + " images");
  }
  if (slices.channels.size() != static_cast<std::size_t>(shape.c)) {
    fail(std::to_string(slices.channels.size()) + " channel names for images " + to_string(shape));
  }
  const auto& labels = slices.labels.labels;
  const auto largest = std::max_element(labels.begin(), labels.end());
  if (largest != labels.end() && *largest >= slices.classes) {
    fail("label " + std::to_string(*largest) + " with " + std::to_string(slices.classes) +
         " classes");
  }
}

/// The images of the given numbers, in that order; a number may come several times. Throws
/// ContractViolation if a number is not below size().
[[nodiscard]] inline Slices gather(const Slices& from, std::span<const std::size_t> numbers) {
  Shape shape = from.images.shape();
  shape.n = static_cast<int>(numbers.size());
  const std::size_t image = shape.image();
  const std::size_t plane = shape.plane();
  Slices result{.images = Tensor<float>::uninitialized(shape),
                .labels = LabelMap(shape.n, shape.h, shape.w),
                .info = {},
                .classes = from.classes,
                .channels = from.channels};
  result.info.reserve(numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const std::size_t number = numbers[i];
    if (number >= from.size()) {
      throw ContractViolation("gather: image " + std::to_string(number) + " of " +
                              std::to_string(from.size()));
    }
    std::copy_n(from.images.data() + number * image, image, result.images.data() + i * image);
    std::copy_n(from.labels.labels.data() + number * plane, plane,
                result.labels.labels.data() + i * plane);
    result.info.push_back(from.info[number]);
  }
  return result;
}

/// All images of `parts`, one part after the other. Throws ContractViolation unless all have
/// the same image size, channels and classes.
[[nodiscard]] inline Slices concat(std::span<const Slices> parts) {
  if (parts.empty()) return {};
  Shape shape = parts.front().images.shape();
  shape.n = 0;
  for (const Slices& part : parts) {
    const Shape& other = part.images.shape();
    if (other.c != shape.c || other.h != shape.h || other.w != shape.w ||
        part.channels != parts.front().channels || part.classes != parts.front().classes) {
      throw ContractViolation("concat: images " + to_string(other) + " with " +
                              std::to_string(part.classes) + " classes do not follow images " +
                              to_string(parts.front().images.shape()) + " with " +
                              std::to_string(parts.front().classes) +
                              " classes (sizes, channel names and classes must agree)");
    }
    shape.n += other.n;
  }
  Slices result{.images = Tensor<float>::uninitialized(shape),
                .labels = LabelMap(shape.n, shape.h, shape.w),
                .info = {},
                .classes = parts.front().classes,
                .channels = parts.front().channels};
  std::size_t at = 0;
  for (const Slices& part : parts) {
    std::copy_n(part.images.data(), part.images.size(), result.images.data() + at * shape.image());
    std::copy(part.labels.labels.begin(), part.labels.labels.end(),
              result.labels.labels.begin() + static_cast<std::ptrdiff_t>(at * shape.plane()));
    result.info.insert(result.info.end(), part.info.begin(), part.info.end());
    at += part.size();
  }
  return result;
}

/// The same images with the named channels only, in that order. Throws ContractViolation
/// naming the channels there are if one is missing.
[[nodiscard]] inline Slices select_channels(const Slices& from,
                                            std::span<const std::string> names) {
  const auto number_of = [&from](const std::string& name) {
    const auto found = std::find(from.channels.begin(), from.channels.end(), name);
    if (found != from.channels.end()) {
      return static_cast<std::size_t>(found - from.channels.begin());
    }
    std::string known;
    for (const std::string& channel : from.channels) known.append(" '").append(channel).append("'");
    throw ContractViolation("select_channels: no channel '" + name + "' among" + known);
  };
  std::vector<std::size_t> numbers;
  numbers.reserve(names.size());
  for (const std::string& name : names) numbers.push_back(number_of(name));
  Shape shape = from.images.shape();
  const std::size_t image = shape.image();
  const std::size_t plane = shape.plane();
  shape.c = static_cast<int>(names.size());
  Slices result{.images = Tensor<float>::uninitialized(shape),
                .labels = from.labels,
                .info = from.info,
                .classes = from.classes,
                .channels = {names.begin(), names.end()}};
  float* to = result.images.data();
  for (std::size_t i = 0; i < from.size(); ++i) {
    for (const std::size_t number : numbers) {
      to = std::copy_n(from.images.data() + i * image + number * plane, plane, to);
    }
  }
  return result;
}

}  // namespace asyndgan::data
