// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "asyndgan/telemetry/raster.hpp"

namespace asyndgan::telemetry {

/// `picture` as a PNG file: 8 bits a channel, grey or RGB, not interlaced. The same picture
/// gives the same bytes. Needs asyndgan::compiled, which brings zlib.
///
/// Errors  ContractViolation if the picture is empty, has other than 1 or 3 channels or
///         `pixels` of another size.
/// Source  PNG specification, third edition (W3C 2025), sections 5 and 11.
[[nodiscard]] std::vector<std::byte> encode_png(const Raster& picture);

struct Extent {
  int width = 0;
  int height = 0;
};

/// Size of the picture in a PNG file, from its header. Throws DataError if it is no PNG.
[[nodiscard]] Extent png_extent(std::span<const std::byte> file);

}  // namespace asyndgan::telemetry
