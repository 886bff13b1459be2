// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/losses/feature_statistics.hpp"

#include "asyndgan/kernels/elementwise.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"
#include "support/layer_check.hpp"

namespace asyndgan::losses {
namespace {

using Values = std::vector<double>;
using Site = RunningStatistics<double>;
using Maps = std::vector<const Tensor<double>*>;

Tensor<double> constant(const Shape& shape, double value) {
  Tensor<double> x(shape);
  kernels::fill(x, value);
  return x;
}

/// Left half class 0, right half class 1.
LabelMap halves(int n, int h, int w) {
  LabelMap labels(n, h, w);
  for (int i = 0; i < n; ++i) {
    for (int y = 0; y < h; ++y) {
      for (int x = w / 2; x < w; ++x) labels.at(i, y, x) = 1;
    }
  }
  return labels;
}

TEST_CASE("Statistics are an exponential average in which every image has one vote", "[losses]") {
  Site site({.channels = {1}, .decay = 0.9, .minimum_images = 2});
  const auto twos = constant({2, 1, 3, 3}, 2);
  const auto fives = constant({1, 1, 3, 3}, 5);
  site.update(Maps{&twos});
  const auto approx = Approx::custom().epsilon(1e-14);  // measured 0
  CHECK(site.snapshot(0).mean.at(0, 0, 0) == approx(2));
  site.update(Maps{&fives});
  const double votes = 0.9 * 2 + 1;
  CHECK(site.snapshot(0).votes.at(0, 0, 0) == approx(votes));
  CHECK(site.snapshot(0).mean.at(0, 0, 0) == approx((1.8 * 2 + 5) / votes));
  CHECK(site.snapshot(0).square.at(0, 0, 0) == approx((1.8 * 4 + 25) / votes));
}

TEST_CASE("Regions have their own statistics, at the size of the feature map", "[losses]") {
  Site site({.channels = {1}, .regions = 3, .decay = 0.9, .minimum_images = 1});
  Tensor<double> x({1, 1, 2, 4});
  for (int i = 0; i < 2; ++i) {
    for (int j = 0; j < 4; ++j) x(0, 0, i, j) = j < 2 ? 1 : 3;
  }
  site.update(Maps{&x}, halves(1, 8, 16));
  const auto now = site.snapshot(0);
  CHECK(now.mean.at(0, 0, 0) == 1);
  CHECK(now.mean.at(0, 1, 0) == 3);
  CHECK(now.votes.at(0, 1, 0) == 1);
  CHECK(now.votes.at(0, 2, 0) == 0);  // a class that no image had
}

TEST_CASE("A label map comes to another size by the labels at the centres of its pixels",
          "[losses]") {
  LabelMap labels(1, 1, 5);
  for (int x = 0; x < 5; ++x) labels.at(0, 0, x) = static_cast<std::uint8_t>(x);
  const auto at = [&](int width) { return detail::labels_at(labels, 1, width).labels; };
  CHECK(at(5) == labels.labels);
  CHECK(at(1) == std::vector<std::uint8_t>{2});
  CHECK(at(2) == std::vector<std::uint8_t>{1, 3});     // 1.25 and 3.75
  CHECK(at(3) == std::vector<std::uint8_t>{0, 2, 4});  // 0.83, 2.5 and 4.17
  CHECK(detail::labels_at(labels, 3, 1).labels == std::vector<std::uint8_t>{2, 2, 2});
}

TEST_CASE("The loss is the squared distance of batch means from the site's", "[losses]") {
  Site site({.channels = {2}, .decay = 0.9, .minimum_images = 2});
  const auto real = constant({2, 2, 3, 3}, 2);
  site.update(Maps{&real});
  auto fake = constant({2, 2, 3, 3}, 0);
  for (int i = 0; i < 9; ++i) fake.values()[static_cast<std::size_t>(i)] = 6;  // image 0, channel 0
  // Means 3 and 0, squares 18 and 0; the site has 2 and 4.
  const auto approx = Approx::custom().epsilon(1e-14);  // measured 0
  const auto loss = feature_statistics(site, Maps{&fake});
  CHECK(loss.value == approx((1.0 + 4 + 14 * 14 + 16) / 2));
  const auto means = feature_statistics(site, Maps{&fake}, {}, {.mean = 1, .second_moment = 0});
  CHECK(means.value == approx((1.0 + 4) / 2));
  CHECK(means.gradients[0](1, 0, 0, 0) == approx(2 * 1.0 / 2 / 18));
  CHECK(means.gradients[0](1, 1, 0, 0) == approx(2 * -2.0 / 2 / 18));
}

TEST_CASE("Nothing is said about a region before enough images have voted", "[losses]") {
  Site site({.channels = {1, 1}, .regions = 2, .decay = 0.9, .minimum_images = 3});
  const auto real = constant({2, 1, 4, 4}, 2);
  const auto fake = constant({1, 1, 4, 4}, 7);
  site.update(Maps{&real, &real}, halves(2, 4, 4));
  const auto early = feature_statistics(site, Maps{&fake, &fake}, halves(1, 4, 4));
  CHECK(early.value == 0);
  CHECK(early.gradients[0].empty());
  site.update(Maps{&real, &real}, LabelMap(2, 4, 4));  // class 0 only
  const auto late = feature_statistics(site, Maps{&fake, &fake}, halves(1, 4, 4),
                                       {.mean = 1, .second_moment = 0});
  CHECK(late.value == Approx(25).epsilon(1e-14));  // measured 0
  CHECK(late.gradients[1](0, 0, 0, 0) != 0);
  CHECK(late.gradients[1](0, 0, 0, 3) == 0);  // class 1 is not ready
}

TEST_CASE("One image moves the statistics by less than its share of the votes", "[losses]") {
  // What the loss can say about one image is bounded by its vote, at most 1/minimum_images.
  Site with({.channels = {1}, .decay = 0.999, .minimum_images = 32});
  Site without({.channels = {1}, .decay = 0.999, .minimum_images = 32});
  for (std::uint64_t i = 0; i < 64; ++i) {
    const auto image = test::uniform<double>({1, 1, 5, 5}, i);
    with.update(Maps{&image});
    if (i != 40) without.update(Maps{&image});
  }
  const double change = with.snapshot(0).mean.at(0, 0, 0) - without.snapshot(0).mean.at(0, 0, 0);
  CHECK(change != 0);
  CHECK(std::abs(change) < 2.0 / 32);  // values are in [-1, 1); measured 5e-4
}

TEST_CASE("Gradients of feature statistics match central differences", "[losses]") {
  Site site({.channels = {3, 2}, .regions = 2, .decay = 0.9, .minimum_images = 3});
  const LabelMap labels = halves(3, 14, 10);
  const auto real_a = test::uniform<double>({3, 3, 7, 5}, 1);
  const auto real_b = test::uniform<double>({3, 2, 3, 4}, 2);
  site.update(Maps{&real_a, &real_b}, labels);
  auto a = test::uniform<double>({3, 3, 7, 5}, 3);
  auto b = test::uniform<double>({3, 2, 3, 4}, 4);
  const auto loss = [&] { return feature_statistics(site, Maps{&a, &b}, labels); };
  const auto value = [&] { return loss().value; };
  const auto gradients = loss().gradients;
  CHECK(test::relative_error(gradients[0], test::central_difference(value, a)) <
        1e-8);  // measured at most 1.9e-9
  CHECK(test::relative_error(gradients[1], test::central_difference(value, b)) <
        1e-8);  // measured at most 1.9e-9
}

TEST_CASE("Statistics continue from their records", "[losses]") {
  const Site::Options options{.channels = {2}, .decay = 0.9, .minimum_images = 2};
  Site site(options);
  const auto real = test::uniform<double>({2, 2, 3, 3}, 1);
  site.update(Maps{&real});
  Site resumed(options);
  State<double> from;
  State<double> to;
  site.collect("statistics", from);
  resumed.collect("statistics", to);
  REQUIRE(from.buffers.size() == 3);
  CHECK(from.buffers[1].name == "statistics.0.mean");
  for (std::size_t i = 0; i < 3; ++i) *to.buffers[i].tensor = *from.buffers[i].tensor;
  CHECK(feature_statistics(resumed, Maps{&real}).value ==
        feature_statistics(site, Maps{&real}).value);
}

TEST_CASE("Statistics refuse feature maps and labels that do not fit", "[losses]") {
  Site site({.channels = {2}, .regions = 2, .decay = 0.9, .minimum_images = 2});
  const Tensor<double> x({1, 3, 4, 4});
  const Tensor<double> fits({1, 2, 4, 4});
  CHECK_THROWS_WITH(site.update(Maps{&x}, LabelMap(1, 4, 4)),
                    "RunningStatistics: feature map 0 has shape (1, 3, 4, 4), expected 2 channels");
  CHECK_THROWS_WITH(site.update(Maps{}, LabelMap(1, 4, 4)),
                    "RunningStatistics: 0 feature maps, expected 1");
  CHECK_THROWS_WITH(site.update(Maps{&fits}),
                    "RunningStatistics: 0 label maps for feature map 0 of shape (1, 2, 4, 4)");
  LabelMap labels(1, 4, 4);
  labels.at(0, 0, 0) = 2;
  CHECK_THROWS_WITH(site.update(Maps{&fits}, labels), "RunningStatistics: label 2 with 2 regions");
  CHECK_THROWS_WITH(
      Site({.channels = {2}, .decay = 0.9, .minimum_images = 11}),
      "RunningStatistics: decay 0.900000 forgets too fast for a minimum of 11 images");
}

TEST_CASE("Feature statistics are the same on any number of threads", "[losses]") {
  const auto real = test::uniform<double>({3, 5, 31, 33}, 1);
  const auto fake = test::uniform<double>({3, 5, 31, 33}, 2);
  CHECK(test::same_on_any_thread_count([&] {
    Site site({.channels = {5}, .regions = 2, .decay = 0.9, .minimum_images = 2});
    site.update(Maps{&real}, halves(3, 62, 66));
    const auto loss = feature_statistics(site, Maps{&fake}, halves(3, 62, 66));
    return std::pair(loss.value, loss.gradients[0].to_host());
  }));
}

}  // namespace
}  // namespace asyndgan::losses
