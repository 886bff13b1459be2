// SPDX-License-Identifier: Apache-2.0
#include "patient.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

#include "asyndgan/core/random.hpp"
#include "smooth_field.hpp"

namespace head_federation {
namespace {

using asyndgan::random::Key;
using asyndgan::random::Sequence;
using asyndgan::random::Stream;

/// Independent streams of one patient.
enum Draw : std::uint32_t { shape, warp_x, warp_y, warp_z, gain, noise, disease, edge, texture };

Key key_of(const PatientOptions& options, Draw draw) {
  return {.seed = options.seed,
          .site = options.profile + 1,
          .step = options.number * 16 + draw,
          .purpose = asyndgan::random::Purpose::phantom};
}

/// Every place in the patient of which this program asks lies in this box.
constexpr Vec kLow = {-60, -60, -20};
constexpr Vec kHigh = {260, 280, 200};

/// From a place in the patient to the place in the atlas that is found there.
class Anatomy {
 public:
  Anatomy(const Atlas& atlas, const PatientOptions& options)
      : centre_{(atlas.nx - 1) / 2.0, (atlas.ny - 1) / 2.0, (atlas.nz - 1) / 2.0},
        warp_{SmoothField(key_of(options, warp_x), kWarpLength, kLow, kHigh),
              SmoothField(key_of(options, warp_y), kWarpLength, kLow, kHigh),
              SmoothField(key_of(options, warp_z), kWarpLength, kLow, kHigh)} {
    Sequence draw(key_of(options, shape));
    const double size = 1 + 0.05 * clamped(draw);
    for (double& s : scale_) s = size + 0.02 * clamped(draw);
    const double turn = 0.06 * clamped(draw);  // radians, in the plane
    const double nod = 0.03 * clamped(draw);   // about the left-right axis
    rotation_ = {{{std::cos(turn), -std::sin(turn), 0},
                  {std::sin(turn), std::cos(turn), -std::sin(nod)},
                  {0, std::sin(nod), 1}}};
  }

  [[nodiscard]] Vec in_atlas(const Vec& place) const {
    Vec result = centre_;
    for (std::size_t row = 0; row < 3; ++row) {
      for (std::size_t column = 0; column < 3; ++column) {
        result[row] += rotation_[row][column] * scale_[column] * (place[column] - centre_[column]);
      }
      result[row] += kWarp * warp_[row](place);
    }
    return result;
  }

 private:
  // Slopes of about 1.3 * 3.5 / 45 = 0.1: far from folding over, which starts at 1.
  static constexpr double kWarp = 3.5;       // mm
  static constexpr double kWarpLength = 45;  // mm

  static double clamped(Sequence& draw) { return std::clamp(draw.normal(), -2.0, 2.0); }

  Vec centre_;
  std::array<SmoothField, 3> warp_;
  Vec scale_{};
  std::array<Vec, 3> rotation_{};
};

/// One irregular ellipsoid, in the patient's space.
struct Lesion {
  static constexpr double kReach = 2;  // radii: the edge's bumps stay well inside

  Vec centre{};
  Vec radius{};
  SmoothField edge;

  /// 0 in the centre, 1 on the surface.
  [[nodiscard]] double depth(const Vec& place) const {
    double squares = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      const double d = (place[i] - centre[i]) / radius[i];
      squares += d * d;
    }
    if (squares > kReach * kReach) return kReach;
    return std::sqrt(squares) + 0.12 * edge(place);
  }

  /// As after contrast: dark necrosis in a bright rim, relative to white matter's 0.73.
  [[nodiscard]] static double intensity(double depth) {
    constexpr double kRim = 0.62;  // where the rim begins
    const double t = std::clamp((depth - kRim + 0.08) / 0.16, 0.0, 1.0);
    return 0.22 + (1.08 - 0.22) * t * t * (3 - 2 * t);
  }
};

float sample_intensity(const Atlas& atlas, const Vec& at) {
  const int x = static_cast<int>(std::floor(at[0]));
  const int y = static_cast<int>(std::floor(at[1]));
  const int z = static_cast<int>(std::floor(at[2]));
  if (x < 0 || y < 0 || z < 0 || x + 1 >= atlas.nx || y + 1 >= atlas.ny || z + 1 >= atlas.nz) {
    return 0;
  }
  const auto fx = static_cast<float>(at[0] - x);
  const auto fy = static_cast<float>(at[1] - y);
  const auto fz = static_cast<float>(at[2] - z);
  const auto row = [&](int dy, int dz) {
    const std::size_t i = atlas.index(x, y + dy, z + dz);
    return atlas.intensity[i] * (1 - fx) + atlas.intensity[i + 1] * fx;
  };
  return (row(0, 0) * (1 - fy) + row(1, 0) * fy) * (1 - fz) +
         (row(0, 1) * (1 - fy) + row(1, 1) * fy) * fz;
}

Tissue sample_label(const Atlas& atlas, const Vec& at) {
  const auto x = static_cast<int>(std::lround(at[0]));
  const auto y = static_cast<int>(std::lround(at[1]));
  const auto z = static_cast<int>(std::lround(at[2]));
  if (x < 0 || y < 0 || z < 0 || x >= atlas.nx || y >= atlas.ny || z >= atlas.nz) {
    return background;
  }
  return static_cast<Tissue>(atlas.labels[atlas.index(x, y, z)]);
}

Vec place_of(const Stack& stack, double x, double y, double z) {
  return {stack.first[0] - x * stack.pixel, stack.first[1] - y * stack.pixel,
          stack.first[2] + z * stack.slice_distance};
}

/// Lesions in the white matter of the stack, none of them at its rim.
std::vector<Lesion> draw_lesions(const Atlas& atlas, const PatientOptions& options,
                                 const Anatomy& anatomy, const Stack& stack) {
  Sequence draw(key_of(options, disease));
  std::vector<Lesion> lesions;
  if (draw.uniform() >= kProfiles[options.profile].lesion_rate) return lesions;
  const int count = draw.uniform() < 0.25 ? 2 : 1;
  for (int attempt = 0; attempt < 2000 && static_cast<int>(lesions.size()) < count; ++attempt) {
    const Vec centre =
        place_of(stack, draw.uniform(0.2, 0.8) * stack.size, draw.uniform(0.2, 0.8) * stack.size,
                 draw.uniform(0.5, stack.slices - 1.5));
    if (sample_label(atlas, anatomy.in_atlas(centre)) != white_matter) continue;
    const double size = draw.uniform(10, 18);  // mm: 3 to 5.5 pixels of 64
    const Vec radius = {size, size * draw.uniform(0.75, 1.25), size * draw.uniform(0.8, 1.1)};
    Vec low = centre;
    Vec high = centre;
    for (std::size_t i = 0; i < 3; ++i) {
      low[i] -= Lesion::kReach * radius[i];
      high[i] += Lesion::kReach * radius[i];
    }
    lesions.push_back({centre, radius, SmoothField(key_of(options, edge), 12, low, high)});
  }
  return lesions;
}

/// What a place is made of and how bright it is, before the scanner.
struct Sample {
  Tissue label;
  double intensity;
};

Sample examine(const Atlas& atlas, const Vec& at, const Vec& place,
               const std::vector<Lesion>& lesions) {
  Sample sample{sample_label(atlas, at), sample_intensity(atlas, at)};
  if (sample.label == background || sample.label == head) return sample;
  for (const Lesion& each : lesions) {
    const double depth = each.depth(place);
    if (depth >= 1) continue;
    sample = {lesion, Lesion::intensity(depth)};
  }
  return sample;
}

/// Averages intensities over the voxel, as a scanner does, and lets its parts vote on the label.
void fill_voxel(const Atlas& atlas, const Anatomy& anatomy, const std::vector<Lesion>& lesions,
                Stack& stack, int x, int y, int z) {
  constexpr std::array<double, 3> kOffsets = {-1.0 / 3, 0, 1.0 / 3};
  // The deformation is smooth: exact at the centre, linear inside the voxel.
  const Vec middle = place_of(stack, x, y, z);
  const Vec centre = anatomy.in_atlas(middle);
  const auto slope = [&](const Vec& neighbour) {
    Vec difference = anatomy.in_atlas(neighbour);
    for (std::size_t i = 0; i < 3; ++i) difference[i] -= centre[i];
    return difference;
  };
  const Vec along_x = slope(place_of(stack, x + 1, y, z));
  const Vec along_y = slope(place_of(stack, x, y + 1, z));
  const Vec along_z = slope(place_of(stack, x, y, z + 1));

  std::array<int, kTissues> votes{};
  double sum = 0;
  for (const double dz : kOffsets) {
    for (const double dy : kOffsets) {
      for (const double dx : kOffsets) {
        Vec at = centre;
        for (std::size_t i = 0; i < 3; ++i) {
          at[i] += dx * along_x[i] + dy * along_y[i] + dz * along_z[i];
        }
        const Sample sample = examine(atlas, at, place_of(stack, x + dx, y + dy, z + dz), lesions);
        ++votes[sample.label];
        sum += sample.intensity;
      }
    }
  }
  const std::size_t voxel = stack.index(x, y, z);
  stack.labels[voxel] =
      static_cast<std::uint8_t>(std::max_element(votes.begin(), votes.end()) - votes.begin());
  stack.intensity[voxel] = static_cast<float>(sum / 27);
}

/// Gaussian point spread in the plane, along one axis at a time.
void blur(Stack& stack, double sigma) {
  if (sigma <= 0) return;
  const int reach = static_cast<int>(std::ceil(2.5 * sigma / stack.pixel));
  std::vector<double> weights;
  for (int k = -reach; k <= reach; ++k) {
    weights.push_back(std::exp(-0.5 * std::pow(k * stack.pixel / sigma, 2)));
  }
  for (const bool horizontal : {true, false}) {
    const std::vector<float> before = stack.intensity;
    for (int z = 0; z < stack.slices; ++z) {
      for (int y = 0; y < stack.size; ++y) {
        for (int x = 0; x < stack.size; ++x) {
          double sum = 0;
          double total = 0;
          auto weight = weights.begin();
          for (int k = -reach; k <= reach; ++k, ++weight) {
            const int sx = std::clamp(horizontal ? x + k : x, 0, stack.size - 1);
            const int sy = std::clamp(horizontal ? y : y + k, 0, stack.size - 1);
            sum += *weight * before[stack.index(sx, sy, z)];
            total += *weight;
          }
          stack.intensity[stack.index(x, y, z)] = static_cast<float>(sum / total);
        }
      }
    }
  }
}

/// Contrast, coil sensitivity, point spread and noise, in the order in which they arise.
void scan(Stack& stack, const PatientOptions& options) {
  const Profile& profile = kProfiles[options.profile];
  const SmoothField sensitivity(key_of(options, gain), 120, kLow, kHigh);
  const double gamma =
      profile.gamma * (1 + 0.05 * std::clamp(Stream(key_of(options, texture)).normal(0), -2., 2.));
  std::size_t voxel = 0;
  for (int z = 0; z < stack.slices; ++z) {
    for (int y = 0; y < stack.size; ++y) {
      for (int x = 0; x < stack.size; ++x, ++voxel) {
        const Vec place = place_of(stack, x, y, z);
        const double signal = std::pow(std::max(0.0F, stack.intensity[voxel]), gamma);
        const double factor = 1 + profile.bias * sensitivity(place);
        stack.intensity[voxel] = static_cast<float>(signal * std::max(0.2, factor));
      }
    }
  }
  blur(stack, profile.blur);
  const Stream draw(key_of(options, noise));
  for (std::size_t i = 0; i < stack.intensity.size(); ++i) {
    const double real = stack.intensity[i] + profile.noise * draw.normal(2 * i);
    const double imaginary = profile.noise * draw.normal(2 * i + 1);
    stack.intensity[i] = static_cast<float>(std::hypot(real, imaginary));
  }
}

}  // namespace

Stack render_patient(const Atlas& atlas, const PatientOptions& options) {
  const Profile& profile = kProfiles[options.profile];
  Stack stack;
  stack.size = options.size;
  stack.slices = kSlices;
  stack.pixel = kFieldOfView / options.size;
  stack.slice_distance = kSliceDistance;
  const std::size_t voxels = stack.index(0, 0, stack.slices);
  stack.intensity.resize(voxels);
  stack.labels.resize(voxels);
  const double room = profile.last_slice - profile.first_slice - (kSlices - 1) * kSliceDistance;
  // A stream of the shape's that Anatomy does not reach.
  const double start = Stream(key_of(options, shape)).uniform(1000) * room;
  const double half = (stack.size - 1) * stack.pixel / 2;
  constexpr double kHeadY = 110;  // mm, the middle of the head in ch2; x: the grid's
  stack.first = {(atlas.nx - 1) / 2.0 + half, kHeadY + half, profile.first_slice + start};

  const Anatomy anatomy(atlas, options);
  const auto lesions = draw_lesions(atlas, options, anatomy, stack);
  for (int z = 0; z < stack.slices; ++z) {
    for (int y = 0; y < stack.size; ++y) {
      for (int x = 0; x < stack.size; ++x) fill_voxel(atlas, anatomy, lesions, stack, x, y, z);
    }
  }
  scan(stack, options);
  return stack;
}

}  // namespace head_federation
