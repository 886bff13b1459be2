// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/pad.hpp"

#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::kernels {
namespace {

TEST_CASE("Padding equals its definition, and the way back is its adjoint", "[kernels]") {
  for (const Shape shape : {Shape{2, 3, 7, 5}, Shape{1, 1, 4, 17}, Shape{3, 2, 9, 4}}) {
    for (const PaddingMode mode : {PaddingMode::zero, PaddingMode::reflect}) {
      for (const int amount : {0, 1, 3}) {
        const auto input = test::uniform<double>(shape, 1);
        auto output = Tensor<double>::uninitialized(pad_shape(shape, amount, mode));
        auto expected = Tensor<double>::uninitialized(output.shape());
        pad_forward(input, amount, mode, output);
        PadReference<double>::forward(input, amount, mode, expected);
        CHECK(output.to_host() == expected.to_host());

        const auto d_output = test::uniform<double>(output.shape(), 2);
        auto d_input = Tensor<double>::uninitialized(shape);
        pad_backward(d_output, amount, mode, d_input);
        CHECK(test::dot(d_output, output) ==
              Approx(test::dot(d_input, input)).epsilon(1e-12));  // measured 1e-15
      }
    }
  }
}

TEST_CASE("An amount that makes no padding is refused", "[kernels]") {
  CHECK_THROWS_WITH(pad_shape({1, 1, 8, 8}, -1, PaddingMode::zero), "pad: negative amount -1");
  CHECK_THROWS_WITH(pad_shape({1, 1, 3, 8}, 3, PaddingMode::reflect),
                    "pad: input (1, 1, 3, 8) is too small to reflect 3 pixels");
  CHECK(pad_shape({1, 1, 3, 8}, 3, PaddingMode::zero) == Shape{1, 1, 9, 14});
}

}  // namespace
}  // namespace asyndgan::kernels
