// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/modality/generator_input.hpp"

#include <cmath>
#include <cstdint>
#include <set>

#include "support/catch.hpp"

namespace asyndgan::modality {
namespace {

LabelMap maps() {
  LabelMap map(2, 20, 30);
  for (std::size_t i = 0; i < map.labels.size(); ++i) {
    map.labels[i] = static_cast<std::uint8_t>(i % 3);
  }
  return map;
}

TEST_CASE("The generator is given a channel for each class, then noise", "[modality]") {
  const GeneratorInput input{.classes = 3, .noise_channels = 2};
  const auto x = input.make<double>(maps(), {.seed = 4, .site = 1, .step = 7});
  REQUIRE(x.shape() == Shape{2, 5, 20, 30});
  double sum = 0;
  double squares = 0;
  std::set<double> noise;
  for (int n = 0; n < 2; ++n) {
    for (int y = 0; y < 20; ++y) {
      for (int v = 0; v < 30; ++v) {
        for (int c = 0; c < 3; ++c) REQUIRE(x(n, c, y, v) == (maps().at(n, y, v) == c ? 1 : 0));
        for (int c = 3; c < 5; ++c) {
          sum += x(n, c, y, v);
          squares += x(n, c, y, v) * x(n, c, y, v);
          noise.insert(x(n, c, y, v));
        }
      }
    }
  }
  // Standard normal, 2400 numbers of their own: 5 standard deviations of mean and variance.
  CHECK(noise.size() == 2400);
  CHECK(std::abs(sum / 2400) < 5 / std::sqrt(2400.0));              // 0.03 measured
  CHECK(std::abs(squares / 2400 - 1) < 5 * std::sqrt(2 / 2400.0));  // 0.006 measured
}

TEST_CASE("Noise is drawn by key: the same for the same, another for another step", "[modality]") {
  const GeneratorInput input{.classes = 3, .noise_channels = 1};
  const auto values = [&](std::uint32_t step) {
    return input.make<float>(maps(), {.seed = 4, .site = 1, .step = step}).to_host();
  };
  CHECK(values(7) == values(7));
  CHECK(values(7) != values(8));
  // Whatever else the key is used for does not show.
  CHECK(input
            .make<float>(maps(),
                         {.seed = 4, .site = 1, .step = 7, .purpose = random::Purpose::dropout})
            .to_host() == values(7));
}

TEST_CASE("Without noise the input is the one-hot map, and labels beyond the classes are refused",
          "[modality]") {
  const GeneratorInput input{.classes = 3, .noise_channels = 0};
  CHECK(input.channels() == 3);
  CHECK(input.make<float>(maps(), {}).to_host() == one_hot<float>(maps(), 3).to_host());
  const GeneratorInput narrow{.classes = 2, .noise_channels = 1};
  CHECK_THROWS_AS(narrow.make<float>(maps(), {}), ContractViolation);
}

}  // namespace
}  // namespace asyndgan::modality
