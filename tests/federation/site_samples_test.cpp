// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/site_samples.hpp"

#include <algorithm>

#include "asyndgan/data/phantom.hpp"
#include "support/catch.hpp"

namespace asyndgan::federation {
namespace {

constexpr int kSampleClasses = 3;

data::Slices slices(int count = 6) {
  auto all = data::phantom({.count = count,
                            .height = 8,
                            .width = 8,
                            .channels = 1,
                            .classes = kSampleClasses,
                            .seed = 4});
  all.channels = {"b"};
  return all;
}

SiteSamples<float> samples(const privacy::SitePolicy& policy = {}, bool flip = true) {
  return {privacy::Private(slices()), {"a", "b"}, policy, {.site = "s", .secret = 9, .flip = flip}};
}

LabelMap maps_of(SiteSamples<float>& site) {
  const auto drawn = site.draw_maps(4);
  return drawn.at_site();
}

TEST_CASE("Label maps stay until the draws advance, real images come anew each time",
          "[federation]") {
  auto site = samples();
  const LabelMap first = maps_of(site);
  CHECK(maps_of(site) == first);
  site.advance(4);
  CHECK_FALSE(maps_of(site) == first);

  const auto real = site.draw_real(4);
  const auto next = site.draw_real(4);
  CHECK_FALSE(real.condition.labels == next.condition.labels);
}

TEST_CASE("Paired images are those of the label maps", "[federation]") {
  auto site = samples();
  const auto paired = site.draw_paired(4);
  CHECK(paired.condition.labels == maps_of(site));
  // Without flips each is one of the site's own, whole, in the run's second channel.
  auto plain = samples({}, /*flip=*/false);
  const auto own = slices();
  const auto drawn = plain.draw_paired(4);
  const Tensor<float>& images = drawn.images.at_site();
  REQUIRE(images.shape() == Shape{4, 2, 8, 8});
  for (int n = 0; n < 4; ++n) {
    CHECK(std::all_of(&images(n, 0, 0, 0), &images(n, 0, 0, 0) + 64,
                      [](float value) { return value == 0; }));
    int matches = 0;
    for (int i = 0; i < 6; ++i) {
      matches += std::equal(&images(n, 1, 0, 0), &images(n, 1, 0, 0) + 64, &own.images(i, 0, 0, 0));
    }
    CHECK(matches == 1);
  }
}

TEST_CASE("Every draw of a real image is a query, of a label map none", "[federation]") {
  auto site = samples({.queries_per_site = 9});
  (void)site.draw_maps(4);
  site.advance(4);
  (void)site.draw_real(4);
  (void)site.draw_paired(4);
  CHECK_THROWS_AS(site.draw_real(4), PolicyError);
  (void)site.draw_real(1);
}

TEST_CASE("Counters carry the draws over", "[federation]") {
  auto site = samples();
  site.advance(5);
  (void)site.draw_real(3);
  State<float> from;
  site.collect(from);
  auto resumed = samples();
  State<float> to;
  resumed.collect(to);
  for (std::size_t i = 0; i < from.counters.size(); ++i) {
    const auto& counter = from.counters[i];
    std::copy_n(counter.count, std::max<std::size_t>(counter.list, 1), to.counters[i].count);
  }
  CHECK(maps_of(resumed) == maps_of(site));
  CHECK(resumed.draw_real(4).condition.labels == site.draw_real(4).condition.labels);
}

TEST_CASE("Images are counted by the classes in them", "[federation]") {
  auto own = slices(3);
  own.labels = LabelMap(3, 8, 8);  // background alone
  own.labels.at(1, 2, 2) = 2;
  own.labels.at(1, 2, 3) = 2;
  own.labels.at(2, 0, 0) = 2;
  const SiteSamples<float> site(privacy::Private(std::move(own)), {"b"}, {},
                                {.site = "s", .secret = 9});
  CHECK(site.images_by_class() == std::vector<std::size_t>{3, 0, 2});
}

TEST_CASE("A channel that the run does not have is refused", "[federation]") {
  CHECK_THROWS_WITH(
      (SiteSamples<float>(privacy::Private(slices()), {"a"}, {}, {.site = "s", .secret = 9})),
      "site 's' has a channel 'b' that its modality does not know");
}

TEST_CASE("A site without a secret is refused", "[federation]") {
  CHECK_THROWS_AS((SiteSamples<float>(privacy::Private(slices()), {"b"}, {}, {.site = "s"})),
                  ContractViolation);
}

}  // namespace
}  // namespace asyndgan::federation
