// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/quantize.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "support/catch.hpp"
#include "support/instruction_sets.hpp"

namespace asyndgan::kernels {
namespace {

using Limits = std::numeric_limits<float>;

/// What C++ itself rounds to the nearest, ties to even.
std::uint8_t level_of(float value) {
  return static_cast<std::uint8_t>(
      std::nearbyint(std::clamp(static_cast<double>(value), -1.0, 1.0) * 127.5 + 127.5));
}
std::int8_t steps_of(float value, float inverse) {
  return static_cast<std::int8_t>(
      std::nearbyint(static_cast<double>(value) * static_cast<double>(inverse)));
}

/// Each of `values` with the floats on both sides of it, of both signs.
std::vector<float> with_neighbours(const std::vector<float>& values) {
  std::vector<float> all;
  for (const float value : values) {
    for (const float near :
         {value, std::nextafter(value, Limits::lowest()), std::nextafter(value, Limits::max())}) {
      all.push_back(near);
      all.push_back(-near);
    }
  }
  return all;
}

/// More than one thread takes, and no whole number of vectors.
std::vector<float> many(float largest) {
  std::mt19937 random(1);
  std::uniform_real_distribution<float> draw(-largest, largest);
  std::vector<float> values(2 * detail::kQuantizeGrain + 37);
  std::generate(values.begin(), values.end(), [&] { return draw(random); });
  return values;
}

TEST_CASE("Every instruction set rounds to the same levels, ties to even", "[kernels]") {
  std::vector<float> values{0, Limits::denorm_min(), Limits::min(), 1, Limits::max(), 1e-9F};
  for (int half = 0; half < 511; ++half) {  // levels, and the middles between them
    values.push_back(static_cast<float>((half / 2.0 - 127.5) / 127.5));
  }
  values = with_neighbours(values);
  values.push_back(Limits::infinity());
  values.push_back(-Limits::infinity());
  const auto random = many(1.1F);
  values.insert(values.end(), random.begin(), random.end());
  test::for_each_instruction_set([&] {
    std::vector<std::uint8_t> codes(values.size());
    to_levels(values, codes);
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < codes.size(); ++i) wrong += codes[i] != level_of(values[i]) ? 1 : 0;
    CHECK(wrong == 0);
  });
}

TEST_CASE("Every instruction set has the same values for the levels", "[kernels]") {
  std::vector<std::uint8_t> codes(259);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::uint8_t>(i);
  test::for_each_instruction_set([&] {
    std::vector<float> values(codes.size());
    from_levels(codes, values);
    for (std::size_t i = 0; i < codes.size(); ++i) {
      CHECK(values[i] == static_cast<float>((2.0 * codes[i] - 255) / 255));
    }
  });
}

TEST_CASE("Every instruction set counts the same steps, ties to even", "[kernels]") {
  for (const float step : {1.0F, 0.1F, 3e-30F, Limits::max() / 128, Limits::min()}) {
    const float inverse = 1 / step;
    std::vector<float> values{0, Limits::denorm_min()};
    for (int half = -254; half <= 254; ++half) {
      values.push_back(static_cast<float>(half / 2.0 * static_cast<double>(step)));
    }
    values = with_neighbours(values);
    std::erase_if(values, [&](float value) { return !(std::abs(value) <= 127 * step); });
    const auto random = many(127 * step);
    values.insert(values.end(), random.begin(), random.end());
    test::for_each_instruction_set([&] {
      std::vector<std::int8_t> codes(values.size());
      to_steps(values, inverse, codes);
      std::size_t wrong = 0;
      for (std::size_t i = 0; i < codes.size(); ++i) {
        wrong += codes[i] != steps_of(values[i], inverse) ? 1 : 0;
      }
      CHECK(wrong == 0);
    });
  }
}

TEST_CASE("Every instruction set has the same values for counts of steps", "[kernels]") {
  std::vector<std::int8_t> codes(259);
  for (std::size_t i = 0; i < codes.size(); ++i) codes[i] = static_cast<std::int8_t>(i);
  for (const float step : {0.0F, 1.0F, 0.1F, Limits::denorm_min(), Limits::max() / 128}) {
    test::for_each_instruction_set([&] {
      std::vector<float> values(codes.size());
      from_steps(codes, step, values);
      for (std::size_t i = 0; i < codes.size(); ++i) {
        const float exact = step * static_cast<float>(std::max<int>(codes[i], -127));
        CHECK(std::memcmp(&values[i], &exact, sizeof exact) == 0);  // -0 too
      }
    });
  }
}

TEST_CASE("The largest magnitude is found wherever it is, and NaN is above all", "[kernels]") {
  const auto bits = [](float value) { return std::bit_cast<std::uint32_t>(value); };
  test::for_each_instruction_set([&] {
    CHECK(largest_magnitude_bits({}) == 0);
    CHECK(largest_magnitude_bits(std::vector<float>{-0.0F}) == 0);
    CHECK(largest_magnitude_bits(std::vector<float>{1, -2, 1.5F}) == bits(2));
    auto values = many(1);
    for (const std::size_t at : {std::size_t{0}, values.size() / 2, values.size() - 1}) {
      const float before = values[at];
      values[at] = -3;
      CHECK(largest_magnitude_bits(values) == bits(3));
      values[at] = -Limits::infinity();
      CHECK(largest_magnitude_bits(values) == bits(Limits::infinity()));
      values[at] = std::copysign(Limits::quiet_NaN(), -1.0F);
      CHECK(largest_magnitude_bits(values) > bits(Limits::infinity()));
      values[at] = before;
    }
  });
}

}  // namespace
}  // namespace asyndgan::kernels
