// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/shape.hpp"
#include "asyndgan/federation/exchange.hpp"
#include "asyndgan/federation/seat.hpp"
#include "asyndgan/networks/network.hpp"
#include "asyndgan/protocol/message.hpp"

/// What the centre expects of a site. All throw ProtocolError, naming what came and what was
/// expected.
namespace asyndgan::federation {

/// Label maps: of the next step, or between two exchanges of this one.
template <networks::Generator G>
void require_expected(const protocol::Masks& masks, const Seat<G>& seat,
                      const std::vector<Exchange>& plan) {
  const bool between = seat.asked.has_value();
  const std::uint64_t expected = between ? seat.asked->step : seat.next.step;
  const bool owed = between ? !plan[seat.asked->exchange].return_gradient : !seat.ready;
  if (masks.step == expected && owed) return;
  throw ProtocolError("label maps of step " + std::to_string(masks.step) + ", expected " +
                      (owed ? std::to_string(expected) : "none"));
}

/// A gradient: of the fakes that were sent last, with the label maps of a next step where the site
/// has one and sends its own.
template <networks::Generator G>
void require_expected(const protocol::Gradient& gradient, const Seat<G>& seat,
                      const std::vector<Exchange>& plan) {
  if (!seat.asked || gradient.step != seat.asked->step) {
    throw ProtocolError("gradient of step " + std::to_string(gradient.step) + ", expected " +
                        (seat.asked ? std::to_string(seat.asked->step) : "none"));
  }
  if (!plan[seat.asked->exchange].return_gradient) {
    throw ProtocolError("a gradient, expected label maps of step " +
                        std::to_string(seat.asked->step));
  }
  const Shape shape = gradient.d_fake.value().shape();
  if (shape != seat.asked->fakes) {
    throw ProtocolError("gradient of shape " + to_string(shape) + ", expected " +
                        to_string(seat.asked->fakes));
  }
  const bool with_maps = seat.member.facts.sends_label_maps && seat.next.size > 0;
  if (gradient.next_maps.has_value() != with_maps) {
    throw ProtocolError(std::string("gradient ") + (with_maps ? "without" : "with") +
                        " label maps of a next step");
  }
}

/// Label maps of the size of the run, as many as the site was told.
inline void require_expected(const LabelMap& maps, int count, int height, int width) {
  if (maps.n == count && maps.h == height && maps.w == width) return;
  const auto text = [](int n, int h, int w) {
    return "(" + std::to_string(n) + ", " + std::to_string(h) + ", " + std::to_string(w) + ")";
  };
  throw ProtocolError("label maps " + text(maps.n, maps.h, maps.w) + ", expected " +
                      text(count, height, width));
}

}  // namespace asyndgan::federation
