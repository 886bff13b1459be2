// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/intensity.hpp"
#include "asyndgan/modality/modality.hpp"

namespace asyndgan::modality {

/// Stained tissue under the microscope: RGB pictures in images/, and in masks/ the number of the
/// nucleus at every pixel, 0 outside. The classes keep nuclei apart that touch: background,
/// inside, contour.
///
/// Units    8 or 16 bit samples, full range to [-1, 1].
/// Source   ternary labels: nuclei segmentation of Chang et al. 2020, arXiv:2006.00080.
class Histology {
 public:
  struct Options {
    int contour = 1;  // pixels of a nucleus, counted from its edge inwards, that are contour
  };

  Histology() = default;
  explicit Histology(const Options& options) : options_(options) {}

  [[nodiscard]] std::string name() const { return "histology"; }
  [[nodiscard]] std::vector<std::string> channels() const { return {"red", "green", "blue"}; }
  [[nodiscard]] std::vector<std::string> classes() const {
    return {"background", "inside", "contour"};
  }

  void normalize(std::span<float> values, const std::string& /*channel*/,
                 const std::string& unit) const {
    if (unit != "8 bit" && unit != "16 bit") {
      throw DataError("intensity unit '" + unit + "', expected a picture of 8 or 16 bits");
    }
    data::to_unit_range(values, 0, unit == "8 bit" ? 255 : 65535);
  }

  /// A pixel is contour if another nucleus or the background is at most `contour` pixels away
  /// along rows, columns and diagonals. The edge of the picture is no contour: the nucleus
  /// goes on.
  [[nodiscard]] LabelMap classify(const data::RawMask& mask) const {
    LabelMap map(1, mask.height, mask.width);
    for (int y = 0; y < mask.height; ++y) {
      for (int x = 0; x < mask.width; ++x) {
        if (mask.at(y, x) != 0) map.at(0, y, x) = near_other(mask, y, x) ? 2 : 1;
      }
    }
    return map;
  }
  [[nodiscard]] std::vector<data::CaseFiles> find_cases(const std::filesystem::path& folder) const {
    return data::find_image_mask_pairs(folder / "images", folder / "masks", channels());
  }

 private:
  [[nodiscard]] bool near_other(const data::RawMask& mask, int y, int x) const {
    const int r = options_.contour;
    for (int v = std::max(0, y - r); v <= std::min(mask.height - 1, y + r); ++v) {
      for (int u = std::max(0, x - r); u <= std::min(mask.width - 1, x + r); ++u) {
        if (mask.at(v, u) != mask.at(y, x)) return true;
      }
    }
    return false;
  }

  Options options_{};
};
static_assert(Modality<Histology>);

}  // namespace asyndgan::modality
