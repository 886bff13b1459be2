// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "asyndgan/core/error.hpp"
#include "asyndgan/protocol/encoding.hpp"
#include "asyndgan/protocol/encodings/bfloat16.hpp"
#include "asyndgan/protocol/encodings/float16.hpp"
#include "asyndgan/protocol/encodings/float32.hpp"
#include "asyndgan/protocol/encodings/int8.hpp"
#include "asyndgan/protocol/encodings/top_k.hpp"
#include "asyndgan/protocol/encodings/uint8.hpp"
#include "asyndgan/protocol/encodings/zstd.hpp"

namespace asyndgan::protocol {

/// An encoding chosen at run time; float32 unless another one is.
class AnyEncoding {
 public:
  AnyEncoding() = default;
  /// That of a code on the wire, E::kCode. `share` is top-k's.
  ///
  /// Errors  ProtocolError for a code that stands for none, and for a share that top-k refuses.
  [[nodiscard]] static AnyEncoding of(std::uint8_t code, double share = 1) {
    AnyEncoding found;
    if (!find(found.held_, code)) {
      throw ProtocolError("tensor encoding is " + std::to_string(code) +
                          ", which stands for none that this side knows");
    }
    if (code % 0x80 != encodings::TopK::kCode) return found;
    if (!(share > 0 && share <= 1)) {
      throw ProtocolError("share of values sent is " + std::to_string(share) +
                          ", expected above 0 and at most 1");
    }
    const encodings::TopK top_k(share);
    if (code == encodings::TopK::kCode) {
      found.held_ = top_k;
    } else {
      found.held_ = encodings::Zstd(top_k);
    }
    found.share_ = share;
    return found;
  }

  [[nodiscard]] std::uint8_t code() const {
    return std::visit([](const auto& encoding) { return std::decay_t<decltype(encoding)>::kCode; },
                      held_);
  }
  /// Of the values that are sent.
  [[nodiscard]] double share() const { return share_; }
  [[nodiscard]] std::string describe() const {
    return std::visit([](const auto& encoding) { return encoding.describe(); }, held_);
  }
  /// Code, extents and values of a tensor.
  void write(const Tensor<float>& values, ByteWriter& writer) const {
    std::visit([&](const auto& encoding) { write_encoded(encoding, values, writer); }, held_);
  }
  /// The values of a tensor whose code and extents were read, and held against the receiver's
  /// limits. Throws ProtocolError.
  [[nodiscard]] Tensor<float> read(const Shape& shape, ByteReader& reader) const {
    return std::visit([&](const auto& encoding) { return encoding.read(shape, reader); }, held_);
  }

 private:
  using Held =
      std::variant<encodings::Float32, encodings::Float16, encodings::Bfloat16, encodings::Uint8,
                   encodings::Int8, encodings::TopK, encodings::Zstd<encodings::Float32>,
                   encodings::Zstd<encodings::Float16>, encodings::Zstd<encodings::Bfloat16>,
                   encodings::Zstd<encodings::Uint8>, encodings::Zstd<encodings::Int8>,
                   encodings::Zstd<encodings::TopK>>;

  template <std::size_t I = 0>
  [[nodiscard]] static bool find(Held& held, std::uint8_t code) {
    if constexpr (I == std::variant_size_v<Held>) {
      return false;
    } else {
      using E = std::variant_alternative_t<I, Held>;
      if (E::kCode != code) return find<I + 1>(held, code);
      held.template emplace<I>();
      return true;
    }
  }

  Held held_;
  double share_ = 1;
};

}  // namespace asyndgan::protocol
