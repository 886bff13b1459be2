// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/concat.hpp"

#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::kernels {
namespace {

TEST_CASE("Concatenation puts a's channels before b's, image by image", "[kernels]") {
  const auto a = test::uniform<double>({2, 2, 3, 5}, 1);
  const auto b = test::uniform<double>({2, 3, 3, 5}, 2);
  const auto joined = concat_channels(a, b);
  REQUIRE(joined.shape() == Shape{2, 5, 3, 5});
  CHECK(joined(1, 1, 2, 4) == a(1, 1, 2, 4));
  CHECK(joined(0, 2, 0, 0) == b(0, 0, 0, 0));
  CHECK(joined(1, 4, 2, 3) == b(1, 2, 2, 3));
}

TEST_CASE("Splitting takes a concatenation apart", "[kernels]") {
  const auto a = test::uniform<double>({3, 2, 3, 5}, 1);
  const auto b = test::uniform<double>({3, 4, 3, 5}, 2);
  const auto [first, second] = split_channels(concat_channels(a, b), 2);
  CHECK(first.shape() == a.shape());
  CHECK(first.to_host() == a.to_host());
  CHECK(second.shape() == b.shape());
  CHECK(second.to_host() == b.to_host());
}

TEST_CASE("A side without channels is no exception", "[kernels]") {
  const auto a = test::uniform<double>({2, 2, 3, 5}, 1);
  const Tensor<double> none({2, 0, 3, 5});
  CHECK(concat_channels(a, none).to_host() == a.to_host());
  CHECK(concat_channels(none, a).to_host() == a.to_host());
  CHECK(split_channels(a, 0).second.to_host() == a.to_host());
  CHECK(split_channels(a, 2).first.to_host() == a.to_host());
}

TEST_CASE("Tensors that do not fit are refused", "[kernels]") {
  CHECK_THROWS_WITH(concat_channels(Tensor<float>({1, 2, 3, 5}), Tensor<float>({1, 2, 4, 5})),
                    "concat_channels: second tensor has shape (1, 2, 4, 5), expected (1, 2, 3, 5)");
  CHECK_THROWS_WITH(split_channels(Tensor<float>({1, 2, 3, 5}), 3),
                    "split_channels: 3 channels of (1, 2, 3, 5)");
}

}  // namespace
}  // namespace asyndgan::kernels
