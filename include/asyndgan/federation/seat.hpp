// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/shape.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/federation/central_options.hpp"
#include "asyndgan/federation/member.hpp"
#include "asyndgan/federation/sampling.hpp"
#include "asyndgan/federation/screening.hpp"
#include "asyndgan/networks/network.hpp"
#include "asyndgan/protocol/frame.hpp"
#include "asyndgan/protocol/message.hpp"

namespace asyndgan::federation {

/// Where a site stands with the centre.
enum class Presence {
  away,       // has not come yet, or has left; may come
  greeted,    // has said what it is, and waits for the run to begin
  present,    // has a part in the run
  expelled,   // broke the protocol: the run does not take it back
  elsewhere,  // another process of the centre serves it
};

[[nodiscard]] constexpr bool has_part(Presence presence) {
  return presence == Presence::present || presence == Presence::elsewhere;
}

/// Fakes that a site has been sent, until its gradient is there.
template <networks::Generator G>
struct Request {
  std::uint64_t step;     // that the site was told; all exchanges of it say the same
  std::uint64_t version;  // of the generator that drew them: its steps so far
  std::size_t exchange;   // of the step
  Clock::time_point since;
  Shape fakes;  // (N, C, H, W)
  typename G::Saved saved;
};

/// A gradient that waits for the generator's step.
template <networks::Generator G>
struct Answer {
  std::size_t site;
  std::uint64_t step;  // of the request
  std::uint64_t age;   // versions of the generator
  double magnitude;    // of d_fake
  Tensor<typename G::Scalar, typename G::Place> d_fake;
  typename G::Saved saved;  // of the forward pass that made the fakes
};

/// One site's place at the centre.
template <networks::Generator G>
struct Seat {
  Member member;
  Presence presence = Presence::away;
  NextBatch next;      // the part that the site has been told of
  LabelMap maps;       // of it
  bool ready = false;  // the maps of its next part are there
  Clock::time_point welcomed;
  std::optional<Request<G>> asked;
  std::vector<Answer<G>> answers;  // to this step
  std::uint64_t unasked = 0;       // first step that the site has not been asked for
  Conduct conduct;
  bool knows_why = false;  // it is not heard, and was told so since it last came
  std::uint16_t wire_version = protocol::kWireVersion;
  std::vector<protocol::StepRange> goes_on_with;  // by its greeting

  /// Something of it is to come: label maps or a gradient.
  [[nodiscard]] bool owes() const {
    return presence == Presence::present && (asked || (!ready && next.size > 0));
  }
  /// Since when, where something is.
  [[nodiscard]] Clock::time_point waiting_since() const { return asked ? asked->since : welcomed; }
};

}  // namespace asyndgan::federation
