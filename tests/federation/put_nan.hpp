// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>
#include <limits>
#include <span>
#include <vector>

#include "asyndgan/protocol/checksum.hpp"
#include "asyndgan/protocol/frame.hpp"

namespace asyndgan::test {

/// Into the first value of a gradient's frame: a release would not let it leave.
inline void put_nan(std::vector<std::byte>& frame) {
  constexpr std::size_t kFirstValue = protocol::FrameHeader::kSize + 17;  // behind the extents
  const float value = std::numeric_limits<float>::quiet_NaN();
  std::memcpy(frame.data() + kFirstValue, &value, sizeof value);
  const auto payload = protocol::crc32c(std::span(frame).subspan(protocol::FrameHeader::kSize));
  std::memcpy(frame.data() + 32, &payload, sizeof payload);
  const auto header = protocol::crc32c(std::span(frame).first(36));
  std::memcpy(frame.data() + 36, &header, sizeof header);
}

}  // namespace asyndgan::test
