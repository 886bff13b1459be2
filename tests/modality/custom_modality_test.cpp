// SPDX-License-Identifier: Apache-2.0
#include "../../examples/custom_modality/chest_xray.hpp"

#include "asyndgan/modality/load.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::modality {
namespace {

TEST_CASE("The example of a user's own modality loads its folder", "[modality]") {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "xrays");
  std::filesystem::create_directories(folder / "lungs");
  data::Image2d picture{.height = 4, .width = 5, .bits = 16, .samples = {}};
  for (std::uint16_t i = 0; i < 20; ++i) {
    picture.samples.push_back(static_cast<std::uint16_t>(1000 + 100 * i));
  }
  data::Image2d mask{.height = 4, .width = 5, .samples = std::vector<std::uint16_t>(20, 0)};
  mask.at(1, 2) = 255;
  for (const std::string name : {"p1", "p2"}) {
    data::write_image2d(folder / "xrays" / (name + ".png"), picture);
    data::write_image2d(folder / "lungs" / (name + "_mask.png"), mask);
  }
  const auto loaded = load(ChestXray(), folder.path());
  const data::Slices& slices = loaded.at_site();
  data::require_consistent(slices);
  CHECK(slices.images.shape() == Shape{2, 1, 4, 5});
  CHECK(slices.labels.at(1, 1, 2) == 1);
  CHECK(slices.images(0, 0, 0, 0) == -1);
  CHECK(slices.images(0, 0, 3, 4) == 1);
}

}  // namespace
}  // namespace asyndgan::modality
