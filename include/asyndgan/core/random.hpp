// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>

namespace asyndgan::random {

/// What a random number is for. Two purposes never share a number.
enum class Purpose : std::uint32_t {
  initialize = 1,
  dropout = 2,
  noise = 3,
  sample_masks = 4,
  sample_real = 5,
  augment = 6,
  sanitize = 7,
  phantom = 8,
  bootstrap = 9,
  test = 10,
  transport = 11,
};

/// Names one stream of random numbers: who draws, when, and for what.
struct Key {
  std::uint64_t seed = 0;
  std::uint32_t site = 0;  // 0 is the central node
  std::uint32_t step = 0;
  Purpose purpose = Purpose::test;

  friend constexpr bool operator==(const Key&, const Key&) = default;
};

inline constexpr int kPhiloxRounds = 10;
inline constexpr std::array<std::uint64_t, 2> kPhiloxMultipliers{0xD2511F53, 0xCD9E8D57};
inline constexpr std::array<std::uint32_t, 2> kPhiloxWeyl{0x9E3779B9, 0xBB67AE85};

/// Philox 4x32-10: 128 random bits for (key, counter), a pure function.
/// Source  Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", section 4.
[[nodiscard]] constexpr std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter,
                                                            std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const std::uint64_t product0 = kPhiloxMultipliers[0] * counter[0];
    const std::uint64_t product1 = kPhiloxMultipliers[1] * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += kPhiloxWeyl[0];
    key[1] += kPhiloxWeyl[1];
  }
  return counter;
}

/// A sequence with random access: number `i` depends on the key and `i` alone, so the order
/// and the number of threads that draw from it change nothing.
class Stream {
 public:
  constexpr explicit Stream(const Key& key)
      : key_{static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)},
        site_(key.site ^ (static_cast<std::uint32_t>(key.purpose) << 24)),
        step_(key.step) {}

  /// Number `index` of the sequence, uniform over 32 bits.
  [[nodiscard]] constexpr std::uint32_t bits(std::uint64_t index) const {
    return block(index / 4)[index % 4];
  }

  /// Numbers 4*number ... 4*number + 3 at the price of one.
  [[nodiscard]] constexpr std::array<std::uint32_t, 4> block(std::uint64_t number) const {
    return philox(counter(number), key_);
  }
  /// What block() is philox of, for kernels that work out many blocks at once.
  [[nodiscard]] constexpr std::array<std::uint32_t, 4> counter(std::uint64_t number) const {
    return {static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number >> 32), step_,
            site_};
  }
  [[nodiscard]] constexpr std::array<std::uint32_t, 2> philox_key() const { return key_; }

  /// Uniform in [0, 1), 24 bits.
  [[nodiscard]] constexpr double uniform(std::uint64_t index) const {
    return static_cast<double>(bits(index) >> 8) * 0x1p-24;
  }

  /// Uniform in {0, ..., count - 1}, by multiply-shift: bias below count / 2^32.
  [[nodiscard]] constexpr std::uint32_t below(std::uint64_t index, std::uint32_t count) const {
    return static_cast<std::uint32_t>((static_cast<std::uint64_t>(bits(index)) * count) >> 32);
  }

  /// Standard normal, by Box and Muller from the 64 bits of one half block.
  [[nodiscard]] double normal(std::uint64_t index) const {
    const auto words = block(index / 2);
    const std::size_t half = 2 * (index % 2);
    const double u = (static_cast<double>(words[half]) + 1.0) * 0x1p-32;  // (0, 1]
    const double v = static_cast<double>(words[half + 1]) * 0x1p-32;      // [0, 1)
    return std::sqrt(-2.0 * std::log(u)) * std::cos(2.0 * std::numbers::pi * v);
  }

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint32_t site_;
  std::uint32_t step_;
};

/// Draws one number after another from a Stream, for code that is sequential by nature.
class Sequence {
 public:
  constexpr explicit Sequence(const Key& key) : stream_(key) {}

  [[nodiscard]] constexpr double uniform() { return stream_.uniform(next_++); }
  [[nodiscard]] constexpr double uniform(double low, double high) {
    return low + (high - low) * uniform();
  }
  [[nodiscard]] constexpr std::uint32_t below(std::uint32_t count) {
    return stream_.below(next_++, count);
  }
  [[nodiscard]] double normal() { return stream_.normal(next_++); }

 private:
  Stream stream_;
  std::uint64_t next_ = 0;
};

}  // namespace asyndgan::random
