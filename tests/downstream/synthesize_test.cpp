// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/downstream/synthesize.hpp"

#include <set>

#include "asyndgan/data/phantom.hpp"
#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/networks/resnet_generator.hpp"
#include "support/catch.hpp"

namespace asyndgan::downstream {
namespace {

using Generator = networks::ResnetGenerator<float>;
constexpr modality::GeneratorInput kInput{.classes = 3, .noise_channels = 1};

Generator small_generator(int out_channels = 1) {
  Generator generator({.in_channels = kInput.channels(),
                       .out_channels = out_channels,
                       .base_channels = 4,
                       .blocks = 1});
  State<float> state;
  generator.collect("", state);
  layers::initialize(state, {.gain = 0.2}, {.seed = 3});
  return generator;
}

data::Slices phantoms(int count) {
  return data::phantom({.count = count, .height = 16, .width = 20, .classes = 3});
}

float at(const data::Slices& slices, std::size_t image, std::size_t pixel) {
  return slices.images.values()[image * slices.images.shape().image() + pixel];
}

/// Whether two images are equal in every pixel.
bool same_image(const data::Slices& a, std::size_t i, const data::Slices& b, std::size_t j) {
  bool same = true;
  for (std::size_t p = 0; p < a.images.shape().image(); ++p)
    same = same && at(a, i, p) == at(b, j, p);
  return same;
}

TEST_CASE("Synthetic slices carry the maps they were drawn for, copy by copy", "[downstream]") {
  auto generator = small_generator();
  const auto real = phantoms(5);
  const auto drawn = synthesize(generator, kInput, real.labels, real.info,
                                {.copies = 2, .batch = 2, .channels = {"t1"}});
  REQUIRE(drawn.images.shape() == Shape{10, 1, 16, 20});
  CHECK(drawn.classes == 3);
  CHECK(drawn.channels == std::vector<std::string>{"t1"});
  for (std::size_t i = 0; i < 10; ++i) {
    const auto& info = drawn.info[i];
    CHECK(info.case_id == real.info[i % 5].case_id + (i < 5 ? "" : "+1"));
    CHECK(info.spacing_y == real.info[i % 5].spacing_y);
  }
  const std::size_t half = real.labels.labels.size();
  CHECK(std::equal(real.labels.labels.begin(), real.labels.labels.end(),
                   drawn.labels.labels.begin()));
  CHECK(std::equal(real.labels.labels.begin(), real.labels.labels.end(),
                   drawn.labels.labels.begin() + static_cast<std::ptrdiff_t>(half)));
  for (std::size_t i = 0; i < 5; ++i) CHECK_FALSE(same_image(drawn, i, drawn, i + 5));
}

TEST_CASE("An image is what the generator makes of its map, noise and dropout", "[downstream]") {
  auto generator = small_generator();
  const auto real = phantoms(3);
  const auto drawn = synthesize(generator, kInput, real.labels, {}, {.batch = 2, .seed = 9});
  CHECK(drawn.info[2].case_id == "map-2");
  CHECK(drawn.channels == std::vector<std::string>{"c0"});

  LabelMap last(1, 16, 20);  // the second batch
  std::copy(real.labels.labels.end() - 320, real.labels.labels.end(), last.labels.begin());
  const layers::Pass pass{.training = false, .dropout = true, .key = {.seed = 9, .step = 1}};
  Generator::Saved saved;
  const auto expected = generator.forward(kInput.make<float>(last, pass.key), saved, pass);
  for (std::size_t p = 0; p < 320; ++p) REQUIRE(at(drawn, 2, p) == expected.values()[p]);
}

TEST_CASE("The same seed draws the same images, another seed others", "[downstream]") {
  auto generator = small_generator();
  const auto real = phantoms(3);
  const auto once = synthesize(generator, kInput, real.labels, real.info, {.seed = 1});
  const auto again = synthesize(generator, kInput, real.labels, real.info, {.seed = 1});
  const auto other = synthesize(generator, kInput, real.labels, real.info, {.seed = 2});
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(same_image(once, i, again, i));
    CHECK_FALSE(same_image(once, i, other, i));
  }
}

TEST_CASE("Averaged weights draw, and the generator has its own back afterwards", "[downstream]") {
  auto generator = small_generator();
  State<float> state;
  generator.collect("", state);
  optim::WeightAverage<float> average(state, 0.9);
  const auto real = phantoms(2);
  const auto draw = [&] { return synthesize(generator, kInput, real.labels, real.info, {}); };
  const auto before = draw();
  for (auto& [name, parameter] : state.parameters) {
    for (float& value : parameter->value.values()) value *= 1.5F;
  }
  const auto changed = draw();
  CHECK_FALSE(same_image(before, 0, changed, 0));
  const auto averaged = synthesize(generator, average, kInput, real.labels, real.info, {});
  CHECK(same_image(before, 0, averaged, 0));  // the average still is where it started
  CHECK(same_image(changed, 0, draw(), 0));
}

TEST_CASE("Synthesis tells how far it is", "[downstream]") {
  auto generator = small_generator();
  const auto real = phantoms(3);
  std::vector<int> heard;
  (void)synthesize(generator, kInput, real.labels, real.info, {.copies = 2, .batch = 2},
                   [&](int done, int all) {
                     CHECK(all == 6);
                     heard.push_back(done);
                   });
  CHECK(heard == std::vector<int>{2, 3, 5, 6});
}

TEST_CASE("Synthesis refuses what does not fit", "[downstream]") {
  auto generator = small_generator();
  const auto real = phantoms(2);
  CHECK_THROWS_WITH(synthesize(generator, kInput, real.labels, {{"a"}}, {}),
                    "synthesize: 1 infos for 2 label maps");
  CHECK_THROWS_WITH(synthesize(generator, kInput, real.labels, {}, {.copies = 0}),
                    "synthesize: 0 copies in batches of 8, expected at least 1 of each");
  CHECK_THROWS_AS(synthesize(generator, {.classes = 4}, real.labels, {}, {}), ShapeError);
  CHECK_THROWS_AS(synthesize(generator, kInput, real.labels, {}, {.channels = {"a", "b"}}),
                  ContractViolation);
}

}  // namespace
}  // namespace asyndgan::downstream
