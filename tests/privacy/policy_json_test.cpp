// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/privacy/policy_json.hpp"

#include <nlohmann/json.hpp>

#include "support/catch.hpp"

namespace asyndgan::privacy {
namespace {

SitePolicy read(const char* text) { return policy_from_json(nlohmann::json::parse(text)); }

TEST_CASE("An empty object is the default policy, which reveals no image", "[privacy]") {
  const SitePolicy policy = read("{}");
  CHECK(policy == SitePolicy{});
  CHECK_FALSE(policy.permits(Reveals::paired_image));
  CHECK(policy.permits(Reveals::site_statistics));
  CHECK(policy.permits(Reveals::discriminator_only));
}

TEST_CASE("A policy is read back as it was written", "[privacy]") {
  const SitePolicy policy{.label_maps = MaskRelease::augmented,
                          .minimum_batch = 32,
                          .allow_site_statistics = false,
                          .allow_gradients_that_reveal_images = true,
                          .allow_sample_count = false,
                          .queries_per_sample = 100,
                          .queries_per_site = 0xFFFFFFFFFFFFFFFF};
  CHECK(policy_from_json(policy_to_json(policy)) == policy);
  CHECK(policy_from_json(policy_to_json({})) == SitePolicy{});
}

TEST_CASE("A slip in a policy is told, with the key, the value and what was expected",
          "[privacy]") {
  CHECK_THROWS_WITH(read(R"({"minimum_bach": 3})"),
                    Catch::StartsWith("privacy: unknown key \"minimum_bach\"; there are "
                                      "label_maps, minimum_batch,"));
  CHECK_THROWS_WITH(read(R"({"minimum_batch": 0})"),
                    "privacy.minimum_batch is 0, expected a whole number from 1 to 4294967295");
  CHECK_THROWS_WITH(
      read(R"({"minimum_batch": 1e3})"),
      "privacy.minimum_batch is 1000.0, expected a whole number from 1 to 4294967295");
  CHECK_THROWS_AS(read(R"({"minimum_batch": 4294967296})"), ConfigError);
  CHECK_THROWS_AS(read(R"({"queries_per_site": -1})"), ConfigError);
  CHECK_THROWS_WITH(read(R"({"label_maps": "some"})"),
                    "privacy.label_maps is \"some\", expected \"as_they_are\", \"augmented\" or "
                    "\"none\"");
  CHECK_THROWS_WITH(read(R"({"allow_gradients_that_reveal_images": 1})"),
                    "privacy.allow_gradients_that_reveal_images is 1, expected true or false");
  CHECK_THROWS_WITH(read("[]"), "privacy is [], expected an object");
}

}  // namespace
}  // namespace asyndgan::privacy
