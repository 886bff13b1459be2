// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/buffer.hpp"

#include <algorithm>

#include "support/catch.hpp"

namespace asyndgan::kernels {
namespace {

TEST_CASE("A buffer is a regular value", "[kernels]") {
  Buffer<int> a(3);
  std::fill_n(a.data(), 3, 7);
  Buffer<int> b = a;
  b.data()[1] = 8;
  CHECK(a.to_host() == std::vector<int>{7, 7, 7});
  CHECK(b.to_host() == std::vector<int>{7, 8, 7});
  a = std::move(b);
  CHECK(a.to_host() == std::vector<int>{7, 8, 7});
  CHECK(a.bytes() == 3 * sizeof(int));
  CHECK(Buffer<int>().to_host().empty());
}

}  // namespace
}  // namespace asyndgan::kernels
