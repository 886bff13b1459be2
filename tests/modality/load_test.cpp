// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/modality/load.hpp"

#include <string>

#include "asyndgan/modality/brain_mri.hpp"
#include "asyndgan/modality/ct.hpp"
#include "asyndgan/modality/histology.hpp"
#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::modality {
namespace {

using data::Slices;
using test::TemporaryFolder;

/// The smallest type that is a modality: one grey channel, two classes, no files.
struct SmallestModality {
  [[nodiscard]] const char* name() const { return "smallest"; }
  [[nodiscard]] std::vector<std::string> channels() const { return {"grey"}; }
  [[nodiscard]] std::vector<std::string> classes() const { return {"background", "thing"}; }
  void normalize(std::span<float>, const std::string&, const std::string&) const {}
  [[nodiscard]] LabelMap classify(const data::RawMask& mask) const {
    return {1, mask.height, mask.width};
  }
  [[nodiscard]] std::vector<data::CaseFiles> find_cases(const std::filesystem::path&) const {
    return {};
  }
};
static_assert(Modality<SmallestModality>);

/// Just fails: what it does with intensities would be lost.
struct NormalizesACopy : SmallestModality {
  std::vector<float> normalize(std::span<float>, const std::string&, const std::string&) const {
    return {};
  }
};
static_assert(!Modality<NormalizesACopy>);

/// Writes volumes of 3x2x2 voxels counting up from `first`, and their labels.
void write_case(const std::filesystem::path& folder, const std::string& id,
                const std::vector<std::string>& endings, const std::string& labels_ending,
                const std::vector<std::uint16_t>& labels, const std::string& unit = "") {
  data::Volume volume{.grid = {.size = {3, 2, 2}}, .voxels = {}, .unit = unit};
  for (int i = 0; i < 12; ++i) volume.voxels.push_back(static_cast<float>(100 * i - 300));
  for (const std::string& ending : endings) {
    data::write_volume(folder / (id + ending + ".nii.gz"), volume);
  }
  data::write_label_volume(folder / (id + labels_ending + ".nii.gz"), {volume.grid, labels});
}

const std::vector<std::uint16_t> kTumour{0, 1, 2, 4, 0, 0, 0, 1, 2, 3, 4, 0};

TEST_CASE("BrainMri loads the channels a site has, percentiles at -1 and 1", "[modality]") {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "p1");
  write_case(folder / "p1", "p1", {"_t1", "_flair"}, "_seg", kTumour);
  const BrainMri mri({.channels = {"flair", "t1"}, .low_percentile = 0, .high_percentile = 100});
  const auto loaded = load(mri, folder.path());
  const Slices& slices = loaded.at_site();
  data::require_consistent(slices);
  CHECK(slices.channels == std::vector<std::string>{"flair", "t1"});
  CHECK(slices.classes == 4);
  CHECK(slices.images(0, 0, 0, 0) == -1);
  CHECK(slices.images(1, 1, 1, 2) == 1);
  CHECK(slices.images(0, 1, 1, 0) == Approx(2 * 3 / 11.0 - 1).epsilon(1e-7));  // measured 3.1e-8
  CHECK(slices.labels.labels == std::vector<std::uint8_t>{0, 1, 2, 3, 0, 0, 0, 1, 2, 3, 3, 0});
  CHECK_THROWS_WITH(load(BrainMri({}), folder.path()),
                    "'" + (folder / "p1").string() +
                        "': case 'p1' has no image of channel 't2', only 'flair', 'labels', 't1'");
}

TEST_CASE("BrainMri with its own classes reads a folder of volumes", "[modality]") {
  const TemporaryFolder folder;
  write_case(folder.path(), "a", {"_T1"}, "_labels", kTumour);
  const BrainMri mri({.channels = {"t1"},
                      .classes = ClassTable({{"healthy", {0}}, {"tumour", {1, 2, 3, 4}}}),
                      .layout = BrainMri::Layout::volumes});
  const auto loaded = load(mri, folder.path());
  CHECK(loaded.at_site().labels.labels ==
        std::vector<std::uint8_t>{0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0});
  const BrainMri strict({.channels = {"t1"},
                         .classes = ClassTable::in_order({"healthy", "core"}),
                         .layout = BrainMri::Layout::volumes});
  CHECK_THROWS_WITH(load(strict, folder.path()),
                    "'" + (folder / "a_labels.nii.gz").string() +
                        "', slice 0: label 2 at row 0, column 2 is no class, expected 0 healthy, "
                        "1 core");
}

TEST_CASE("An MR volume without contrast is refused by name", "[modality]") {
  const TemporaryFolder folder;
  write_case(folder.path(), "a", {"_t1"}, "_labels", kTumour);
  data::write_volume(folder / "a_t1.nii.gz",
                     {.grid = {.size = {3, 2, 2}}, .voxels = std::vector<float>(12), .unit = {}});
  const BrainMri mri({.channels = {"t1"}, .layout = BrainMri::Layout::volumes});
  CHECK_THROWS_WITH(load(mri, folder.path()),
                    Catch::StartsWith("'" + (folder / "a_t1.nii.gz").string() + "': percentiles"));
}

TEST_CASE("Ct applies its window to Hounsfield units and refuses other units", "[modality]") {
  const TemporaryFolder folder;
  const std::vector<std::uint16_t> labels{0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0};
  write_case(folder.path(), "a", {"_ct"}, "_labels", labels, "HU");
  const Ct ct({.classes = ClassTable::in_order({"background", "heart"}),
               .window_centre = 200,
               .window_width = 1000});
  const auto loaded = load(ct, folder.path());
  CHECK(loaded.at_site().images.to_host() ==
        std::vector<float>{-1, -0.8F, -0.6F, -0.4F, -0.2F, 0, 0.2F, 0.4F, 0.6F, 0.8F, 1, 1});
  write_case(folder.path(), "a", {"_ct"}, "_labels", labels, "BQML");
  CHECK_THROWS_WITH(load(ct, folder.path()), "'" + (folder / "a_ct.nii.gz").string() +
                                                 "': intensity unit 'BQML', expected 'HU'");
}

TEST_CASE("Histology keeps nuclei apart that touch", "[modality]") {
  // Two nuclei side by side, the right one cut by the edge of the picture.
  const data::RawMask mask{5, 8, {0, 0, 0, 0, 0, 0, 0, 0,  //
                                  0, 1, 1, 1, 2, 2, 2, 2,  //
                                  0, 1, 1, 1, 2, 2, 2, 2,  //
                                  0, 1, 1, 1, 2, 2, 2, 2,  //
                                  0, 0, 0, 0, 0, 2, 2, 2}};
  CHECK(Histology().classify(mask).labels == std::vector<std::uint8_t>{0, 0, 0, 0, 0, 0, 0, 0,  //
                                                                       0, 2, 2, 2, 2, 2, 2, 2,  //
                                                                       0, 2, 1, 2, 2, 1, 1, 1,  //
                                                                       0, 2, 2, 2, 2, 2, 1, 1,  //
                                                                       0, 0, 0, 0, 0, 2, 1, 1});
  const Histology none({.contour = 0});
  CHECK(none.classify(mask).at(0, 1, 1) == 1);
}

TEST_CASE("Histology reads RGB pictures with instance masks of 16 bits", "[modality]") {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder / "images");
  std::filesystem::create_directories(folder / "masks");
  data::Image2d picture{.height = 3, .width = 3, .channels = 3, .samples = {}};
  for (std::uint16_t i = 0; i < 27; ++i) {
    picture.samples.push_back(static_cast<std::uint16_t>(i % 3 == 0 ? 255 : i % 3 == 1 ? 0 : 51));
  }
  data::Image2d mask{.height = 3, .width = 3, .channels = 1, .bits = 16, .samples = {}};
  mask.samples.assign(9, 300);
  mask.samples[0] = 0;
  for (const std::string name : {"a.png", "b.tif"}) {
    data::write_image2d(folder / "images" / name, picture);
    data::write_image2d(folder / "masks" / name, mask);
  }
  const auto loaded = load(Histology(), folder.path());
  const Slices& slices = loaded.at_site();
  CHECK(slices.channels == std::vector<std::string>{"red", "green", "blue"});
  CHECK(slices.images.shape() == Shape{2, 3, 3, 3});
  CHECK(slices.images(1, 0, 1, 1) == 1);
  CHECK(slices.images(1, 1, 1, 1) == -1);
  CHECK(slices.images(1, 2, 1, 1) == Approx(-0.6).epsilon(1e-7));  // measured 4e-8
  CHECK(slices.labels.at(0, 0, 0) == 0);
  CHECK(slices.labels.at(0, 1, 1) == 2);
  CHECK(slices.labels.at(0, 2, 2) == 1);
}

}  // namespace
}  // namespace asyndgan::modality
