// SPDX-License-Identifier: Apache-2.0
//
// Networks and objectives that no other test takes through the built program.

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "asyndgan/core/parameter.hpp"
#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/networks/checkpoint.hpp"
#include "asyndgan/networks/vgg16_features.hpp"
#include "run_program.hpp"
#include "scratch.hpp"
#include "support/catch.hpp"
#include "tiny_run.hpp"

namespace asyndgan::program {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;
using test::contents;
using test::Ended;
using test::run;

/// The whole of VGG16, with the weights that a training begins with.
void write_vgg16(const fs::path& file) {
  networks::Vgg16Features<float> network;
  State<float> state;
  network.collect("", state);
  layers::initialize(state, {.kind = layers::InitializationKind::kaiming}, {.seed = 1});
  networks::save_network(file, network);
}

struct Combination {
  std::vector<std::string> sets;
  std::string told;  // of results/train.json
};

TEST_CASE("Every network and every objective goes through the program", "[program]") {
  const test::Scratch scratch;
  const auto config = test::write_config(scratch.path(), test::write_two_sites(scratch.path()));
  const fs::path vgg16 = scratch.path() / "vgg16.safetensors";
  write_vgg16(vgg16);
  const std::vector<std::string> consents{"objective.paper_objective_reveals_images=true",
                                          "privacy.allow_gradients_that_reveal_images=true",
                                          "privacy.sanitizer=clip_norm"};
  const auto with = [](std::vector<std::string> sets, const std::vector<std::string>& more) {
    sets.insert(sets.end(), more.begin(), more.end());
    return sets;
  };
  const std::vector<Combination> combinations{
      {{}, "ResnetGenerator 5 -> 1"},
      {{"generator.kind=unet", "generator.downs=5"}, "UnetGenerator 5 -> 1, base 2, 5 downs"},
      {{"discriminator.kind=pixel"}, "PixelDiscriminator 5, base 2"},
      {{"objective.adversarial=vanilla"}, "discriminator_only"},
      {{"objective.adversarial=hinge", "discriminator.spectral_norm=true"}, "spectral norm"},
      {with({"objective.paired_l1=100"}, consents), "paired_image"},
      {with({"objective.perceptual=1", "objective.vgg16_weights=" + vgg16.string()}, consents),
       "paired_image"},
  };
  std::set<std::string> generators;
  for (std::size_t i = 0; i < combinations.size(); ++i) {
    const fs::path out = scratch.path() / std::to_string(i);
    std::vector<std::string> arguments{"simulate", config.string(), "--quiet", "--out",
                                       out.string()};
    for (const auto& set :
         with({"data.height=32", "data.width=32", "training.steps=2"}, combinations[i].sets)) {
      arguments.insert(arguments.end(), {"--set", set});
    }
    const Ended ended = run(scratch.path(), arguments);
    CAPTURE(combinations[i].sets, ended.err);
    REQUIRE(ended.code == 0);
    CHECK_THAT(contents(out / "results" / "train.json"), Contains(combinations[i].told));
    // Each has an effect: it leads to a generator of its own.
    CHECK(generators.insert(contents(out / "generator.safetensors")).second);
  }
}

}  // namespace
}  // namespace asyndgan::program
