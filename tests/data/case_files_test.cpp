// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/data/case_files.hpp"

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::data {
namespace {

using Pair = std::pair<std::string, std::string>;

void touch(const std::filesystem::path& file) { std::ofstream(file) << "x"; }

TEST_CASE("The longest ending that fits says which channel a file is of", "[data]") {
  const std::map<std::string, std::string> endings{
      {"_t1", "t1"}, {"_t1_gd", "t1c"}, {"_labels", "labels"}};
  CHECK(detail::split_stem("anna_T1", endings) == Pair{"anna", "t1"});
  CHECK(detail::split_stem("anna_t1_gd", endings) == Pair{"anna", "t1c"});
  CHECK(detail::split_stem("anna_t1_labels", endings) == Pair{"anna_t1", "labels"});
  CHECK_FALSE(detail::split_stem("anna_pd", endings).has_value());
  CHECK_FALSE(detail::split_stem("_t1", endings).has_value());  // nobody's
}

TEST_CASE("Hidden files and what has no ending of a channel are left alone", "[data]") {
  const test::TemporaryFolder folder;
  for (const std::string name :
       {"b_t1.nii.gz", "b_labels.mha", "._b_t1.nii", "notes.txt", "b_pd.nii"}) {
    touch(folder / name);
  }
  for (const std::string name : {"c_t1.nii", "b_pd", "scans", ".d_t1"}) {
    std::filesystem::create_directory(folder / name);
  }
  const auto cases = find_volumes(folder.path(), std::vector<std::string>{"t1"});
  REQUIRE(cases.size() == 1);
  CHECK(cases[0].id == "b");
  REQUIRE(cases[0].images.size() == 1);
  CHECK(cases[0].images[0].file == folder / "b_t1.nii.gz");
  CHECK(cases[0].images[0].channel == "t1");
  CHECK(cases[0].images[0].component == 0);
  CHECK(cases[0].labels == folder / "b_labels.mha");
}

TEST_CASE("Label maps are found by every name that a volume may have", "[data]") {
  const test::TemporaryFolder folder;
  CHECK_THROWS_WITH(find_label_volumes(folder.path()),
                    "'" + folder.path().string() +
                        "': no label maps, expected files named <case>_labels.nii.gz (or .nii, "
                        ".mha, .mhd, or a folder of DICOM slices)");
  for (const std::string name : {"a_labels.nii.gz", "b_LABELS.NII", "c_labels.mha", "d_Labels.mhd",
                                 "d_Labels.raw", "a_t1.nii.gz", "_labels.nii"}) {
    touch(folder / name);
  }
  const auto found = find_label_volumes(folder.path());
  CHECK(found == std::map<std::string, std::filesystem::path>{{"a", folder / "a_labels.nii.gz"},
                                                              {"b", folder / "b_LABELS.NII"},
                                                              {"c", folder / "c_labels.mha"},
                                                              {"d", folder / "d_Labels.mhd"}});
  touch(folder / "c_LABELS.nii");
  CHECK_THROWS_WITH(find_label_volumes(folder.path()),
                    Catch::Contains("are the same image by name, expected one of them"));
}

TEST_CASE("A BraTS folder without cases, and one that is not there, say what was expected",
          "[data]") {
  const test::TemporaryFolder folder;
  const std::vector<std::string> t1{"t1"};
  const std::string name = "'" + folder.path().string();
  CHECK_THROWS_WITH(find_brats_cases(folder.path(), t1),
                    name +
                        "': no cases, expected a folder for each with files named *_t1.nii.gz "
                        "and *_seg.nii.gz (or folders *_t1 and *_seg of DICOM slices)");
  CHECK_THROWS_WITH(find_brats_cases(folder / "none", t1), name + "/none': no such folder");
  CHECK_THROWS_WITH(find_brats_cases(folder.path(), std::vector<std::string>{"labels"}),
                    "find_brats_cases: channel 'labels' (BraTS has 't1', 't2', 'flair' and 't1c')");
  std::filesystem::create_directory(folder / "p");
  touch(folder / "p" / "p_t1.nii.gz");
  CHECK_THROWS_WITH(find_brats_cases(folder.path(), t1),
                    name + "/p': case 'p' has no label volume");
}

TEST_CASE("The components of a colour picture are its channels, in order", "[data]") {
  const test::TemporaryFolder folder;
  std::filesystem::create_directories(folder / "masks");
  std::filesystem::create_directories(folder / "images");
  touch(folder / "images" / "a.png");
  touch(folder / "masks" / "a_mask.tif");
  touch(folder / "masks" / "unused.png");
  const auto cases = find_image_mask_pairs(folder / "images", folder / "masks",
                                           std::vector<std::string>{"red", "green", "blue"});
  REQUIRE(cases.size() == 1);
  REQUIRE(cases[0].images.size() == 3);
  for (int i = 0; i < 3; ++i) {
    CHECK(cases[0].images[static_cast<std::size_t>(i)].component == i);
    CHECK(cases[0].images[static_cast<std::size_t>(i)].file == folder / "images" / "a.png");
  }
  CHECK(cases[0].images[2].channel == "blue");
}

}  // namespace
}  // namespace asyndgan::data
