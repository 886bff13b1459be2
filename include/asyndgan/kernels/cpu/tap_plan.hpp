// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <vector>

#include "asyndgan/core/shape.hpp"
#include "asyndgan/kernels/conv_geometry.hpp"

namespace asyndgan::kernels::cpu {

/// A tap along one axis: at grid position i it reads row i + shift of residue plane `residue`.
struct AxisTap {
  int residue;
  int shift;
  int index;  // in the kernel, 0 ... K-1
};

/// Results of one residue class along one axis: grid position i writes position first + i*step.
struct AxisPhase {
  int first;
  int count;
  std::vector<AxisTap> taps;
};

/// One axis of a convolution or of its adjoint, cut so that neighbouring results read neighbouring
/// inputs at every tap. A strided convolution reads its input in `residues` planes (every second
/// pixel, for stride 2) and writes one phase; the adjoint reads one plane and writes `stride`
/// phases, each with the taps that can meet it.
struct AxisPlan {
  int stride;    // of reading: row r of residue plane q is input position r*stride + q - pad
  int pad;       // may be negative
  int residues;  // planes that a tap reads
  int step;      // of writing
  int grid;      // positions: the largest count of a phase
  int halo;      // the largest shift of a tap
  std::vector<AxisPhase> phases;
};

/// `count` window positions along one axis.
[[nodiscard]] inline AxisPlan forward_axis(const ConvGeometry& g, int count) {
  AxisPlan plan{g.stride, g.padding, std::min(g.stride, g.span()), 1, count, 0, {}};
  AxisPhase phase{0, count, {}};
  for (int a = 0; a < g.kernel; ++a) {
    const int position = a * g.dilation;
    phase.taps.push_back({position % g.stride, position / g.stride, a});
    plan.halo = std::max(plan.halo, position / g.stride);
  }
  plan.phases.push_back(phase);
  return plan;
}

/// Gradients of `extent` input positions. Window position u and tap a meet padded position
/// Y = u*stride + a*dilation; phase p holds the Y = p (mod stride) and so the taps with
/// a*dilation = p (mod stride). A reflected border gets gradients of its own, at positions below 0
/// and from `extent` on, for the caller to fold.
[[nodiscard]] inline AxisPlan adjoint_axis(const ConvGeometry& g, int extent) {
  const bool fold = g.mode == PaddingMode::reflect;
  const int begin = fold ? 0 : g.padding;
  const int end = begin + extent + (fold ? 2 * g.padding : 0);
  const int farthest = g.dilation * (g.kernel - 1) / g.stride;
  AxisPlan plan{1, farthest - begin / g.stride, 1, g.stride, 0, 0, {}};
  for (int p = 0; p < g.stride; ++p) {
    const int u = (begin - p + g.stride - 1) / g.stride;  // of the first Y
    const int count = std::max(0, (end - p + g.stride - 1) / g.stride - u);
    AxisPhase phase{g.stride * u + p - g.padding, count, {}};
    for (int a = 0; a < g.kernel; ++a) {
      if (a * g.dilation % g.stride != p) continue;
      const int shift = u - begin / g.stride + farthest - a * g.dilation / g.stride;
      phase.taps.push_back({0, shift, a});
      plan.halo = std::max(plan.halo, shift);
    }
    plan.grid = std::max(plan.grid, count);
    plan.phases.push_back(phase);
  }
  return plan;
}

/// Both axes; a phase of the plan is a pair of axis phases, y outermost.
struct TapPlan {
  AxisPlan y;
  AxisPlan x;
  PaddingMode mode;  // of reading
  bool fold;         // results beyond the border belong to their mirror images

  [[nodiscard]] int phases() const { return static_cast<int>(y.phases.size() * x.phases.size()); }
  [[nodiscard]] const AxisPhase& phase_y(int phase) const {
    return y.phases[static_cast<std::size_t>(phase) / x.phases.size()];
  }
  [[nodiscard]] const AxisPhase& phase_x(int phase) const {
    return x.phases[static_cast<std::size_t>(phase) % x.phases.size()];
  }
  [[nodiscard]] int tap_count(int phase) const {
    return static_cast<int>(phase_y(phase).taps.size() * phase_x(phase).taps.size());
  }
};

[[nodiscard]] inline TapPlan forward_plan(const ConvGeometry& g, const Shape& output) {
  return {forward_axis(g, output.h), forward_axis(g, output.w), g.mode, false};
}

[[nodiscard]] inline TapPlan adjoint_plan(const ConvGeometry& g, const Shape& d_input) {
  return {adjoint_axis(g, d_input.h), adjoint_axis(g, d_input.w), PaddingMode::zero,
          g.mode == PaddingMode::reflect};
}

}  // namespace asyndgan::kernels::cpu
