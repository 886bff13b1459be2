// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "asyndgan/core/error.hpp"

/// What the targets of this folder share. Each is a function of bytes that a stranger chose: it
/// may throw asyndgan::Error and do nothing else that a sanitizer or libFuzzer would notice.
namespace asyndgan::fuzz {

/// Reads `bytes`; that they are refused is fine.
template <class Read>
void refused_or_read(const Read& read) {
  try {
    (void)read();
  } catch (const Error&) {
  }
}

[[nodiscard]] inline std::span<const std::byte> bytes_of(const std::uint8_t* data,
                                                         std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

}  // namespace asyndgan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
