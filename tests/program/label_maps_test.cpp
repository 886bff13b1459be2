// SPDX-License-Identifier: Apache-2.0
#include "label_maps.hpp"

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "scratch.hpp"
#include "support/catch.hpp"

namespace asyndgan::program {
namespace {

/// Two slices of 4 rows and 8 columns with a label of their own at every corner.
data::LabelVolume labelled() {
  data::LabelVolume volume;
  volume.grid.size = {8, 4, 2};
  volume.grid.spacing = {1, 2, 3};
  volume.voxels.assign(volume.grid.count(), 0);
  volume.voxels[volume.grid.offset(0, 0, 0)] = 1;
  volume.voxels[volume.grid.offset(7, 0, 0)] = 2;
  volume.voxels[volume.grid.offset(0, 3, 1)] = 3;
  return volume;
}

/// The same head, stored left to right and back to front as many tools do.
data::LabelVolume stored_as_ras(const data::LabelVolume& lps) {
  data::LabelVolume ras = lps;
  ras.grid.direction = {{{-1, 0, 0}, {0, -1, 0}, {0, 0, 1}}};
  ras.grid.origin = {7.0 * lps.grid.spacing[0], 3.0 * lps.grid.spacing[1], 0};
  for (int k = 0; k < 2; ++k) {
    for (int j = 0; j < 4; ++j) {
      for (int i = 0; i < 8; ++i) {
        ras.voxels[ras.grid.offset(i, j, k)] = lps.voxels[lps.grid.offset(7 - i, 3 - j, k)];
      }
    }
  }
  return ras;
}

RunConfig config(int height, int width) {
  RunConfig config;
  config.data.classes = {"background", "a", "b", "c"};
  config.data.height = height;
  config.data.width = width;
  return config;
}

TEST_CASE("A head's label maps are the same, however the file stores it", "[program]") {
  const test::Scratch scratch;
  std::filesystem::create_directories(scratch / "lps");
  std::filesystem::create_directories(scratch / "ras");
  data::write_label_volume(scratch / "lps" / "p_labels.nii.gz", labelled());
  data::write_label_volume(scratch / "ras" / "p_labels.nii.gz", stored_as_ras(labelled()));
  const auto upright = read_label_maps(scratch / "lps", config(4, 8));
  CHECK(upright.maps.n == 2);
  CHECK(upright.maps.at(0, 0, 0) == 1);
  CHECK(upright.maps.at(0, 0, 7) == 2);
  CHECK(upright.maps.at(1, 3, 0) == 3);
  CHECK(read_label_maps(scratch / "ras", config(4, 8)).maps == upright.maps);
  CHECK(upright.info[1] == data::SliceInfo{"p", 1, 2, 1, 3});
}

TEST_CASE("Label maps are read by whatever name a volume may have", "[program]") {
  const test::Scratch scratch;
  data::write_label_volume(scratch / "p_LABELS.MHA", labelled());
  data::write_label_volume(scratch / "q_labels.nii", labelled());
  const auto maps = read_label_maps(scratch.path(), config(4, 8));
  CHECK(maps.maps.n == 4);
  CHECK(maps.info.front().case_id == "p");
  CHECK(maps.info.back().case_id == "q");
}

TEST_CASE("Label maps are cut along the run's plane and must fit it", "[program]") {
  const test::Scratch scratch;
  data::write_label_volume(scratch / "p_labels.nii.gz", labelled());
  auto coronal = config(2, 8);
  coronal.data.plane = PlaneChoice::coronal;
  const auto maps = read_label_maps(scratch.path(), coronal);
  CHECK(maps.maps.n == 4);
  CHECK(maps.maps.at(0, 1, 0) == 1);  // the lowest slice is the last row
  CHECK_THROWS_WITH(read_label_maps(scratch.path(), config(4, 4)),
                    Catch::Contains("has slices of 4 x 8 pixels, this run draws 4 x 4"));
  auto few = config(4, 8);
  few.data.classes.pop_back();
  CHECK_THROWS_WITH(read_label_maps(scratch.path(), few),
                    Catch::Contains("has the label 3, this run knows 0 to 2"));
}

}  // namespace
}  // namespace asyndgan::program
