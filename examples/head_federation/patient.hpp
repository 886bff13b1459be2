// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "atlas.hpp"

namespace head_federation {

/// What a hospital's patients and scanner look like. Intensities are relative to the range of
/// Atlas::intensity.
struct Profile {
  const char* name;
  double first_slice;  // mm above the atlas' lowest slice: what the protocol covers
  double last_slice;
  double gamma;        // contrast
  double bias;         // standard deviation of the smooth gain
  double noise;        // Rician
  double blur;         // mm, standard deviation in the plane
  double lesion_rate;  // share of patients
};

/// Skull base, middle and vertex: no site sees what all see together.
inline constexpr std::array<Profile, 3> kProfiles = {{
    {"site-a", 40, 75, 1.0, 0.05, 0.025, 0.0, 0.2},
    {"site-b", 75, 105, 0.7, 0.15, 0.040, 1.5, 0.6},
    {"site-c", 105, 140, 1.5, 0.10, 0.030, 0.0, 0.9},
}};

/// A stack of axial slices with its labels, x fastest: x from the patient's right to left, y
/// from front to back, z upwards, as a scanner stores them.
struct Stack {
  int size = 0;                   // pixels along x and y
  int slices = 0;                 // along z
  double pixel = 0;               // mm
  double slice_distance = 0;      // mm
  std::array<double, 3> first{};  // the first voxel's centre in the atlas, mm
  std::vector<float> intensity;
  std::vector<std::uint8_t> labels;

  [[nodiscard]] std::size_t index(int x, int y, int z) const {
    const auto row =
        static_cast<std::size_t>(z) * static_cast<std::size_t>(size) + static_cast<std::size_t>(y);
    return row * static_cast<std::size_t>(size) + static_cast<std::size_t>(x);
  }
};

struct PatientOptions {
  std::uint64_t seed = 1;
  int size = 64;
  std::uint32_t profile = 0;  // of kProfiles
  std::uint32_t number = 0;   // of the patient, below 2^24
};

inline constexpr double kFieldOfView = 208;  // mm; Colin's head is 214 mm long with the nose
inline constexpr int kSlices = 6;
inline constexpr double kSliceDistance = 5;  // mm, a usual clinical protocol

/// A virtual patient of the profile: the atlas bent by a smooth random deformation, turned and
/// scaled, with or without lesions, seen by the site's scanner. The same options give the same
/// patient on every machine.
[[nodiscard]] Stack render_patient(const Atlas& atlas, const PatientOptions& options);

}  // namespace head_federation
