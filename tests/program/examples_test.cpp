// SPDX-License-Identifier: Apache-2.0
#include "examples.hpp"

#include <string>
#include <vector>

#include "asyndgan/data/phantom.hpp"
#include "page_parts.hpp"
#include "run_program.hpp"
#include "scratch.hpp"
#include "support/catch.hpp"

namespace asyndgan::program {
namespace {

TEST_CASE("A label map has one number: on everybody's page, on its site's, in file names",
          "[program]") {
  const test::Scratch scratch;
  RunConfig config;
  config.run.output = scratch.path() / "run";
  config.data.sites = {{.name = "north", .folder = "/n"}, {.name = "south", .folder = "/s"}};
  config.data.classes = {"background", "body", "liver"};
  config.report.pictures = 6;
  const auto folder = RunFolder::open(config, false);
  FederationData data;
  std::vector<data::Slices> drawn;
  for (const auto& site : config.data.sites) {
    auto slices = data::phantom({.count = 3, .classes = 3, .site = drawn.empty() ? 1U : 2U});
    drawn.push_back(slices);
    data.sites.push_back({site.name, privacy::Private(std::move(slices))});
  }
  write_examples(folder, data, data::concat(drawn));

  const auto all = found<Examples>(folder, kExamplesPhase).value();
  const auto own = found<Examples>(folder, "examples-south").value();
  REQUIRE(all.examples.size() == 6);
  REQUIRE(own.examples.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string number = std::to_string(i + 1);
    const auto& shown = all.examples[3 + i];
    const auto& at_site = own.examples[i];
    CHECK(shown.name == "map " + number);
    CHECK_THAT(at_site.name, Catch::StartsWith("map " + number + ", "));
    CHECK(shown.mask == "pictures/south-" + number + "-mask.png");
    CHECK(at_site.mask == "sites/south/pictures/mask-" + number + ".png");
    CHECK(test::contents(folder.root() / shown.mask) ==
          test::contents(folder.root() / at_site.mask));
  }
}

}  // namespace
}  // namespace asyndgan::program
