// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/privacy/release.hpp"

#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include "asyndgan/privacy/sanitizers/clip_norm.hpp"
#include "asyndgan/privacy/sanitizers/gaussian_noise.hpp"
#include "asyndgan/privacy/sanitizers/pass_through.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::privacy {
namespace {

constexpr std::uint64_t kSecret = 99;

SiteGradient<float> gradient(Reveals reveals, std::uint64_t samples_behind = 0) {
  return {test::uniform<float>({2, 1, 5, 7}, 3), reveals, samples_behind};
}

LabelMap stripes() {
  LabelMap map(4, 16, 9);
  for (std::size_t i = 0; i < map.labels.size(); ++i) {
    map.labels[i] = static_cast<std::uint8_t>(1 + i % 9);
  }
  return map;
}

TEST_CASE("The default policy lets an adversarial gradient out as it is", "[privacy]") {
  const Release release({}, kSecret);
  const auto released =
      release.gradient(gradient(Reveals::discriminator_only), PassThrough{}, /*step=*/1);
  CHECK(test::relative_error(released.value().to<float>(), test::uniform<float>({2, 1, 5, 7}, 3)) ==
        0);
  CHECK(released.provenance().content == Content::gradient);
  CHECK(released.provenance().items == 2);
  CHECK(released.provenance().reveals == Reveals::discriminator_only);
  CHECK(released.provenance().treatment == "unsanitized");
}

TEST_CASE("The default policy refuses a gradient that reads the paired image, whatever sanitizer",
          "[privacy]") {
  const Release release({}, kSecret);
  const std::string message =
      "a gradient computed from the paired image gives that image away; this site's policy "
      "forbids it (\"allow_gradients_that_reveal_images\" is false)";
  CHECK_THROWS_WITH(release.gradient(gradient(Reveals::paired_image), PassThrough{}, 1), message);
  CHECK_THROWS_WITH(release.gradient(gradient(Reveals::paired_image), ClipNorm(1), 1), message);
  CHECK_THROWS_AS(release.gradient(gradient(Reveals::paired_image),
                                   AnySanitizer(GaussianNoise({.norm = 1, .multiplier = 9})), 1),
                  PolicyError);
}

TEST_CASE("A gradient of unknown making counts as one that reveals the image", "[privacy]") {
  const SiteGradient<float> unmarked{Tensor<float>({1, 1, 2, 2})};
  CHECK_THROWS_AS(Release({}, kSecret).gradient(unmarked, PassThrough{}, 1), PolicyError);
}

TEST_CASE("After the opt-in a revealing gradient leaves through a bounding sanitizer only",
          "[privacy]") {
  const Release release({.allow_gradients_that_reveal_images = true}, kSecret);
  CHECK_THROWS_WITH(release.gradient(gradient(Reveals::paired_image), PassThrough{}, 1),
                    "a gradient that reveals paired_image may not leave 'unsanitized': use a "
                    "sanitizer that bounds it, such as clip_norm");
  const auto released = release.gradient(gradient(Reveals::paired_image), ClipNorm(1), 1);
  CHECK(released.provenance().reveals == Reveals::paired_image);
  CHECK(released.provenance().treatment == "clip_norm(1)");
}

TEST_CASE("Statistics behind a gradient are over enough samples, or it stays", "[privacy]") {
  const Release release({.minimum_batch = 16}, kSecret);
  CHECK_THROWS_WITH(release.gradient(gradient(Reveals::site_statistics, 15), PassThrough{}, 1),
                    "the statistics behind a gradient are over 15 samples, the policy's minimum "
                    "is 16 (\"minimum_batch\")");
  CHECK_NOTHROW(release.gradient(gradient(Reveals::site_statistics, 16), PassThrough{}, 1));
  const Release strict({.allow_site_statistics = false}, kSecret);
  CHECK_THROWS_WITH(strict.gradient(gradient(Reveals::site_statistics, 999), PassThrough{}, 1),
                    "a gradient computed from the site's statistics may not leave: "
                    "\"allow_site_statistics\" is false");
}

TEST_CASE("NaN and infinity do not leave", "[privacy]") {
  const Release release({}, kSecret);
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    auto broken = gradient(Reveals::discriminator_only);
    broken.d_fake(1, 0, 2, 3) = bad;
    CHECK_THROWS_AS(release.gradient(broken, PassThrough{}, 1), PolicyError);
    CHECK_THROWS_WITH(release.gradient(std::move(broken), PassThrough{}, 1),
                      "a gradient with " + std::to_string(bad) +
                          " does not leave: training has diverged at this site");
  }
}

TEST_CASE("Noise is repeatable, and differs between steps, sites and gradients", "[privacy]") {
  const GaussianNoise noise({.norm = 1, .multiplier = 1});
  const auto noisy = [&](std::uint64_t secret, std::uint64_t step, float shift = 0) {
    auto site_gradient = gradient(Reveals::discriminator_only);
    site_gradient.d_fake(0, 0, 0, 0) += shift;
    return Release({}, secret).gradient(std::move(site_gradient), noise, step).value().to<float>();
  };
  const auto once = noisy(1, 1);
  CHECK(test::relative_error(noisy(1, 1), once) == 0);
  CHECK(test::relative_error(noisy(1, 2), once) > 0.1);
  CHECK(test::relative_error(noisy(1, (std::uint64_t{1} << 32) + 1), once) > 0.1);
  CHECK(test::relative_error(noisy(2, 1), once) > 0.1);
  // Asked twice about one step with another fake: the difference must not be free of noise.
  const auto other = noisy(1, 1, 1e-6F);
  int equal = 0;
  for (std::size_t i = 0; i < once.size(); ++i) equal += once.values()[i] == other.values()[i];
  CHECK(equal == 0);
}

TEST_CASE("Label maps leave as the policy has it", "[privacy]") {
  const Private<LabelMap> maps(stripes());
  const auto plain = Release({}, kSecret).label_maps(maps, 1);
  CHECK(plain.value() == stripes());
  CHECK(plain.provenance().items == 4);
  CHECK(plain.provenance().treatment == "as they are");

  CHECK_THROWS_WITH(Release({.label_maps = MaskRelease::none}, kSecret).label_maps(maps, 1),
                    "label maps do not leave this site: its policy has \"label_maps\": \"none\"");

  const Release release({.label_maps = MaskRelease::augmented}, kSecret);
  const auto changed = release.label_maps(maps, 1);
  CHECK(changed.provenance().treatment == "augmented");
  CHECK(changed.value() != stripes());
  CHECK(changed.value() == release.label_maps(maps, 1).value());
  CHECK(changed.value() != release.label_maps(maps, 2).value());
}

TEST_CASE("An augmented map is a mirrored and shifted one", "[privacy]") {
  // One pixel a map shows where it went: 16 x 16, shifts of up to 2.
  LabelMap dots(200, 16, 16);
  for (int n = 0; n < dots.n; ++n) dots.at(n, 5, 3) = 7;
  const LabelMap moved = augment(dots, {.seed = 4, .purpose = random::Purpose::augment});
  std::set<std::pair<int, int>> places;
  for (int n = 0; n < moved.n; ++n) {
    for (int y = 0; y < moved.h; ++y) {
      for (int x = 0; x < moved.w; ++x) {
        if (moved.at(n, y, x) != 0) places.emplace(y, x);
      }
    }
  }
  // Rows 3 to 7; columns 1 to 5, or mirrored 12 around by 2: 50 places, all of them met in 200
  // draws (chance to miss one: 50 * (49/50)^200 = 0.9 places expected missing, hence 40).
  CHECK(places.size() > 40);
  for (const auto& [y, x] : places) {
    CHECK((y >= 3 && y <= 7));
    CHECK(((x >= 1 && x <= 5) || (x >= 10 && x <= 14)));
  }
}

TEST_CASE("Losses leave averaged over the policy's minimum of samples", "[privacy]") {
  const Release release({.minimum_batch = 8}, kSecret);
  LossAverage average;
  CHECK_FALSE(release.losses(average));
  average.add({.discriminator_real = 1, .discriminator_fake = 2, .generator = 3, .samples = 3});
  CHECK_FALSE(release.losses(average));
  CHECK(average.samples() == 3);  // kept for the next try
  average.add({.discriminator_real = 5, .discriminator_fake = 2, .generator = -1, .samples = 5});
  const auto released = release.losses(average);
  REQUIRE(released);
  CHECK(released->value() == Losses{3.5, 2, 0.5, 8});
  CHECK(released->provenance().items == 8);
  CHECK(average.samples() == 0);
  CHECK_FALSE(release.losses(average));
}

TEST_CASE("The sample count stays where the policy keeps it", "[privacy]") {
  const SiteFacts facts{.samples = 321, .channels = {"ct"}, .available = 1, .classes = 3};
  CHECK(Release({}, kSecret).facts(facts).value() == facts);
  const auto kept = Release({.allow_sample_count = false}, kSecret).facts(facts);
  CHECK(kept.value().samples == 0);
  CHECK(kept.value().channels == facts.channels);
}

}  // namespace
}  // namespace asyndgan::privacy
