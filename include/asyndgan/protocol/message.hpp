// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "asyndgan/core/label_map.hpp"
#include "asyndgan/privacy/aggregate.hpp"
#include "asyndgan/privacy/host_tensor.hpp"
#include "asyndgan/privacy/shareable.hpp"

namespace asyndgan::protocol {

// What the two sides say to each other. A field that carries data, of a site or made from it,
// is a Shareable: it exists only if a release let it through. The rest is configuration,
// numbers that count steps, and text a person wrote.

/// Names a run; 0 before the centre has told it.
using RunId = std::uint64_t;

/// Steps of the generator, both ends included.
struct StepRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;

  friend bool operator==(const StepRange&, const StepRange&) = default;
};

/// Site to centre, first. The step is 0.
struct Hello {
  std::string site_name;
  privacy::Shareable<privacy::SiteFacts> facts;
  /// Steps that the site can go on with, as it is or from a checkpoint; none: any.
  std::vector<StepRange> goes_on_with = {};
};

/// Centre to site, the answer to Hello.
struct Welcome {
  std::uint32_t rank = 0;                 // the site's, from 1
  std::uint64_t first_step = 0;           // the step that the site is to begin with
  std::uint64_t steps = 0;                // of the whole run
  std::uint32_t batch = 0;                // label maps of that step; 0: the site has no part left
  std::uint32_t largest_batch = 1;        // that any step can ask for
  std::uint32_t discriminator_steps = 1;  // for each step of the generator
  bool fresh_fakes = false;               // D judges others than it learned from: Algorithm 1
  bool every_step = true;                 // the site takes part in every step it is told of
  // How the site is to write its gradients.
  std::uint8_t gradient_encoding = 4;  // code of an Encoding
  double gradient_share = 1;           // of the values, where it is top-k

  friend bool operator==(const Welcome&, const Welcome&) = default;
};

/// Site to centre: draw fakes for these.
struct Masks {
  std::uint64_t step = 0;
  privacy::Shareable<LabelMap> maps;  // (N, H, W)
};

/// What the site is to do with fakes.
enum class Ask : std::uint8_t {
  both = 0,           // update D, then answer with dL/dfake
  discriminator = 1,  // update D; answer with the next masks
  generator = 2,      // answer with dL/dfake
};

/// Centre to site: G's images for the masks of the same step, and what comes after them.
struct Fakes {
  std::uint64_t step = 0;
  Ask ask = Ask::both;
  privacy::Shareable<privacy::HostTensor> images;         // (N, C, H, W)
  std::optional<privacy::Shareable<LabelMap>> maps = {};  // where the site sends none: (N, H, W)
  std::uint64_t next_step = 0;   // the site's next; `step` again for a further exchange of it
  std::uint32_t next_batch = 0;  // label maps of it; 0: the site has no part left
};

/// Site to centre: the answer to Fakes.
struct Gradient {
  std::uint64_t step = 0;
  privacy::Shareable<privacy::HostTensor> d_fake;  // dL/dfake, (N, C, H, W)
  std::optional<privacy::Shareable<privacy::Losses>> losses = {};
  std::optional<privacy::Shareable<LabelMap>> next_maps =
      {};  // of the next step: spares a round trip
};

/// Either side: what you asked for I do not do. `reason` is for people.
struct Refusal {
  std::uint64_t step = 0;
  std::string reason;

  friend bool operator==(const Refusal&, const Refusal&) = default;
};

/// Either side: nothing follows.
struct Goodbye {
  std::string reason;

  friend bool operator==(const Goodbye&, const Goodbye&) = default;
};

using Message = std::variant<Hello, Welcome, Masks, Fakes, Gradient, Refusal, Goodbye>;

/// On the wire: position in Message, plus 1.
enum class Kind : std::uint16_t {
  hello = 1,
  welcome = 2,
  masks = 3,
  fakes = 4,
  gradient = 5,
  refusal = 6,
  goodbye = 7,
};

[[nodiscard]] constexpr const char* to_string(Kind kind) {
  constexpr const char* kNames[] = {"nothing", "hello",    "welcome", "masks",
                                    "fakes",   "gradient", "refusal", "goodbye"};
  const auto number = static_cast<std::size_t>(kind);
  return number < std::size(kNames) ? kNames[number] : "unknown";
}

template <class M>
concept AnyMessage = std::same_as<M, Hello> || std::same_as<M, Welcome> || std::same_as<M, Masks> ||
    std::same_as<M, Fakes> || std::same_as<M, Gradient> || std::same_as<M, Refusal> ||
    std::same_as<M, Goodbye>;

/// What the centre sends. What a site sends goes through SiteOutbox, which enters it in the
/// ledger.
template <class M>
concept CentralMessage = AnyMessage<M> && !std::same_as<M, Hello> && !std::same_as<M, Masks> &&
                         !std::same_as<M, Gradient>;
template <class M>
concept SiteMessage = AnyMessage<M> && !std::same_as<M, Welcome> && !std::same_as<M, Fakes>;

template <AnyMessage M>
[[nodiscard]] constexpr Kind kind_of() {
  if constexpr (std::same_as<M, Hello>) return Kind::hello;
  if constexpr (std::same_as<M, Welcome>) return Kind::welcome;
  if constexpr (std::same_as<M, Masks>) return Kind::masks;
  if constexpr (std::same_as<M, Fakes>) return Kind::fakes;
  if constexpr (std::same_as<M, Gradient>) return Kind::gradient;
  if constexpr (std::same_as<M, Refusal>) return Kind::refusal;
  if constexpr (std::same_as<M, Goodbye>) return Kind::goodbye;
}

/// A digest to tell two configurations apart by: FNV-1a, 64 bits. Not cryptographic.
[[nodiscard]] constexpr std::uint64_t digest(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  }
  return hash;
}

}  // namespace asyndgan::protocol
