// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>

#include "asyndgan/kernels/quantize.hpp"
#include "asyndgan/protocol/encoding.hpp"

namespace asyndgan::protocol::encodings {

/// For gradients: each image has a float32 step of its own, a 127th of its largest magnitude, and
/// one signed byte a value, -127 to 127, says how many. The error is at most half a step and a part
/// in 2^16 of one; an image whose largest magnitude is below 127 * 2^-126 becomes 0.
struct Int8 {
  static constexpr std::uint8_t kCode = 19;

  [[nodiscard]] std::string describe() const { return "int8"; }
  [[nodiscard]] std::uint64_t most_bytes(const Shape& shape) const {
    return shape.size() + static_cast<std::uint64_t>(shape.n) * sizeof(float);
  }
  void write(const Tensor<float>& values, ByteWriter& writer) const {
    const std::size_t size = detail::image_size(values.shape());
    for (std::size_t at = 0; at < values.size(); at += size) {
      const std::span<const float> image = values.values().subspan(at, size);
      const std::uint32_t largest = kernels::largest_magnitude_bits(image);
      detail::require_finite(largest, "int8");
      const float exact = std::bit_cast<float>(largest) / 127.0F;
      const float step =
          exact < std::numeric_limits<float>::min() ? 0.0F : std::min(exact, kLargestStep);
      const float inverse = step == 0 ? 0.0F : 1.0F / step;
      writer.raw(&step, sizeof step);
      kernels::to_steps(image, inverse, detail::grow_codes<std::int8_t>(size, writer));
    }
  }
  [[nodiscard]] Tensor<float> read(const Shape& shape, ByteReader& reader) const {
    ByteReader part(reader.raw("tensor values", most_bytes(shape)));
    auto values = Tensor<float>::uninitialized(shape);
    const std::size_t size = detail::image_size(shape);
    for (std::size_t at = 0; at < values.size(); at += size) {
      const float step = std::bit_cast<float>(part.number<std::uint32_t>("tensor step"));
      if (!(step >= 0 && step <= kLargestStep)) {
        throw ProtocolError("tensor step is " + std::to_string(step) +
                            ", expected 0 or above, and finite images");
      }
      kernels::from_steps(detail::as_codes<std::int8_t>(part.raw("tensor codes", size)), step,
                          values.values().subspan(at, size));
    }
    return values;
  }

 private:
  // The largest of which 127 are still a float: the quotient was rounded up.
  static constexpr float kLargestStep = std::bit_cast<float>(
      std::bit_cast<std::uint32_t>(std::numeric_limits<float>::max() / 127) - 1);
};
static_assert(Encoding<Int8>);

}  // namespace asyndgan::protocol::encodings
