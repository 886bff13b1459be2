// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/kernels/dropout.hpp"

#include "support/catch.hpp"
#include "support/gradient_check.hpp"
#include "support/instruction_sets.hpp"

namespace asyndgan::kernels {
namespace {

TEMPLATE_TEST_CASE("Dropout keeps what its definition keeps", "[kernels]", float, double) {
  using T = TestType;
  test::for_each_instruction_set([] {
    const random::Key key{
        .seed = 0x123456789ABCDEF0, .site = 3, .step = 9, .purpose = random::Purpose::dropout};
    // One past a block, and a start whose number does not fit 32 bits.
    for (const int size : {1, 6, 35, 2 * 16384 + 7}) {
      for (const double probability : {0.0, 0.1, 0.5, 0.999}) {
        const DropoutRule rule{.probability = probability, .key = key, .first = 5ULL << 40};
        const auto x = test::uniform<T>({1, 1, 1, size}, 1);
        auto y = x;
        Mask<> kept;
        dropout_forward(rule, y, kept);
        const T scale = static_cast<T>(rule.scale());
        bool same = true;
        const auto mask = kept.to_host();
        for (std::size_t i = 0; i < x.size(); ++i) {
          const bool keeps = DropoutReference::keeps(rule, i);
          same = same && mask[i] == (keeps ? 1 : 0) &&
                 y.values()[i] == (keeps ? x.values()[i] * scale : T(0));
        }
        CHECK(same);
        auto d_input = Tensor<T>::uninitialized(x.shape());
        dropout_backward(x, rule.scale(), kept, d_input);
        CHECK(d_input.to_host() == y.to_host());
      }
    }
  });
}

TEST_CASE("The blocks of a stream that straddle 2^32 are counted on", "[kernels]") {
  test::for_each_instruction_set([] {
    const DropoutRule rule{.probability = 0.5, .key = {.seed = 1}, .first = (1ULL << 34) - 64};
    Tensor<float> y({1, 1, 1, 128});
    Mask<> kept;
    dropout_forward(rule, y, kept);
    const auto mask = kept.to_host();
    for (std::size_t i = 0; i < mask.size(); ++i) {
      CHECK(mask[i] == (DropoutReference::keeps(rule, i) ? 1 : 0));
    }
  });
}

}  // namespace
}  // namespace asyndgan::kernels
