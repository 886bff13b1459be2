// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdint>

#include "support/catch.hpp"
#include "support/federation.hpp"

namespace asyndgan::federation {
namespace {

using Float = test::Federation<float>;

Float::Options pooled() {
  auto options = Float::pooled(20);
  options.site.policy.minimum_batch = 1;
  return options;
}

TEST_CASE("Pooled sampling asks each site for its share of the images", "[federation]") {
  Float federation(pooled());
  std::array<int, 3> parts{};
  federation.hooks.after_step = [&](const auto& report) {
    std::uint64_t images = 0;
    for (std::size_t site = 0; site < 3; ++site) {
      if (!report.sites[site]) continue;
      ++parts[site];
      images += report.sites[site]->samples;
    }
    CHECK(images == 3);  // batch times sites, whoever they come from
    return true;
  };
  federation.run();
  CHECK(federation.central.step() == 20);
  CHECK(parts[0] < parts[2]);
  CHECK(parts[2] >= 18);  // three quarters of all images
  for (const auto& site : federation.sites) {
    CHECK(site.step() == 20);
    CHECK(site.farewell() == "the run is complete");
  }
}

TEST_CASE("Pooled sampling needs the counts, and weights that do not use them again",
          "[federation]") {
  auto options = pooled();
  options.site.policy.allow_sample_count = false;
  Float hidden(options);
  CHECK_THROWS_WITH(hidden.run(),
                    "site 'phantom-1' keeps its sample count, which pooled sampling and weighting "
                    "by count need");

  options = pooled();
  options.central.weighting = Weighting::by_count;
  CHECK_THROWS_WITH(Float(options), Catch::Contains("choose one of them"));
}

}  // namespace
}  // namespace asyndgan::federation
