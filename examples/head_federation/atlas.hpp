// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace head_federation {

/// What the label maps tell apart, in the order of the label values.
enum Tissue : std::uint8_t {
  background,
  csf,
  grey_matter,
  white_matter,
  head,  // scalp, muscle and marrow; cortical bone gives no signal and is background
  deep_nuclei,
  hippocampus,  // with the amygdala
  cerebellum,
  lesion,
};
inline constexpr int kTissues = 9;
inline constexpr std::array<const char*, kTissues> kTissueNames = {
    "background",  "CSF",         "grey matter", "white matter", "head",
    "deep nuclei", "hippocampus", "cerebellum",  "lesion"};

/// A head on a grid of 1 mm: x from left to right, y from back to front, z upwards; x fastest.
struct Atlas {
  int nx = 0;
  int ny = 0;
  int nz = 0;
  std::vector<float> intensity;      // white matter at about 0.73
  std::vector<std::uint8_t> labels;  // Tissue, all but the lesion

  [[nodiscard]] std::size_t index(int x, int y, int z) const {
    return (static_cast<std::size_t>(z) * static_cast<std::size_t>(ny) +
            static_cast<std::size_t>(y)) *
               static_cast<std::size_t>(nx) +
           static_cast<std::size_t>(x);
  }
};

/// Derives the label map: CSF, grey and white matter by k-means and a Potts prior, the other
/// structures from the AAL regions.
///
/// Requires  `t1`, `brain` (0 outside of it) and `regions` (AAL numbers) on one grid.
/// Errors    asyndgan::DataError if a volume has another size or no brain.
[[nodiscard]] Atlas build_atlas(int nx, int ny, int nz, std::span<const float> t1,
                                std::span<const float> brain,
                                std::span<const std::uint16_t> regions);

}  // namespace head_federation
