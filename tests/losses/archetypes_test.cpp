// SPDX-License-Identifier: Apache-2.0
#include "support/archetypes.hpp"

#include "support/catch.hpp"
#include "support/layer_check.hpp"

namespace asyndgan {
namespace {

static_assert(layers::Layer<test::IdentityLayer>);
static_assert(losses::AdversarialPolicy<test::MeanPolicy>);
static_assert(!losses::AdversarialPolicy<test::PolicyWithoutSlope>);

// A concept over a missing member type cannot be asked about the type itself, only about a
// substitution.
template <class L>
concept IsLayer = requires {
  requires layers::Layer<L>;
};
static_assert(IsLayer<test::IdentityLayer>);
static_assert(!IsLayer<test::LayerWithoutSaved>);

TEST_CASE("The smallest layer passes the gradient check", "[losses]") {
  test::IdentityLayer layer;
  CHECK(test::gradient_error(layer, test::uniform<double>({2, 3, 7, 5}, 1)) <
        1e-9);  // measured 1.2e-10
}

TEST_CASE("A user's own policy is all that a new adversarial loss takes", "[losses]") {
  const auto map = Tensor<double>::from_host({1, 1, 1, 2}, std::vector<double>{1, 3});
  const auto loss = losses::Adversarial<test::MeanPolicy>::generator(map);
  CHECK(loss.value == -2);
  CHECK(loss.gradient.to_host() == std::vector<double>{-0.5, -0.5});
}

}  // namespace
}  // namespace asyndgan
