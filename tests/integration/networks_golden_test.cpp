// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "asyndgan/networks/checkpoint.hpp"
#include "asyndgan/networks/patch_discriminator.hpp"
#include "asyndgan/networks/pixel_discriminator.hpp"
#include "asyndgan/networks/resnet_generator.hpp"
#include "asyndgan/networks/unet_generator.hpp"
#include "asyndgan/networks/unet_segmenter.hpp"
#include "asyndgan/networks/vgg16_features.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::networks {
namespace {

using test::golden::pass_error;
using test::golden::Recording;

template <class T>
constexpr double kAllowed = sizeof(T) == 8 ? 1e-9 : 1e-4;

constexpr NormKind kNorms[] = {NormKind::none, NormKind::batch, NormKind::instance};
const Pass kRunning{.training = false};

// Measured in double and float: 1e-14, 5e-6.
TEMPLATE_TEST_CASE("The ResNet generator equals PyTorch's", "[integration]", double, float) {
  const Recording recording("networks");
  using Net = ResnetGenerator<TestType>;
  for (const NormKind norm : kNorms) {
    const std::string name = std::string("resnet.") + layers::to_string(norm);
    CAPTURE(name);
    CHECK(pass_error(recording, name,
                     Net({.in_channels = 2,
                          .out_channels = 1,
                          .base_channels = 2,
                          .blocks = 2,
                          .norm = norm}),
                     {2, 2, 9, 14}) < kAllowed<TestType>);
  }
  CHECK(pass_error(recording, "resnet.plain",
                   Net({.in_channels = 1,
                        .out_channels = 1,
                        .base_channels = 2,
                        .blocks = 1,
                        .norm = NormKind::batch,
                        .dropout = 0}),
                   {1, 1, 8, 8}, kRunning) < kAllowed<TestType>);
}

// Measured in double and float: 2e-14, 4e-6.
TEMPLATE_TEST_CASE("The U-Net generator equals PyTorch's", "[integration]", double, float) {
  const Recording recording("networks");
  for (const NormKind norm : kNorms) {
    const std::string name = std::string("unet.") + layers::to_string(norm);
    CAPTURE(name);
    CHECK(pass_error(recording, name,
                     UnetGenerator<TestType>({.in_channels = 1,
                                              .out_channels = 1,
                                              .base_channels = 1,
                                              .downs = 6,
                                              .norm = norm}),
                     {2, 1, 64, 64}) < kAllowed<TestType>);
  }
}

// Measured in double and float: 5e-15, 4e-6.
TEMPLATE_TEST_CASE("The discriminators equal PyTorch's", "[integration]", double, float) {
  const Recording recording("networks");
  using Patch = PatchDiscriminator<TestType>;
  using Pixel = PixelDiscriminator<TestType>;
  for (const NormKind norm : kNorms) {
    const std::string kind = layers::to_string(norm);
    CAPTURE(kind);
    CHECK(pass_error(recording, "patch." + kind,
                     Patch({.in_channels = 2, .base_channels = 2, .layers = 2, .norm = norm}),
                     {2, 2, 17, 22}) < kAllowed<TestType>);
    CHECK(pass_error(recording, "pixel." + kind,
                     Pixel({.in_channels = 2, .base_channels = 3, .norm = norm}),
                     {2, 2, 5, 7}) < kAllowed<TestType>);
  }
  CHECK(pass_error(
            recording, "patch.eval",
            Patch({.in_channels = 2, .base_channels = 2, .layers = 2, .norm = NormKind::batch}),
            {1, 2, 17, 22}, kRunning) < kAllowed<TestType>);
  CHECK(pass_error(recording, "patch.spectral",
                   Patch({.in_channels = 2,
                          .base_channels = 2,
                          .layers = 2,
                          .norm = NormKind::none,
                          .spectral_norm = true}),
                   {2, 2, 17, 22}) < kAllowed<TestType>);
}

// Measured in double and float: 8e-14, 7e-6.
TEMPLATE_TEST_CASE("The segmenter equals PyTorch's", "[integration]", double, float) {
  const Recording recording("networks");
  const auto segmenter = [](NormKind norm) {
    return UnetSegmenter<TestType>(
        {.in_channels = 1, .classes = 3, .base_channels = 2, .levels = 2, .norm = norm});
  };
  for (const NormKind norm : kNorms) {
    const std::string name = std::string("segmenter.") + layers::to_string(norm);
    CAPTURE(name);
    CHECK(pass_error(recording, name, segmenter(norm), {2, 1, 13, 10}) < kAllowed<TestType>);
  }
  CHECK(pass_error(recording, "segmenter.eval", segmenter(NormKind::batch), {1, 1, 13, 10},
                   kRunning) < kAllowed<TestType>);
}

// Measured in double and float: 2e-15, 3e-7.
TEMPLATE_TEST_CASE("VGG16's features equal PyTorch's", "[integration]", double, float) {
  const Recording recording("networks");
  CHECK(pass_error(recording, "vgg", Vgg16Features<TestType>({.base_channels = 1}),
                   {2, 3, 25, 18}) < kAllowed<TestType>);
}

/// The arrays of a file: name, type, shape and bytes.
void require_same_arrays(const safetensors::File& a, const safetensors::File& b) {
  REQUIRE(a.arrays().size() == b.arrays().size());
  for (const auto& [name, array] : a.arrays()) {
    CAPTURE(name);
    REQUIRE(b.contains(name));
    const auto& other = b.at(name);
    CHECK(array.dtype == other.dtype);
    CHECK(array.extents == other.extents);
    CHECK(
        std::equal(array.bytes.begin(), array.bytes.end(), other.bytes.begin(), other.bytes.end()));
  }
}

// The output: 5e-7 measured.
TEST_CASE("A checkpoint of PyTorch loads, works, and is written back as it was", "[integration]") {
  const Recording recording("pytorch_checkpoint_output");
  const std::string path =
      std::string(ASYNDGAN_TEST_SOURCE_DIR) + "/integration/golden/pytorch_checkpoint.safetensors";
  ResnetGenerator<float> network({.in_channels = 2,
                                  .out_channels = 1,
                                  .base_channels = 2,
                                  .blocks = 1,
                                  .norm = NormKind::batch});
  (void)load_network(path, network);
  ResnetGenerator<float>::Saved saved;
  const auto output = network.forward(
      test::golden::tensor<float>("checkpoint.input", {1, 2, 12, 8}), saved, Pass::evaluation());
  CHECK(recording.error("checkpoint.output", output) < 1e-4);

  const test::TemporaryFolder folder;
  save_network(folder / "back", network);
  require_same_arrays(safetensors::File::read(path), safetensors::File::read(folder / "back"));
}

/// "model.1.weight F32 [2, 2, 7, 7]" for each tensor, by name, as record_state_dicts.py has them.
std::string lines_of(const safetensors::File& file) {
  std::string text;
  for (const auto& [name, array] : file.arrays()) {
    text += (text.empty() ? "" : "\n") + name + " " + safetensors::name_of(array.dtype) + " " +
            safetensors::to_string(array.extents);
  }
  return text;
}

/// What is saved has the recorded state_dict's names, types and shapes, so that strict loading
/// takes it, and it comes back byte for byte from a network that loaded it.
template <class Net>
void require_state_dict_of(const std::string& name, const typename Net::Options& options) {
  CAPTURE(name);
  static const Recording recording("state_dicts");
  const test::TemporaryFolder folder;
  Net network(options);
  State<float> state;
  network.collect("", state);
  test::golden::fill(state);
  for (std::size_t i = 0; i < state.counters.size(); ++i) {
    *state.counters[i].count = static_cast<std::int64_t>(i + 1);
  }
  save_network(folder / "first", network);
  const auto first = safetensors::File::read(folder / "first");
  CHECK(lines_of(first) == recording.file().metadata().at(name));

  Net other(options);
  (void)load_network(folder / "first", other);
  save_network(folder / "second", other);
  require_same_arrays(first, safetensors::File::read(folder / "second"));
}

TEST_CASE("Checkpoints have the state_dict of PyTorch's networks, and come back as they were",
          "[integration]") {
  using Patch = PatchDiscriminator<float>;
  using Pixel = PixelDiscriminator<float>;
  using Resnet = ResnetGenerator<float>;
  for (const NormKind norm : kNorms) {
    const std::string kind = layers::to_string(norm);
    require_state_dict_of<Resnet>(
        "resnet." + kind,
        {.in_channels = 2, .out_channels = 3, .base_channels = 2, .blocks = 9, .norm = norm});
    require_state_dict_of<UnetGenerator<float>>(
        "unet." + kind,
        {.in_channels = 2, .out_channels = 3, .base_channels = 1, .downs = 8, .norm = norm});
    require_state_dict_of<Patch>("patch." + kind,
                                 {.in_channels = 3, .base_channels = 2, .layers = 3, .norm = norm});
    require_state_dict_of<Pixel>("pixel." + kind,
                                 {.in_channels = 3, .base_channels = 2, .norm = norm});
    require_state_dict_of<UnetSegmenter<float>>(
        "segmenter." + kind,
        {.in_channels = 2, .classes = 3, .base_channels = 2, .levels = 4, .norm = norm});
  }
  require_state_dict_of<Resnet>("resnet.plain", {.in_channels = 2,
                                                 .out_channels = 3,
                                                 .base_channels = 2,
                                                 .blocks = 9,
                                                 .norm = NormKind::batch,
                                                 .dropout = 0});
  require_state_dict_of<Patch>("patch.spectral", {.in_channels = 3,
                                                  .base_channels = 2,
                                                  .layers = 3,
                                                  .norm = NormKind::none,
                                                  .spectral_norm = true});
  require_state_dict_of<Pixel>(
      "pixel.spectral",
      {.in_channels = 3, .base_channels = 2, .norm = NormKind::none, .spectral_norm = true});
  require_state_dict_of<Vgg16Features<float>>("vgg", {.stages = 5, .base_channels = 2});
  require_state_dict_of<Vgg16Features<float>>("vgg.4", {.stages = 4, .base_channels = 1});
}

}  // namespace
}  // namespace asyndgan::networks
