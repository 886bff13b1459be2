// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/telemetry/base64.hpp"

#include <array>

#include "support/catch.hpp"

namespace asyndgan::telemetry {
namespace {

std::string of_text(std::string_view text) { return base64(std::as_bytes(std::span(text))); }

TEST_CASE("base64 gives the vectors of RFC 4648, section 10", "[telemetry]") {
  CHECK(of_text("").empty());
  CHECK(of_text("f") == "Zg==");
  CHECK(of_text("fo") == "Zm8=");
  CHECK(of_text("foo") == "Zm9v");
  CHECK(of_text("foob") == "Zm9vYg==");
  CHECK(of_text("fooba") == "Zm9vYmE=");
  CHECK(of_text("foobar") == "Zm9vYmFy");
}

TEST_CASE("base64 keeps the upper half of a byte", "[telemetry]") {
  constexpr std::array bytes = {std::byte{0xFF}, std::byte{0xFE}, std::byte{0x3E}, std::byte{0x80}};
  CHECK(base64(bytes) == "//4+gA==");
}

}  // namespace
}  // namespace asyndgan::telemetry
