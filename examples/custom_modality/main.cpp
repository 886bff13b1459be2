// SPDX-License-Identifier: Apache-2.0
//
// A modality of one's own, trained: chest_xray.hpp says what the pictures are, here a generator
// learns from a folder of them for each site. docs/extending.md tells it step by step.
#include <deque>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <vector>

#include "asyndgan/asyndgan.hpp"
#include "chest_xray.hpp"

using namespace asyndgan;

using Generator = networks::ResnetGenerator<float>;
using Discriminator = networks::PatchDiscriminator<float>;
using Link = transport::InProcess;

void train(const std::vector<std::filesystem::path>& folders, const std::filesystem::path& file) {
  const ChestXray xray;
  const auto sites = static_cast<int>(folders.size());
  const federation::CentralOptions run{
      .seed = 1,
      .steps = 20,
      .batch = 2,
      .input = {.classes = static_cast<int>(xray.classes().size()), .noise_channels = 1},
      .height = 64,
      .width = 64};

  Generator generator({.in_channels = run.input.channels(),
                       .out_channels = static_cast<int>(xray.channels().size()),
                       .base_channels = 8,
                       .blocks = 2});
  networks::initialize(generator, {.seed = run.seed});
  transport::InProcessHub hub(sites);
  federation::Central<Generator, Link> central(std::move(generator), hub.join(0), sites, run);

  std::deque<privacy::EgressLedger> ledgers;
  std::deque<federation::Site<Discriminator, ChestXray, Link>> members;
  for (int i = 1; i <= sites; ++i) {
    const auto& folder = folders[static_cast<std::size_t>(i - 1)];
    federation::SiteOptions<Discriminator> options{
        .name = "site " + std::to_string(i),
        .secret = privacy::draw_secret(),
        .discriminator = {.in_channels = 0, .base_channels = 8, .layers = 2}};
    members.emplace_back(modality::load(xray, folder, {.size = {run.height, run.width}}), xray,
                         hub.join(i), ledgers.emplace_back(), options);
  }

  federation::simulate(central, members);
  const optim::AveragedScope averaged(central.average());  // which draws better than the last
  networks::save_network(file, central.generator());
}

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: custom_modality OUT.safetensors FOLDER...  (one for each site, with "
                 "xrays/*.png and lungs/*.png)\n";
    return 2;
  }
  try {
    train({argv + 2, argv + argc}, argv[1]);
    std::cout << "trained: " << argv[1] << '\n';
  } catch (const std::exception& error) {
    std::cerr << "custom_modality: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
