// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

#include "asyndgan/core/shape.hpp"

namespace asyndgan::protocol {

/// The most that a Welcome may announce: a site compares it with its own ceiling before it takes
/// limits from it.
inline constexpr std::uint32_t kLargestBatch = 1U << 20;
inline constexpr std::uint32_t kLargestPlan = 1000;   // updates of D for one of G
inline constexpr std::uint32_t kMostStepRanges = 64;  // of a Hello

/// The most that a message may ask for, from this side's own configuration. Every number of a
/// peer is held against it before memory is taken for it.
struct Limits {
  std::uint32_t batch = 64;     // N
  std::uint32_t channels = 16;  // C
  std::uint32_t height = 1024;  // H, pixels
  std::uint32_t width = 1024;   // W, pixels
  std::uint32_t classes = 256;  // of a label map, background included; at most 256
  std::uint32_t text = 1024;    // bytes of a name or a reason
  std::uint32_t names = 32;     // channel names of a site
  std::uint64_t message = std::uint64_t{1} << 28;  // bytes of a whole message

  /// For a run whose fakes have the shape `fakes`, (N, C, H, W), and whose maps have `classes`
  /// classes: nothing larger than these, in either precision.
  [[nodiscard]] static Limits for_run(const Shape& fakes, int classes) {
    Limits limits;
    limits.batch = static_cast<std::uint32_t>(fakes.n);
    limits.channels = static_cast<std::uint32_t>(fakes.c);
    limits.height = static_cast<std::uint32_t>(fakes.h);
    limits.width = static_cast<std::uint32_t>(fakes.w);
    limits.classes = static_cast<std::uint32_t>(classes);
    // A tensor and a raw label map, with room for the fields around them and for a Hello.
    constexpr std::uint64_t kRoom = 65536;
    limits.message =
        fakes.size() * sizeof(double) + static_cast<std::uint64_t>(fakes.n) * fakes.plane() + kRoom;
    return limits;
  }
};

}  // namespace asyndgan::protocol
