// SPDX-License-Identifier: Apache-2.0
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

}  // namespace
}  // namespace asyndgan::networks
