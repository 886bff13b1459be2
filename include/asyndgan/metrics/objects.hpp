// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"

namespace asyndgan::metrics {

/// The objects of one image: 0 is the background, equal numbers are one object.
struct InstanceMap {
  int h = 0;
  int w = 0;
  std::vector<std::uint32_t> ids;  // (H, W)
};

enum class Neighbours { faces, faces_and_corners };

/// Splits one class of one image into its connected parts, numbered 1, 2, ... in reading order
/// of their first pixel.
///
/// Requires  0 <= image < labels.n.
[[nodiscard]] inline InstanceMap connected_components(
    const LabelMap& labels, int image, int label,
    Neighbours neighbours = Neighbours::faces_and_corners) {
  if (image < 0 || image >= labels.n) {
    throw ContractViolation("connected_components: image " + std::to_string(image) + " of " +
                            std::to_string(labels.n));
  }
  InstanceMap result{labels.h, labels.w, std::vector<std::uint32_t>(labels.plane())};
  const auto id_at = [&](int y, int x) -> std::uint32_t& {
    return result.ids[static_cast<std::size_t>(y) * static_cast<std::size_t>(labels.w) +
                      static_cast<std::size_t>(x)];
  };
  const auto is_new = [&](int y, int x) {
    return y >= 0 && y < labels.h && x >= 0 && x < labels.w && labels.at(image, y, x) == label &&
           id_at(y, x) == 0;
  };
  std::uint32_t objects = 0;
  std::vector<std::pair<int, int>> open;  // reached, neighbours not yet looked at
  for (int y = 0; y < labels.h; ++y) {
    for (int x = 0; x < labels.w; ++x) {
      if (!is_new(y, x)) continue;
      id_at(y, x) = ++objects;
      open.emplace_back(y, x);
      while (!open.empty()) {
        const auto [cy, cx] = open.back();
        open.pop_back();
        for (int dy = -1; dy <= 1; ++dy) {
          for (int dx = -1; dx <= 1; ++dx) {
            if (neighbours == Neighbours::faces && dy != 0 && dx != 0) continue;
            if (!is_new(cy + dy, cx + dx)) continue;
            id_at(cy + dy, cx + dx) = objects;
            open.emplace_back(cy + dy, cx + dx);
          }
        }
      }
    }
  }
  return result;
}

/// Whole objects of one image from two classes, their inside and the contour that keeps touching
/// ones apart: the connected parts of `inside`, each grown over the `contour` pixels that are
/// nearer to it, step by step to the four neighbours, than to the others (the lowest number on a
/// tie). Contour that no inside reaches is background.
///
/// Requires  0 <= image < labels.n.
[[nodiscard]] inline InstanceMap objects_with_contours(const LabelMap& labels, int image,
                                                       int inside, int contour) {
  InstanceMap result = connected_components(labels, image, inside);
  const auto place = [&](int y, int x) {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(labels.w) +
           static_cast<std::size_t>(x);
  };
  std::vector<std::pair<int, int>> front;  // reached in the last step
  for (int y = 0; y < labels.h; ++y) {
    for (int x = 0; x < labels.w; ++x) {
      if (result.ids[place(y, x)] != 0) front.emplace_back(y, x);
    }
  }
  while (!front.empty()) {
    std::map<std::pair<int, int>, std::uint32_t> next;
    for (const auto& [y, x] : front) {
      const std::uint32_t id = result.ids[place(y, x)];
      for (const auto& [dy, dx] : {std::pair{-1, 0}, {0, -1}, {0, 1}, {1, 0}}) {
        const int ny = y + dy;
        const int nx = x + dx;
        if (ny < 0 || ny >= labels.h || nx < 0 || nx >= labels.w) continue;
        if (labels.at(image, ny, nx) != contour || result.ids[place(ny, nx)] != 0) continue;
        const auto [reached, is_first] = next.try_emplace({ny, nx}, id);
        if (!is_first) reached->second = std::min(reached->second, id);
      }
    }
    front.clear();
    for (const auto& [at, id] : next) {
      result.ids[place(at.first, at.second)] = id;
      front.push_back(at);
    }
  }
  return result;
}

/// Aggregated Jaccard index: every true object takes the predicted one of the largest Jaccard
/// index (the lowest number on a tie; one that two true objects take counts for both);
/// intersections and unions are summed, and predicted objects that none took join the union.
///
/// Ensures  in [0, 1]; nothing where neither map has an object.
/// Errors   ShapeError on maps of different size.
/// Source   Kumar et al. 2017, "A dataset and a technique for generalized nuclear segmentation",
///          algorithm 1.
[[nodiscard]] inline std::optional<double> aggregated_jaccard(const InstanceMap& prediction,
                                                              const InstanceMap& truth) {
  if (prediction.h != truth.h || prediction.w != truth.w ||
      prediction.ids.size() != truth.ids.size()) {
    throw ShapeError("aggregated_jaccard: the maps differ in size");
  }
  using Id = std::uint32_t;
  std::map<Id, std::size_t> predicted_size;
  std::map<Id, std::size_t> true_size;
  std::map<Id, std::map<Id, std::size_t>> overlaps;  // true object -> predicted object -> pixels
  for (std::size_t i = 0; i < truth.ids.size(); ++i) {
    const Id p = prediction.ids[i];
    const Id t = truth.ids[i];
    if (p != 0) ++predicted_size[p];
    if (t != 0) ++true_size[t];
    if (p != 0 && t != 0) ++overlaps[t][p];
  }
  std::size_t intersection = 0;
  std::size_t all = 0;
  std::map<Id, std::size_t> left = predicted_size;
  for (const auto& [t, size] : true_size) {
    std::size_t best_shared = 0;
    std::size_t best_union = size;  // met by no prediction: the object alone
    Id best = 0;
    for (const auto& [p, shared] : overlaps[t]) {
      const std::size_t united = size + predicted_size[p] - shared;
      // shared / united > best_shared / best_union, in whole numbers
      if (shared * best_union <= best_shared * united) continue;
      best_shared = shared;
      best_union = united;
      best = p;
    }
    intersection += best_shared;
    all += best_union;
    left.erase(best);
  }
  for (const auto& [p, size] : left) all += size;
  if (all == 0) return std::nullopt;
  return static_cast<double>(intersection) / static_cast<double>(all);
}

}  // namespace asyndgan::metrics
