// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "dicom_file.hpp"
#include "support/catch.hpp"
#include "support/refusal.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::data {
namespace {

using test::DicomFile;
using test::TemporaryFolder;

/// Slice `i` of a series of 2x3 pixels, 2.5 mm apart; pixel values are 100 * i + 10 * row + column.
DicomFile slice(int i) {
  DicomFile file;
  file.number = i + 1;
  file.position = "-10\\-20\\" + std::to_string(30 + 2.5 * i);
  for (int row = 0; row < 2; ++row) {
    for (int column = 0; column < 3; ++column) {
      file.pixels[3 * static_cast<std::size_t>(row) + static_cast<std::size_t>(column)] =
          static_cast<std::int16_t>(100 * i + 10 * row + column);
    }
  }
  return file;
}

/// File names run against the slices' order in space.
void write_series(const TemporaryFolder& folder, int count) {
  for (int i = 0; i < count; ++i) slice(i).write(folder / ("im" + std::to_string(90 - i)));
}

std::string refusal(const TemporaryFolder& folder, const DicomOptions& options = {}) {
  return test::refusal(folder, [&] { return read_dicom_series(folder.path(), options); });
}

TEST_CASE("A DICOM series is a volume sorted by position, in Hounsfield units", "[data]") {
  const TemporaryFolder folder;
  write_series(folder, 4);
  const Volume volume = read_dicom_series(folder.path());
  CHECK(volume.unit == "HU");
  CHECK(volume.grid.size == std::array<int, 3>{3, 2, 4});
  CHECK(volume.grid.spacing == std::array<double, 3>{0.25, 0.5, 2.5});
  CHECK(volume.grid.origin == std::array<double, 3>{-10, -20, 30});
  CHECK(volume.grid.direction == Grid{}.direction);
  for (int k = 0; k < 4; ++k) {
    for (int j = 0; j < 2; ++j) {
      for (int i = 0; i < 3; ++i) {
        CHECK(volume.at(i, j, k) == static_cast<float>(100 * k + 10 * j + i - 1024));
      }
    }
  }
  CHECK(read_volume(folder.path()).voxels == volume.voxels);
}

TEST_CASE("A sagittal DICOM series keeps its axes", "[data]") {
  const TemporaryFolder folder;
  for (int i = 0; i < 3; ++i) {
    DicomFile file = slice(i);
    file.modality = "MR";
    file.intercept = "0";
    file.slope = "2";
    file.orientation = "0\\1\\0\\0\\0\\-1";  // columns run to the back, rows to the feet
    file.position = std::to_string(5 - 1.5 * i) + "\\0\\40";
    file.write(folder / ("s" + std::to_string(i) + ".dcm"));
  }
  const Volume volume = read_dicom_series(folder.path());
  CHECK(volume.unit.empty());
  CHECK(volume.grid.direction ==
        std::array<std::array<double, 3>, 3>{{{0, 1, 0}, {0, 0, -1}, {-1, 0, 0}}});
  CHECK(volume.grid.spacing[2] == 1.5);
  CHECK(volume.grid.origin == std::array<double, 3>{5, 0, 40});
  CHECK(volume.at(2, 1, 1) == 2 * 112);
}

TEST_CASE("The unit a DICOM file names is kept, and 'unspecified' is none", "[data]") {
  for (const std::string type : {"BQML", "US"}) {
    const TemporaryFolder folder;
    DicomFile file = slice(0);
    file.rescale_type = type;
    file.write(folder / "a");
    CHECK(read_dicom_series(folder.path()).unit == (type == "US" ? "" : type));
  }
}

TEST_CASE("A DICOM series with a missing slice is refused, with its place", "[data]") {
  const TemporaryFolder folder;
  write_series(folder, 6);
  std::filesystem::remove(folder / "im87");
  CHECK(refusal(folder) == "'im86': is 5 mm from 'im88', expected 2.5 mm: 1 slice(s) missing");
}

TEST_CASE("Two slices at one place and uneven slices are refused", "[data]") {
  const TemporaryFolder folder;
  write_series(folder, 4);
  DicomFile again = slice(2);
  again.number = 9;
  again.write(folder / "twice");
  CHECK_THAT(refusal(folder),
             Catch::Contains("two slices at one place") && Catch::Contains("expected 2.5 mm"));
  again.position = "-10\\-20\\38.1";
  again.write(folder / "twice");
  CHECK(refusal(folder) == "'twice': is 0.6 mm from 'im87', expected 2.5 mm");
}

TEST_CASE("Positions rounded to a tenth of a millimetre are no gap", "[data]") {
  const TemporaryFolder folder;
  const char* places[] = {"0.0", "0.7", "1.3", "2.0", "2.7"};  // 0.6666 mm apart
  for (int i = 0; i < 5; ++i) {
    DicomFile file = slice(i);
    file.position = std::string("0\\0\\") + places[i];
    file.write(folder / std::to_string(i));
  }
  CHECK(refusal(folder) == "'2': is 0.6 mm from '1', expected 0.7 mm");
  const Volume volume = read_dicom_series(folder.path(), {.gap_tolerance = 0.2});
  CHECK(volume.grid.spacing[2] == Approx(0.675).epsilon(1e-14));  // measured 0
}

TEST_CASE("Slices that do not fit together are refused, naming the odd one", "[data]") {
  const TemporaryFolder folder;
  write_series(folder, 3);
  const auto with = [&](auto change) {
    DicomFile file = slice(3);
    change(file);
    file.write(folder / "odd");
    return refusal(folder);
  };
  CHECK_THAT(with([](DicomFile& file) {
               file.rows = 3;
               file.columns = 2;
             }),
             Catch::Contains("size 2x3x1, expected 3x2x1"));
  CHECK_THAT(with([](DicomFile& file) { file.pixel_spacing = "0.5\\0.5"; }),
             Catch::Contains("spacing (0.5, 0.5, "));
  CHECK_THAT(with([](DicomFile& file) { file.orientation = "0\\1\\0\\1\\0\\0"; }),
             Catch::Contains("axis 0 along"));
  CHECK_THAT(with([](DicomFile& file) { file.position = "-10\\-15\\37.5"; }),
             Catch::Contains("5 mm aside") && Catch::Contains("gantry tilt"));
  CHECK_THAT(with([](DicomFile& file) { file.rescale_type = "OD"; }),
             Catch::Contains("intensity unit 'OD', expected 'HU'") ||
                 Catch::Contains("intensity unit 'HU', expected 'OD'"));
  CHECK_THAT(with([](DicomFile& file) { file.position = ""; }),
             Catch::Contains("no Image Position (Patient) (0020,0032)"));
  CHECK(with([](DicomFile&) {}) == "accepted");
}

TEST_CASE("Of several DICOM series one has to be named", "[data]") {
  const TemporaryFolder folder;
  write_series(folder, 2);
  DicomFile other = slice(0);
  other.series = "1.2.826.0.1.3680043.9.2";
  other.write(folder / "other");
  CHECK(refusal(folder) ==
        "'DIR': 2 DICOM series, expected one, or its name in DicomOptions::series: "
        "1.2.826.0.1.3680043.9.1, 1.2.826.0.1.3680043.9.2");
  CHECK(read_dicom_series(folder.path(), {.series = other.series}).grid.size[2] == 1);
  CHECK(refusal(folder, {.series = "1.2.3"}) ==
        "'DIR': no DICOM series '1.2.3' among 1.2.826.0.1.3680043.9.1, 1.2.826.0.1.3680043.9.2");
}

TEST_CASE("A folder that holds no DICOM, and one that is not there, are refused", "[data]") {
  const TemporaryFolder folder;
  CHECK(refusal(folder) == "'DIR': no DICOM images in this folder");
  std::ofstream(folder / "notes.txt") << "no image";
  CHECK(refusal(folder) == "'DIR': no DICOM images in this folder");
  CHECK_THROWS_WITH(read_dicom_series(folder / "none"),
                    "'" + (folder / "none").string() + "': no such folder");
}

/// What a slice with these elements more is refused for.
template <class Add>
std::string refused_element(const Add& add) {
  const TemporaryFolder folder;
  DicomFile file = slice(0);
  add(file);
  file.write(folder / "s");
  return refusal(folder);
}

TEST_CASE("A value representation that DICOM does not have is refused, by element", "[data]") {
  // GDCM ended the program over the first two (an assertion).
  CHECK(refused_element([](DicomFile& file) {
          DicomFile::element(file.more_meta, 0x0002, 0x0001, "ZZ", "ab");
        }) == "'s': (0002,0001) has value representation 'ZZ', which DICOM does not have");
  CHECK(refused_element([](DicomFile& file) {
          DicomFile::element(file.more_meta, 0x0002, 0x0001, "ui", "ab");
        }) == "'s': (0002,0001) has value representation 'ui', which DICOM does not have");
  CHECK(refused_element([](DicomFile& file) {
          DicomFile::element(file.more_data, 0x0018, 0x0060, std::string("\0Z", 2), "80");
        }) == "'s': (0018,0060) has value representation '?Z', which DICOM does not have");
  CHECK(refused_element([](DicomFile& file) {
          DicomFile::lying_element(file.more_meta, 0x0002, 0x0001, "SQ", 2, "ab");
        }) == "'s': (0002,0001) is a sequence, which meta information may not have");
}

TEST_CASE("A length that the file does not have is refused before memory is taken", "[data]") {
  // GDCM ended the program over the first and the last, and took 2 GB for the second.
  const auto refused = [](auto member, std::uint16_t group, const std::string& kind,
                          std::uint32_t length) {
    const std::string message = refused_element([&](DicomFile& file) {
      DicomFile::lying_element(file.*member, group, 0x0001, kind, length, "ab");
    });
    CHECK_THAT(message, Catch::StartsWith("'s': truncated: (00") &&
                            Catch::Contains("needs " + std::to_string(length) + " bytes"));
  };
  refused(&DicomFile::more_meta, 0x0002, "OB", 0x7FFFFFF0);
  refused(&DicomFile::more_data, 0x0018, "UN", 0x7FFFFFF0);
  refused(&DicomFile::more_data, 0x0018, "SQ", 0x7FFFFFF0);
  refused(&DicomFile::more_data, 0x0018, "UT", 0x7FFFFFF0);
}

TEST_CASE("Sequences are looked into, however their ends are told", "[data]") {
  const auto sequence = [](const std::string& items, std::uint32_t length) {
    return refused_element([&](DicomFile& file) {
      DicomFile::lying_element(file.more_data, 0x0008, 0x1140, "SQ", length, items);
    });
  };
  const std::string item("\xfe\xff\x00\xe0", 4);
  const std::string element(
      "\x18\x00\x60\x00"
      "DS"
      "\x02\x00"
      "80",
      10);
  const std::string undefined("\xff\xff\xff\xff", 4);
  const std::string item_end("\xfe\xff\x0d\xe0\0\0\0\0", 8);
  const std::string end("\xfe\xff\xdd\xe0\0\0\0\0", 8);
  CHECK(sequence(item + std::string("\x0a\0\0\0", 4) + element, 18) == "accepted");
  CHECK(sequence(item + undefined + element + item_end + end, 0xFFFFFFFF) == "accepted");
  CHECK(sequence(item + std::string("\x09\0\0\0", 4) + element, 18) ==
        "'s': truncated: (0018,0060) needs 2 bytes, there are 1");
  CHECK(sequence(element, 10) == "'s': (0008,1140) has (0018,0060) where a sequence has items");
  std::string deep;
  for (int i = 0; i < 1000; ++i) {
    DicomFile::lying_element(deep, 0x0008, 0x1140, "SQ", 0xFFFFFFFF, item + undefined);
  }
  CHECK(sequence(item + undefined + deep, 0xFFFFFFFF) ==
        "'s': (0008,1140) lies in more than 32 sequences");
}

TEST_CASE("A DICOM series beyond the limit or cut short is refused", "[data]") {
  const TemporaryFolder folder;
  write_series(folder, 3);
  CHECK(refusal(folder, {.read = {.max_voxels = 17}}) ==
        "'DIR': size is 3x2x3, more than the limit of 17 voxels");
  const auto path = folder / "im89";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 5);
  CHECK(refusal(folder) == "'im89': truncated: 7 bytes of pixels, expected 12");
}

}  // namespace
}  // namespace asyndgan::data
