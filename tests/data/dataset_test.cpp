// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/data/dataset.hpp"

#include <cmath>
#include <fstream>
#include <string>

#include "dicom_file.hpp"
#include "support/catch.hpp"
#include "support/refusal.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::data {
namespace {

using test::refusal;
using test::TemporaryFolder;

const std::vector<std::string> kBoth{"t1", "t2"};

/// Labels are their values; intensities stay as they are, divided by 1000.
LoadOptions plain(int classes = 10) {
  LoadOptions options;
  options.normalize = [](std::span<float> values, const std::string&, const std::string&) {
    for (float& value : values) value /= 1000;
  };
  options.classify = [classes](const RawMask& mask) {
    LabelMap map(1, mask.height, mask.width);
    for (std::size_t i = 0; i < mask.values.size(); ++i) {
      if (mask.values[i] >= classes) {
        throw DataError("label " + std::to_string(mask.values[i]) + " is no class");
      }
      map.labels[i] = static_cast<std::uint8_t>(mask.values[i]);
    }
    return map;
  };
  options.classes = classes;
  options.keep_aspect = false;
  return options;
}

/// A case of 4x3x2 voxels: t1 is `level` plus the voxel's number, t2 the negative; label 1 in
/// the upper slice, of 2 pixels in the lower one.
void write_case(const std::filesystem::path& folder, const std::string& id, float level,
                const Grid& grid = {.size = {4, 3, 2}, .spacing = {1, 2, 3}}) {
  Volume t1{.grid = grid, .voxels = std::vector<float>(grid.count()), .unit = {}};
  Volume t2 = t1;
  LabelVolume labels{grid, std::vector<std::uint16_t>(grid.count(), 1)};
  for (std::size_t i = 0; i < grid.count(); ++i) {
    t1.voxels[i] = level + static_cast<float>(i);
    t2.voxels[i] = -t1.voxels[i];
    if (i >= 2 && i < grid.count() / 2) labels.voxels[i] = 0;
  }
  write_volume(folder / (id + "_T1.nii.gz"), t1);
  write_volume(folder / (id + "_t2.nii"), t2);
  write_label_volume(folder / (id + "_labels.nii.gz"), labels);
}

TEST_CASE("A folder of volumes becomes slices with channels, labels and spacings", "[data]") {
  const TemporaryFolder folder;
  write_case(folder.path(), "b", 500);
  write_case(folder.path(), "a", 100);
  std::vector<std::size_t> calls;
  LoadOptions options = plain();
  options.progress = [&](std::size_t done, std::size_t total) {
    calls.push_back(done);
    CHECK(total == 2);
  };
  for (const int threads : {1, 2, 3}) {
    set_thread_count(threads);
    calls.clear();
    const auto loaded = load_cases(find_volumes(folder.path(), kBoth), options);
    const Slices& slices = loaded.at_site();
    require_consistent(slices);
    CHECK(slices.images.shape() == Shape{4, 2, 3, 4});
    CHECK(slices.channels == kBoth);
    CHECK(slices.info ==
          std::vector<SliceInfo>{
              {"a", 0, 2, 1, 3}, {"a", 1, 2, 1, 3}, {"b", 0, 2, 1, 3}, {"b", 1, 2, 1, 3}});
    CHECK(slices.images(1, 0, 0, 1) == 0.113F);  // upper slice of a: 100 + 12 + 1
    CHECK(slices.images(2, 1, 2, 3) == -0.511F);
    CHECK(slices.labels.at(2, 0, 1) == 1);
    CHECK(slices.labels.at(2, 0, 2) == 0);
    CHECK(slices.labels.at(3, 2, 3) == 1);
    CHECK(calls == std::vector<std::size_t>{1, 2});
  }
  set_thread_count(2);
}

TEST_CASE("A site without a modality loads the channels it has", "[data]") {
  const TemporaryFolder folder;
  write_case(folder.path(), "a", 100);
  std::filesystem::remove(folder / "a_t2.nii");
  const std::vector<std::string> one{"t1"};
  const auto loaded = load_cases(find_volumes(folder.path(), one), plain());
  CHECK(loaded.at_site().channels == one);
  CHECK(refusal(folder, [&] { return find_volumes(folder.path(), kBoth); }) ==
        "'DIR': case 'a' has no image of channel 't2', only 'labels', 't1'");
}

TEST_CASE("Slices along any plane, resized, and only those with enough labels", "[data]") {
  const TemporaryFolder folder;
  write_case(folder.path(), "a", 0);
  const auto cases = find_volumes(folder.path(), kBoth);
  LoadOptions options = plain();
  options.plane = Plane::sagittal;
  const auto sagittal = load_cases(cases, options);
  CHECK(sagittal.at_site().images.shape() == Shape{4, 2, 2, 3});
  CHECK(sagittal.at_site().info[3] == SliceInfo{"a", 3, 3, 2, 1});
  CHECK(sagittal.at_site().images(3, 0, 0, 2) == 0.023F);  // head, back, left

  options.plane = Plane::axial;
  options.size = {6, 8};
  options.min_labelled_pixels = 9;  // 2 labelled of 12 become 8 of 48
  options.min_slices = 1;
  const auto upper = load_cases(cases, options);
  CHECK(upper.at_site().images.shape() == Shape{1, 2, 6, 8});
  CHECK(upper.at_site().info[0] == SliceInfo{"a", 1, 1, 0.5, 3});
}

TEST_CASE("Proportions are kept by edges of background", "[data]") {
  const TemporaryFolder folder;
  write_case(folder.path(), "a", 0);  // 3 rows of 2 mm, 4 columns of 1 mm
  LoadOptions options = plain();
  options.keep_aspect = true;
  options.size = {12, 12};  // 6 mm square: one column is added at either side
  const auto square = load_cases(find_volumes(folder.path(), kBoth), options);
  const Slices& slices = square.at_site();
  CHECK(slices.info[0].spacing_y == 0.5);
  CHECK(slices.info[0].spacing_x == 0.5);
  CHECK(slices.images(1, 0, 5, 0) == kBackground);
  CHECK(slices.images(1, 0, 5, 11) == kBackground);
  CHECK(slices.labels.at(1, 5, 1) == 0);
  CHECK(slices.labels.at(1, 5, 2) == 1);
  CHECK(slices.labels.at(1, 5, 9) == 1);
  CHECK(slices.labels.at(1, 5, 10) == 0);
}

TEST_CASE("Image and mask that lie differently are refused, and axis order does not matter",
          "[data]") {
  const TemporaryFolder folder;
  const auto load = [&] {
    return load_cases(find_volumes(folder.path(), std::vector<std::string>{"t1"}), plain());
  };
  write_case(folder.path(), "a", 0);
  const LabelVolume sound = read_label_volume(folder / "a_labels.nii.gz");
  LabelVolume labels = sound;
  labels.grid.spacing[2] = 4;
  write_label_volume(folder / "a_labels.nii.gz", labels);
  CHECK(refusal(folder, load) ==
        "'a_T1.nii.gz': spacing (1, 2, 3) mm, expected (1, 2, 4) mm as in "
        "'a_labels.nii.gz'");
  labels.grid = {.size = {4, 3, 3}, .spacing = {1, 2, 3}};
  labels.voxels.assign(36, 1);
  write_label_volume(folder / "a_labels.nii.gz", labels);
  CHECK(refusal(folder, load) ==
        "'a_T1.nii.gz': size 4x3x2, expected 4x3x3 as in 'a_labels.nii.gz'");
  labels = sound;  // stored left to right: other numbers, the same place
  labels.grid.direction[0] = {-1, 0, 0};
  labels.grid.origin = sound.grid.position(3, 0, 0);
  for (int k = 0; k < 2; ++k) {
    for (int j = 0; j < 3; ++j) {
      for (int i = 0; i < 4; ++i) labels.at(i, j, k) = sound.at(3 - i, j, k);
    }
  }
  write_label_volume(folder / "a_labels.nii.gz", labels);
  const auto mirrored = load();
  CHECK(mirrored.at_site().labels.at(0, 0, 1) == 1);
  CHECK(mirrored.at_site().labels.at(0, 0, 2) == 0);
}

TEST_CASE("What a site cannot train on is refused, with file and reason", "[data]") {
  const TemporaryFolder folder;
  const auto load = [&](const LoadOptions& options) {
    return refusal(folder, [&] { return load_cases(find_volumes(folder.path(), kBoth), options); });
  };
  CHECK(load(plain()) ==
        "'DIR': no cases, expected files named <case>_<channel>.nii.gz and <case>_labels.nii.gz "
        "(or folders <case>_<channel> of DICOM slices) with channels 't1', 't2'");
  write_case(folder.path(), "a", 0);
  CHECK(load(plain(1 + 1)) == "accepted");
  LoadOptions options = plain();
  options.classify = [](const RawMask&) -> LabelMap { throw DataError("label 7 is no class"); };
  CHECK(load(options) == "'a_labels.nii.gz', slice 0: label 7 is no class");
  options = plain();
  options.normalize = [](std::span<float>, const std::string& channel, const std::string&) {
    throw DataError("no contrast in " + channel);
  };
  CHECK(load(options) == "'a_T1.nii.gz': no contrast in t1");
  options = plain();
  options.min_slices = 3;
  CHECK(load(options) ==
        "'DIR': 2 slice(s) with at least 0 labelled pixels in 1 case(s), expected at least 3");
  options = plain();
  options.min_labelled_pixels = 3;  // a site with one image
  CHECK(load(options) ==
        "'DIR': 1 slice(s) with at least 3 labelled pixels in 1 case(s), expected at least 2");
  write_case(folder.path(), "b", 0, {.size = {5, 3, 2}});
  CHECK(load(plain()) ==
        "'b_T1.nii.gz': slices of 3x5 pixels, expected 3x4 as in 'a_T1.nii.gz' "
        "(LoadOptions::size brings them to one size)");
  std::filesystem::remove(folder / "a_labels.nii.gz");
  CHECK(load(plain()) == "'DIR': case 'a' has no label volume");
  CHECK(refusal(folder, [&] { return find_volumes(folder / "none", kBoth); }) ==
        "'none': no such folder");
  CHECK(refusal(folder, [] { return load_cases({}, plain()); }) ==
        "no cases: 0 slice(s) with at least 0 labelled pixels in 0 case(s), expected at least 2");
  CHECK_THROWS_AS(load_cases({}, LoadOptions{}), ContractViolation);
}

TEST_CASE("The same image under two extensions is refused", "[data]") {
  const TemporaryFolder folder;
  write_case(folder.path(), "a", 0);
  std::filesystem::copy(folder / "a_t2.nii", folder / "a_t2.mha");
  CHECK_THAT(refusal(folder, [&] { return find_volumes(folder.path(), kBoth); }),
             Catch::Contains("are the same image by name"));
}

TEST_CASE("BraTS cases are found by the endings of any year", "[data]") {
  const TemporaryFolder folder;
  const auto touch = [&](const std::string& id, const std::vector<std::string>& endings) {
    std::filesystem::create_directories(folder / id);
    for (const std::string& ending : endings) {
      std::ofstream(folder / id / (id + ending + ".nii.gz")) << "x";
    }
  };
  touch("BraTS20_002", {"_t1", "_t2", "_flair", "_t1ce", "_seg"});
  touch("BraTS-GLI-001", {"-t1n", "-t2w", "-t2f", "-t1c", "-seg"});
  std::ofstream(folder / "readme.txt") << "x";
  const auto cases =
      find_brats_cases(folder.path(), std::vector<std::string>{"t1c", "flair", "t1"});
  REQUIRE(cases.size() == 2);
  CHECK(cases[0].id == "BraTS-GLI-001");
  CHECK(cases[0].images[0].file.filename() == "BraTS-GLI-001-t1c.nii.gz");
  CHECK(cases[0].images[1].file.filename() == "BraTS-GLI-001-t2f.nii.gz");
  CHECK(cases[1].images[0].file.filename() == "BraTS20_002_t1ce.nii.gz");
  CHECK(cases[1].images[2].file.filename() == "BraTS20_002_t1.nii.gz");
  CHECK(cases[1].labels.filename() == "BraTS20_002_seg.nii.gz");
  std::filesystem::remove(folder / "BraTS20_002" / "BraTS20_002_flair.nii.gz");
  CHECK(
      refusal(folder,
              [&] { return find_brats_cases(folder.path(), std::vector<std::string>{"flair"}); }) ==
      "'BraTS20_002': case 'BraTS20_002' has no image of channel 'flair', only "
      "'labels', 't1', 't1c', 't2'");
  CHECK_THROWS_AS(find_brats_cases(folder.path(), std::vector<std::string>{"pd"}),
                  ContractViolation);
}

TEST_CASE("Pictures and masks are paired by name", "[data]") {
  const TemporaryFolder folder;
  const std::vector<std::string> rgb{"red", "green", "blue"};
  std::filesystem::create_directories(folder / "images");
  std::filesystem::create_directories(folder / "masks");
  const auto find = [&] { return find_image_mask_pairs(folder / "images", folder / "masks", rgb); };
  CHECK(refusal(folder, find) == "'images': no images, expected .png, .tif or .tiff files");
  Image2d picture{.height = 2, .width = 3, .channels = 3, .samples = {}};
  for (std::uint16_t i = 0; i < 18; ++i) picture.samples.push_back(i);
  const Image2d mask{.height = 2, .width = 3, .samples = {0, 1, 2, 3, 4, 5}};
  write_image2d(folder / "images" / "x.png", picture);
  write_image2d(folder / "images" / "y.tif", picture);
  CHECK(refusal(folder, find) ==
        "'images/x.png' has no mask in 'masks' (2 images, 0 masks), expected one named "
        "'x' or 'x_mask'");
  write_image2d(folder / "masks" / "x.tif", mask);
  write_image2d(folder / "masks" / "y_mask.png", mask);
  const auto loaded = load_cases(find(), plain());
  const Slices& slices = loaded.at_site();
  require_consistent(slices);
  CHECK(slices.images.shape() == Shape{2, 3, 2, 3});
  CHECK(slices.images(1, 2, 1, 0) == 0.011F);  // sample 3 * 3 + 2
  CHECK(slices.labels.at(0, 1, 2) == 5);
  CHECK(slices.info[1].case_id == "y");
  CHECK(std::isinf(slices.info[1].spacing_z));  // pictures are no stack

  Image2d grey = mask;
  write_image2d(folder / "images" / "x.png", grey);
  CHECK(refusal(folder, [&] { return load_cases(find(), plain()); }) ==
        "'images/x.png': grey, expected an RGB image for channel 'green'");
  grey.height = 3;
  grey.width = 2;
  write_image2d(folder / "masks" / "x.tif", grey);
  write_image2d(folder / "images" / "x.png", picture);
  CHECK(refusal(folder, [&] { return load_cases(find(), plain()); }) ==
        "'images/x.png': size 3x2x1, expected 2x3x1 as in 'masks/x.tif'");
  std::filesystem::remove_all(folder / "masks");
  CHECK(refusal(folder, find) == "'masks': no such folder");
}

/// A case whose channel is a folder of five DICOM slices, 2.5 mm apart, with values 100 * i +
/// pixel, and whose labels are a file drawn on them: 1 in slice 2, else 0.
void write_dicom_case(const std::filesystem::path& folder, const std::string& id) {
  std::filesystem::create_directory(folder / (id + "_CT"));
  for (int i = 0; i < 5; ++i) {
    test::DicomFile file;
    file.number = i + 1;
    file.position = "-10\\-20\\" + std::to_string(30 + 2.5 * i);
    file.intercept = "0";
    for (std::size_t pixel = 0; pixel < file.pixels.size(); ++pixel) {
      file.pixels[pixel] = static_cast<std::int16_t>(100 * i + static_cast<int>(pixel));
    }
    file.write(folder / (id + "_CT") / ("im" + std::to_string(9 - i)));
  }
  LabelVolume labels{{.size = {3, 2, 5}, .spacing = {0.25, 0.5, 2.5}, .origin = {-10, -20, 30}},
                     std::vector<std::uint16_t>(30)};
  for (std::size_t i = 12; i < 18; ++i) labels.voxels[i] = 1;
  write_label_volume(folder / (id + "_labels.nii.gz"), labels);
}

TEST_CASE("A folder of DICOM slices stands for a volume file in a data set", "[data]") {
  const TemporaryFolder folder;
  const std::vector<std::string> ct{"ct"};
  write_dicom_case(folder.path(), "b");
  Volume file{.grid = {.size = {3, 2, 4}, .spacing = {0.25, 0.5, 2.5}}, .voxels = {}, .unit = {}};
  file.voxels.assign(24, 7);
  write_volume(folder / "a_ct.mha", file);
  std::filesystem::create_directory(folder / "a_labels");  // labels as slices, all 1
  for (int i = 0; i < 4; ++i) {
    test::DicomFile one;
    one.number = i + 1;
    one.position = "0\\0\\" + std::to_string(2.5 * i);
    one.intercept = "0";
    one.pixels.assign(6, 1);
    one.write(folder / "a_labels" / std::to_string(i));
  }
  std::filesystem::create_directory(folder / "scans");  // left alone

  const auto loaded = load_cases(find_volumes(folder.path(), ct), plain());
  const Slices& slices = loaded.at_site();
  require_consistent(slices);
  CHECK(slices.images.shape() == Shape{9, 1, 2, 3});
  CHECK(slices.info[1] == SliceInfo{"a", 1, 0.5, 0.25, 2.5});
  CHECK(slices.labels.at(3, 1, 2) == 1);
  CHECK(slices.info[6] == SliceInfo{"b", 2, 0.5, 0.25, 2.5});
  CHECK(slices.images(6, 0, 1, 2) == 0.205F);
  CHECK(slices.labels.at(6, 1, 2) == 1);
  CHECK(slices.labels.at(7, 1, 2) == 0);
  CHECK(find_label_volumes(folder.path()) ==
        std::map<std::string, std::filesystem::path>{{"a", folder / "a_labels"},
                                                     {"b", folder / "b_labels.nii.gz"}});
}

TEST_CASE("A data set whose DICOM series lacks a slice is refused by the slice's name", "[data]") {
  const TemporaryFolder folder;
  const std::vector<std::string> ct{"ct"};
  const auto load = [&] {
    return refusal(folder, [&] { return load_cases(find_volumes(folder.path(), ct), plain()); });
  };
  write_dicom_case(folder.path(), "a");
  CHECK(load() == "accepted");
  std::filesystem::rename(folder / "a_CT" / "im5", folder / "last");
  CHECK(load() == "'a_CT': size 3x2x4, expected 3x2x5 as in 'a_labels.nii.gz'");
  std::filesystem::rename(folder / "last", folder / "a_CT" / "im5");
  std::filesystem::remove(folder / "a_CT" / "im8");
  CHECK(load() == "'a_CT/im7': is 5 mm from 'im9', expected 2.5 mm: 1 slice(s) missing");
  std::filesystem::remove_all(folder / "a_CT");
  std::filesystem::create_directory(folder / "a_CT");
  CHECK(load() == "'a_CT': no DICOM images in this folder");
  std::filesystem::copy(folder / "a_labels.nii.gz", folder / "a_CT.nii.gz");
  CHECK_THAT(load(), Catch::Contains("are the same image by name"));
}

}  // namespace
}  // namespace asyndgan::data
