// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <set>

#include "asyndgan/data/orientation.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::data {
namespace {

// Debian's mricron-data: a T1 head, the same head's brain, and its AAL atlas.
TEST_CASE("The head of mricron-data is read with its atlas, and comes back exactly", "[data]") {
  const std::filesystem::path templates = "/usr/share/mricron/templates";
  if (!std::filesystem::exists(templates / "ch2.nii.gz")) {
    WARN("skipped: the Debian package mricron-data is not installed");
    return;
  }
  const Volume head = canonical(read_volume(templates / "ch2.nii.gz"));
  const Volume brain = canonical(read_volume(templates / "ch2bet.nii.gz"));
  const LabelVolume atlas = canonical(read_label_volume(templates / "aal.nii.gz"));
  CHECK(head.grid.size == std::array<int, 3>{181, 217, 181});
  CHECK(head.grid.spacing == std::array<double, 3>{1, 1, 1});
  CHECK(difference(brain.grid, head.grid).empty());
  CHECK(difference(atlas.grid, head.grid).empty());
  const std::set<std::uint16_t> labels(atlas.voxels.begin(), atlas.voxels.end());
  CHECK(labels.size() == 117);  // 116 regions and the background

  // Voxels of region 1 (left precentral gyrus, in the AAL's numbering) lie left of the middle,
  // those of 2 (right) right of it, by canonical index: columns run to the patient's left.
  double left = 0;
  double right = 0;
  double left_count = 0;
  double right_count = 0;
  for (int k = 0; k < 181; ++k) {
    for (int j = 0; j < 217; ++j) {
      for (int i = 0; i < 181; ++i) {
        const std::uint16_t label = atlas.at(i, j, k);
        if (label == 1) {
          left += i;
          ++left_count;
        }
        if (label == 2) {
          right += i;
          ++right_count;
        }
      }
    }
  }
  CHECK(left / left_count > 120);   // 129.7 measured
  CHECK(right / right_count < 60);  // 49.6 measured

  const test::TemporaryFolder folder;
  write_volume(folder / "head.nii.gz", head);
  const Volume back = read_volume(folder / "head.nii.gz");
  CHECK(back.voxels == head.voxels);
  CHECK(difference(back.grid, head.grid).empty());
}

}  // namespace
}  // namespace asyndgan::data
