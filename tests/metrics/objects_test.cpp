// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/metrics/objects.hpp"

#include <algorithm>
#include <set>

#include "asyndgan/core/random.hpp"
#include "support/catch.hpp"

namespace asyndgan::metrics {
namespace {

LabelMap picture(const std::vector<std::string>& rows) {
  LabelMap map(1, static_cast<int>(rows.size()), static_cast<int>(rows.at(0).size()));
  for (int y = 0; y < map.h; ++y) {
    for (int x = 0; x < map.w; ++x) {
      map.at(0, y, x) = rows[static_cast<std::size_t>(y)][static_cast<std::size_t>(x)] == '#';
    }
  }
  return map;
}

TEST_CASE("Connected parts are numbered in reading order", "[metrics]") {
  const auto map = picture({"#..#",  //
                            ".#.#",  //
                            "..#.",  //
                            "#..."});
  CHECK(connected_components(map, 0, 1).ids == std::vector<std::uint32_t>{1, 0, 0, 1,  //
                                                                          0, 1, 0, 1,  //
                                                                          0, 0, 1, 0,  //
                                                                          2, 0, 0, 0});
  CHECK(connected_components(map, 0, 1, Neighbours::faces).ids ==
        std::vector<std::uint32_t>{1, 0, 0, 2,  //
                                   0, 3, 0, 2,  //
                                   0, 0, 4, 0,  //
                                   5, 0, 0, 0});
  CHECK_THROWS_AS(connected_components(map, 1, 1), ContractViolation);
}

TEST_CASE("Connected parts agree with spreading numbers until nothing changes", "[metrics]") {
  constexpr int h = 17;
  constexpr int w = 23;
  LabelMap map(1, h, w);
  const random::Stream stream({.seed = 5});
  for (std::size_t i = 0; i < map.labels.size(); ++i) map.labels[i] = stream.uniform(i) < 0.45;
  std::vector<int> number(map.labels.size());
  for (std::size_t i = 0; i < number.size(); ++i) {
    number[i] = map.labels[i] == 1 ? static_cast<int>(i) + 1 : 0;
  }
  const auto index = [](int y, int x) {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(w) + static_cast<std::size_t>(x);
  };
  for (bool changed = true; changed;) {
    changed = false;
    for (int y = 0; y < h; ++y) {
      for (int x = 0; x < w; ++x) {
        for (const auto& [ny, nx] : {std::pair{y - 1, x}, {y, x - 1}, {y + 1, x}, {y, x + 1}}) {
          if (ny < 0 || nx < 0 || ny >= h || nx >= w) continue;
          int& here = number[index(y, x)];
          const int there = number[index(ny, nx)];
          if (here == 0 || there == 0 || there >= here) continue;
          here = there;
          changed = true;
        }
      }
    }
  }
  const auto parts = connected_components(map, 0, 1, Neighbours::faces);
  const std::set<int> distinct(number.begin(), number.end());
  CHECK(distinct.size() == 1 + *std::max_element(parts.ids.begin(), parts.ids.end()));
  std::set<std::pair<int, std::uint32_t>> pairs;
  for (std::size_t i = 0; i < number.size(); ++i) pairs.emplace(number[i], parts.ids[i]);
  CHECK(pairs.size() == distinct.size());  // one to one
}

TEST_CASE("The aggregated Jaccard index is what the sums by hand give", "[metrics]") {
  // Truth 1 (3 pixels) meets prediction 7 in 2 of 4: 2 / 5. Truth 2 (2 pixels) meets none.
  // Prediction 9 (1 pixel) belongs to nothing. (2 + 0) / (5 + 2 + 1).
  const InstanceMap truth{2, 5, {1, 1, 1, 0, 0, 2, 2, 0, 0, 0}};
  const InstanceMap found{2, 5, {0, 7, 7, 7, 7, 0, 0, 0, 0, 9}};
  CHECK(*aggregated_jaccard(found, truth) == 2.0 / 8.0);
  CHECK(*aggregated_jaccard(truth, truth) == 1.0);
}

TEST_CASE("A predicted object that covers two true ones counts for both", "[metrics]") {
  const InstanceMap truth{1, 4, {1, 1, 2, 2}};
  const InstanceMap found{1, 4, {3, 3, 3, 3}};
  CHECK(*aggregated_jaccard(found, truth) == (2.0 + 2.0) / (4.0 + 4.0));
}

TEST_CASE("The aggregated Jaccard index agrees with a search over all pairs", "[metrics]") {
  for (std::uint64_t seed = 1; seed < 8; ++seed) {
    const random::Stream stream({.seed = seed});
    InstanceMap truth{9, 9, std::vector<std::uint32_t>(81)};
    InstanceMap found = truth;
    for (std::size_t i = 0; i < 81; ++i) {
      truth.ids[i] = stream.below(i, 6) * 10;
      // Two of three pixels follow the truth under another number.
      found.ids[i] = stream.uniform(100 + i) < 0.66 ? truth.ids[i] * 100 : stream.below(200 + i, 4);
    }
    const std::set<std::uint32_t> ts(truth.ids.begin(), truth.ids.end());
    const std::set<std::uint32_t> ps(found.ids.begin(), found.ids.end());
    const auto both = [&](std::uint32_t t, std::uint32_t p) {
      double shared = 0;
      double united = 0;
      for (std::size_t i = 0; i < 81; ++i) {
        shared += truth.ids[i] == t && found.ids[i] == p;
        united += truth.ids[i] == t || found.ids[i] == p;
      }
      return std::pair{shared, united};
    };
    double intersection = 0;
    double all = 0;
    std::set<std::uint32_t> used;
    for (const auto t : ts) {
      if (t == 0) continue;
      double best = 0;
      std::pair<double, double> best_pair{0, both(t, 0xFFFFFFFF).second};
      std::uint32_t who = 0;
      for (const auto p : ps) {
        const auto [shared, united] = both(t, p);
        if (p == 0 || shared / united <= best) continue;
        best = shared / united;
        best_pair = {shared, united};
        who = p;
      }
      intersection += best_pair.first;
      all += best_pair.second;
      used.insert(who);
    }
    for (const auto p : ps) {
      if (p != 0 && used.count(p) == 0) all += both(0xFFFFFFFF, p).second;
    }
    CHECK(*aggregated_jaccard(found, truth) == intersection / all);
  }
}

TEST_CASE("Without objects there is no Jaccard index; against none it is 0", "[metrics]") {
  const InstanceMap none{1, 2, {0, 0}};
  const InstanceMap one{1, 2, {0, 1}};
  CHECK_FALSE(aggregated_jaccard(none, none).has_value());
  CHECK(*aggregated_jaccard(one, none) == 0);
  CHECK(*aggregated_jaccard(none, one) == 0);
  CHECK_THROWS_AS(aggregated_jaccard(none, InstanceMap{2, 1, {0, 0}}), ShapeError);
}

TEST_CASE("Objects grow from their inside over the contour around it", "[metrics]") {
  LabelMap map(1, 3, 5);
  map.labels = {1, 2, 2, 2, 1,   // the middle pixel is as near to both: the lower number
                0, 0, 2, 0, 2,   //
                2, 0, 0, 0, 0};  // a contour that no inside reaches
  CHECK(objects_with_contours(map, 0, 1, 2).ids == std::vector<std::uint32_t>{1, 1, 1, 2, 2,  //
                                                                              0, 0, 1, 0, 2,  //
                                                                              0, 0, 0, 0, 0});
}

}  // namespace
}  // namespace asyndgan::metrics
