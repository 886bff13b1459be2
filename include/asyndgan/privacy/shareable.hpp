// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "asyndgan/privacy/private.hpp"
#include "asyndgan/privacy/reveals.hpp"

namespace asyndgan::protocol {
class MessageReader;
}

namespace asyndgan::privacy {

/// What a shared value is, as the egress ledger enters it.
enum class Content : std::uint8_t {
  synthetic,   // images that the generator drew
  label_maps,  // class index per pixel, of the site or from a public source
  gradient,    // dL/dfake
  aggregate,   // losses averaged over samples
  site_facts,  // counts, extents, channel names
};

[[nodiscard]] constexpr std::string_view to_string(Content content) {
  switch (content) {
    case Content::synthetic:
      return "synthetic";
    case Content::label_maps:
      return "label_maps";
    case Content::gradient:
      return "gradient";
    case Content::aggregate:
      return "aggregate";
    case Content::site_facts:
      return "site_facts";
  }
  return "unknown";
}

/// Where a shared value comes from.
struct Provenance {
  Content content = Content::aggregate;
  std::uint64_t items = 0;              // images, maps, samples averaged over
  std::optional<Reveals> reveals = {};  // of a gradient
  std::string treatment = {};           // "clip_norm(1)", "as they are", "received"
};

/// A value that may cross the wire. The codec takes nothing else that carries data.
///
/// There is no public constructor: Release makes one, in a function named for the reason why
/// the value may leave, and decoding makes one of what a peer had released.
template <class T>
class Shareable {
 public:
  template <class U>
  Shareable(const Private<U>&) = delete;  // pass it through privacy/release.hpp

  [[nodiscard]] const T& value() const& { return value_; }
  [[nodiscard]] T value() && { return std::move(value_); }
  [[nodiscard]] const Provenance& provenance() const { return provenance_; }

 private:
  friend class Release;
  friend class asyndgan::protocol::MessageReader;

  Shareable(T value, Provenance provenance)
      : value_(std::move(value)), provenance_(std::move(provenance)) {}

  T value_;
  Provenance provenance_;
};

}  // namespace asyndgan::privacy
