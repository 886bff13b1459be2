// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"

namespace asyndgan::protocol {

namespace detail {
/// Bytes of the UTF-8 sequence at the front of `text`; 0 if there is none, or an overlong one,
/// a surrogate, or a control character, which has no place in a name or a log line.
[[nodiscard]] inline std::size_t printable_sequence(std::string_view text) {
  const auto at = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto within = [&](std::size_t i, unsigned low, unsigned high) {
    return i < text.size() && at(i) >= low && at(i) <= high;
  };
  const unsigned first = at(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  if (first >= 0xC2 && first <= 0xDF) {
    const unsigned low = first == 0xC2 ? 0xA0 : 0x80;  // below are the C1 controls
    return within(1, low, 0xBF) ? 2 : 0;
  }
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = first == 0xED ? 0x9F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;
    return within(1, low, high) && within(2, 0x80, 0xBF) && within(3, 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}
}  // namespace detail

static_assert(std::endian::native == std::endian::little,
              "the wire is little-endian and tensors are copied as they lie in memory");

/// Appends little-endian values to a growing array.
class ByteWriter {
 public:
  template <std::unsigned_integral U>
  void number(U value) {
    raw(&value, sizeof value);
  }
  void real(double value) { raw(&value, sizeof value); }

  /// Length in 32 bits, then the bytes.
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    raw(value.data(), value.size());
  }
  void raw(const void* data, std::size_t size) {
    const auto* begin = static_cast<const std::byte*>(data);
    bytes_.insert(bytes_.end(), begin, begin + size);
  }
  /// Makes room for `size` bytes that the caller fills.
  [[nodiscard]] std::span<std::byte> grow(std::size_t size) {
    bytes_.resize(bytes_.size() + size);
    return std::span(bytes_).last(size);
  }
  void shrink(std::size_t size) { bytes_.resize(bytes_.size() - size); }
  void reserve(std::size_t size) { bytes_.reserve(size); }

  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] std::span<std::byte> written() { return bytes_; }
  [[nodiscard]] std::vector<std::byte> take() && { return std::move(bytes_); }

 private:
  std::vector<std::byte> bytes_;
};

/// Reads little-endian values, each named for the error message.
///
/// Errors  ProtocolError naming the field, the value and what was expected.
class ByteReader {
 public:
  explicit ByteReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <std::unsigned_integral U>
  [[nodiscard]] U number(const char* field) {
    U value = 0;
    std::memcpy(&value, raw(field, sizeof value).data(), sizeof value);
    return value;
  }
  /// A number in [low, high].
  template <std::unsigned_integral U>
  [[nodiscard]] U number(const char* field, std::uint64_t low, std::uint64_t high) {
    const U value = number<U>(field);
    if (value < low || value > high) {
      throw ProtocolError(std::string(field) + " is " + std::to_string(value) + ", expected " +
                          std::to_string(low) + " to " + std::to_string(high));
    }
    return value;
  }
  [[nodiscard]] double real(const char* field) {
    double value = 0;
    std::memcpy(&value, raw(field, sizeof value).data(), sizeof value);
    return value;
  }
  /// Printable UTF-8 of at most `most` bytes: it may end up in a log or a report.
  [[nodiscard]] std::string text(const char* field, std::uint32_t most) {
    const auto length = number<std::uint32_t>(field, 0, most);
    const auto bytes = raw(field, length);
    const std::string_view view(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    for (std::size_t i = 0; i < view.size();) {
      const std::size_t sequence = detail::printable_sequence(view.substr(i));
      if (sequence == 0) {
        throw ProtocolError(std::string(field) + " has the byte " +
                            std::to_string(static_cast<unsigned char>(view[i])) + " at " +
                            std::to_string(i) + ", expected printable UTF-8");
      }
      i += sequence;
    }
    return std::string(view);
  }
  [[nodiscard]] std::span<const std::byte> raw(const char* field, std::uint64_t size) {
    if (size > rest_.size()) {
      throw ProtocolError(std::string(field) + " needs " + std::to_string(size) +
                          " bytes, the message has " + std::to_string(rest_.size()) + " left");
    }
    const auto taken = rest_.first(static_cast<std::size_t>(size));
    rest_ = rest_.subspan(static_cast<std::size_t>(size));
    return taken;
  }
  void expect_end() const {
    if (!rest_.empty()) {
      throw ProtocolError("message has " + std::to_string(rest_.size()) +
                          " bytes after its last field, expected 0");
    }
  }

 private:
  std::span<const std::byte> rest_;
};

}  // namespace asyndgan::protocol
