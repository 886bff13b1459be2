// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/screening.hpp"

#include <limits>
#include <vector>

#include "support/catch.hpp"

namespace asyndgan::federation {
namespace {

Tensor<float> gradient(const std::vector<float>& values) {
  return Tensor<float>::from_host({1, 2, 1, static_cast<int>(values.size() / 2)}, values);
}

std::string judge(const Tensor<float>& d_fake, const Conduct& conduct = {}) {
  return why_unusable(gradient_traits(d_fake), conduct);
}

TEST_CASE("A gradient's magnitude is the root of its mean square", "[federation]") {
  CHECK(gradient_traits(gradient({3, 4, 0, 0})).magnitude == 2.5);
  CHECK(gradient_traits(gradient({0, 0})).magnitude == 0);
  CHECK(gradient_traits(Tensor<float>()).magnitude == 0);
}

TEST_CASE("A gradient that says nothing of the fakes is not used", "[federation]") {
  CHECK(judge(gradient({1, 2, 3, 4})).empty());
  CHECK(judge(gradient({1, 1, 2, 2})) == "is the same in every pixel");
  CHECK(judge(gradient({0, 0, 1, 2})).empty());  // one channel that no discriminator judges
  CHECK(judge(gradient({0, 0, 0, 0})).empty());
  CHECK(judge(gradient({1, 2})).empty());  // single pixels
  const auto nan = std::numeric_limits<float>::quiet_NaN();
  const auto infinity = std::numeric_limits<float>::infinity();
  CHECK(judge(gradient({1, 2, nan, 4})) == "has a value that is not finite");
  CHECK(judge(gradient({1, 2, 3, -infinity})) == "has a value that is not finite");
  CHECK(judge(gradient({1, 2, 3, std::numeric_limits<float>::max()})).empty());
}

TEST_CASE("A gradient that is sent again is not used", "[federation]") {
  const auto first = gradient_traits(gradient({1, 2, 3, 4}));
  const Conduct conduct{.magnitude = first.magnitude, .last_sent = first.digest};
  CHECK(judge(gradient({1, 2, 3, 4}), conduct) == "is that of the fakes before, bit for bit");
  CHECK(judge(gradient({1, 2, 3, 4.5}), conduct).empty());
  CHECK(judge(gradient({2, 1, 3, 4}), conduct).empty());
}

TEST_CASE("A gradient far larger than the other sites' is not used", "[federation]") {
  const auto judged = [](std::vector<double> others, double largest_ratio = 1000) {
    const Screening screening{.largest_ratio = largest_ratio};
    const auto alone = why_too_large(2500, Magnitudes(others), 0, screening);
    for (const double own : {0.5, 2500.0, 1e12}) {  // its own is none of the others'
      others.push_back(own);
      CHECK(why_too_large(2500, Magnitudes(others), own, screening) == alone);
      others.pop_back();
    }
    return alone;
  };
  CHECK(judged({2, 2}) == "is 1.25e+03 times as large as the other sites'");
  CHECK(judged({2, 0, 2, 1e9}) == "is 1.25e+03 times as large as the other sites'");
  CHECK(judged({2.5, 2.5}).empty());
  CHECK(judged({2, 2}, 0).empty());
  CHECK(judged({2, 1e9}).empty());  // the median of two lies between
  // Of two sites nobody knows which one is wrong.
  CHECK(judged({}).empty());
  CHECK(judged({2, 0}).empty());
}

TEST_CASE("The typical magnitude is the median of those known", "[federation]") {
  CHECK(Magnitudes({}).typical() == 0);
  CHECK(Magnitudes({0, 0}).typical() == 0);
  CHECK(Magnitudes({5, 0, 1, 100}).typical() == 5);
  CHECK(Magnitudes({1, 100, 3, 2}).typical() == 2.5);
  CHECK(Magnitudes({1, 100, 3, 2}).typical_beside(0) == 2.5);
  CHECK(Magnitudes({1, 100, 3, 2}).typical_beside(1) == 3);
  CHECK(Magnitudes({1, 100, 3, 2}).typical_beside(3) == 2);
  CHECK(Magnitudes({3, 1, 3}).typical_beside(3) == 2);
  CHECK(Magnitudes({0, 7}).known_beside(7) == 0);
  CHECK(Magnitudes({0, 7}).typical_beside(7) == 0);
}

}  // namespace
}  // namespace asyndgan::federation
