// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/data/image2d.hpp"

#include <array>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "support/catch.hpp"
#include "support/full_disk.hpp"
#include "support/refusal.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::data {
namespace {

using test::refusal;
using test::TemporaryFolder;

Image2d example(int bits, int channels) {
  Image2d image{.height = 3,
                .width = 5,
                .channels = channels,
                .bits = bits,
                .samples = {},
                .spacing_y = 0.5,
                .spacing_x = 0.25};
  const unsigned most = bits == 8 ? 255 : 65535;
  for (unsigned i = 0; i < 15U * static_cast<unsigned>(channels); ++i) {
    image.samples.push_back(static_cast<std::uint16_t>((i * 7919) % (most + 1)));
  }
  image.samples.back() = static_cast<std::uint16_t>(most);
  return image;
}

// A TIFF keeps its resolution in single precision: 1.5e-8 relative measured.
TEST_CASE("Pictures come back sample for sample, with their spacing", "[data]") {
  const TemporaryFolder folder;
  for (const int bits : {8, 16}) {
    for (const int channels : {1, 3}) {
      for (const std::string name : {"i.png", "i.tif", "i.TIFF"}) {
        CAPTURE(bits, channels, name);
        const Image2d image = example(bits, channels);
        write_image2d(folder / name, image);
        Image2d back = read_image2d(folder / name);
        CHECK(back.spacing_y == Approx(0.5).epsilon(1e-6));   // measured 1.5e-8
        CHECK(back.spacing_x == Approx(0.25).epsilon(1e-6));  // measured 1.5e-8
        back.spacing_y = 0.5;
        back.spacing_x = 0.25;
        CHECK(back == image);
      }
    }
  }
  CHECK(folder.entries() == 3);
}

/// Files made with Python's zlib and struct, so that the reader meets more than its own writer.
void write_hex(const std::filesystem::path& path, const std::string& hex) {
  std::ofstream file(path, std::ios::binary);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    file.put(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
}

/// A PNG of which IHDR's data, the chunks before IDAT, and IDAT with length and checksum are
/// given.
void write_png(const std::filesystem::path& path, const std::string& ihdr, const std::string& idat,
               const std::string& before = "") {
  write_hex(path,
            "89504e470d0a1a0a0000000d49484452" + ihdr + before + idat + "0000000049454e44ae426082");
}

TEST_CASE("A palette image is RGB as a picture and indices as a mask", "[data]") {
  const TemporaryFolder folder;
  const auto path = folder / "palette.png";  // 0 1 2 / 3 3 1; entry 3 is (10, 20, 30)
  write_png(path, "00000003000000020803000000aaaa9628",
            "000000104944415478da636060646260666604000028000b7acb9f79",
            "0000000c504c5445000000ff000000ff000a141e6ff493b1");
  CHECK(read_label_image2d(path).samples == std::vector<std::uint16_t>{0, 1, 2, 3, 3, 1});
  const Image2d picture = read_image2d(path);
  CHECK(picture.channels == 3);
  CHECK(picture.samples == std::vector<std::uint16_t>{0, 0, 0, 255, 0, 0, 0, 255, 0, 10, 20, 30, 10,
                                                      20, 30, 255, 0, 0});
}

TEST_CASE("An alpha channel is left out, and a mask of several channels refused", "[data]") {
  const TemporaryFolder folder;
  const auto path = folder / "rgba.png";
  write_png(path, "00000002000000010806000000f4227f8a",
            "000000114944415478da63e01291fbaf6164d3000008c202527b24f9a0");
  CHECK(read_image2d(path).samples == std::vector<std::uint16_t>{10, 20, 30, 40, 50, 60});
  CHECK(refusal(folder, [&] { return read_label_image2d(path); }) ==
        "'rgba.png': a mask of 3 channels, expected one (grey or palette) with a label per pixel");
}

TEST_CASE("A PNG of one bit is scaled to eight, and an interlaced one is put together", "[data]") {
  const TemporaryFolder folder;
  write_png(folder / "one.png", "000000080000000201000000004defa040",
            "0000000c4944415478da63d8c0c00800021500b2df66dc09");
  CHECK(read_image2d(folder / "one.png").samples ==
        std::vector<std::uint16_t>{255, 0, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255});
  write_png(folder / "adam7.png",
            "00000003000000030800000001"
            "0444daf5",
            "000000174944415478da636064606660e7646062e0606061650300012a002ea6a846fc");
  CHECK(read_image2d(folder / "adam7.png").samples ==
        std::vector<std::uint16_t>{1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("A PNG with sound checksums and unsound contents is refused, saying what", "[data]") {
  const TemporaryFolder folder;
  const auto path = folder / "i.png";
  const auto refused = [&](const std::string& ihdr, const std::string& idat) {
    write_png(path, ihdr, idat);
    return refusal(folder, [&] { return read_image2d(path); });
  };
  CHECK(refused("000186a0000186a008000000008d395414",
                "0000000a4944415478da6360000000020001e527defc") ==
        "'i.png': size is 100000x100000, more than the limit of 536870912 voxels");
  CHECK(refused("00000002000000010800000000d1492056",
                "0000000b4944415478da636564020000160009ce582f51") ==
        "'i.png': row 0 has filter 5, expected 0 to 4");
  CHECK(refused("0000000200000002080000000057dd52f8",
                "0000000b4944415478da636064020000070004e5ed94cf") ==
        "'i.png': the picture inflates to 3 bytes, expected 6");
  CHECK(refused("00000002000000010803000000c3fc8fb8",
                "0000000b4944415478da6360600400000400022cde48ad") ==
        "'i.png': a palette image without a palette before its pixels");
  CHECK(refused("00000002000000010300000000a6991147",
                "0000000b4944415478da6360600400000400022cde48ad") ==
        "'i.png': IHDR has bit depth 3 and colour type 0, which no PNG may have");
}

TEST_CASE("Damaged and truncated pictures are refused", "[data]") {
  const TemporaryFolder folder;
  const Image2d image = example(8, 3);
  const auto png = folder / "i.png";
  write_image2d(png, image);
  for (auto size = std::filesystem::file_size(png); size-- > 0;) {
    std::filesystem::resize_file(png, size);
    CHECK_THAT(refusal(folder, [&] { return read_image2d(png); }), Catch::StartsWith("'i.png': "));
  }
  write_image2d(png, image);
  std::filesystem::resize_file(png, 30);
  CHECK(refusal(folder, [&] { return read_image2d(png); }) ==
        "'i.png': truncated: 30 bytes, the chunk at byte 8 ends later");
  // The directory of a TIFF that ITK writes comes after the pixels, so that half a file has none.
  const auto tiff = folder / "i.tif";
  write_image2d(tiff, image);
  std::filesystem::resize_file(tiff, std::filesystem::file_size(tiff) / 2);
  CHECK(refusal(folder, [&] { return read_image2d(tiff); }) ==
        "'i.tif': not an image of the kind its name says");
}

/// A little-endian TIFF of 4x3 pixels whose directory comes first. Source: TIFF 6.0, section 2.
std::string tiff_bytes(std::uint16_t bits, std::uint16_t format, const std::string& pixels) {
  std::string bytes = "II*";
  const auto put = [&bytes](std::uint32_t value, int count) {
    for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  };
  put(0, 1);
  put(8, 4);
  const std::vector<std::array<std::uint32_t, 2>> entries{
      {256, 4},     {257, 3}, {258, bits},
      {259, 1},     {262, 1}, {273, 8 + 2 + 12 * 10 + 4},
      {277, 1},     {278, 3}, {279, static_cast<std::uint32_t>(4 * 3 * bits / 8)},
      {339, format}};
  put(static_cast<std::uint32_t>(entries.size()), 2);
  for (const auto& [tag, value] : entries) {
    put(tag, 2);
    put(4, 2);  // LONG
    put(1, 4);
    put(value, 4);
  }
  put(0, 4);
  return bytes + pixels;
}

TEST_CASE("A TIFF whose pixels are cut or are no 8 or 16 bit integers is refused", "[data]") {
  const TemporaryFolder folder;
  const auto path = folder / "i.tif";
  const auto refused = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return refusal(folder, [&] { return read_image2d(path); });
  };
  CHECK(refused(tiff_bytes(8, 1, "ABCDEFGHIJKL")) == "accepted");
  CHECK(read_image2d(path).at(1, 2) == 'G');
  CHECK_THAT(refused(tiff_bytes(8, 1, "ABCDEFG")),
             Catch::StartsWith("'i.tif': ") &&
                 Catch::Contains("Read error on strip 0; got 7 bytes, expected 12"));
  CHECK(refused(tiff_bytes(32, 3, std::string(48, '\0'))) ==
        "'i.tif': samples are of type float, expected 8 or 16 bit unsigned integers");
}

TEST_CASE("What is no picture cannot be written, and a full disk leaves the old one", "[data]") {
  const TemporaryFolder folder;
  Image2d image = example(8, 1);
  CHECK_THROWS_WITH(
      write_image2d(folder / "i.jpg", image),
      "'" + (folder / "i.jpg").string() + "': unsupported extension, expected .png, .tif or .tiff");
  image.samples[2] = 256;
  CHECK_THROWS_WITH(write_image2d(folder / "i.png", image),
                    "write_image2d: samples beyond 255 in an image of 8 bits");
  image.samples.pop_back();
  CHECK_THROWS_AS(write_image2d(folder / "i.png", image), ContractViolation);
  CHECK(folder.entries() == 0);
  const Image2d old = example(16, 3);
  Image2d large = example(16, 1);
  large.height = 200;
  large.width = 300;
  large.samples.resize(60'000);
  for (std::size_t i = 0; i < large.samples.size(); ++i) {
    large.samples[i] = static_cast<std::uint16_t>(i * 40503);
  }
  const auto path = folder / "i.tif";
  write_image2d(path, old);
  {
    const test::FullDisk full(20'000);
    CHECK_THROWS_AS(write_image2d(path, large), WriteError);
  }
  CHECK(read_image2d(path).samples == old.samples);
  CHECK(folder.entries() == 1);
}

TEST_CASE("Files are read and written in several threads at once", "[data]") {
  const TemporaryFolder folder;
  std::vector<std::thread> threads;
  std::vector<int> good(4);
  for (std::size_t i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      const Image2d image = example(16, i % 2 == 0 ? 1 : 3);
      Volume volume{.grid = {.size = {5, 4, 3}}, .voxels = {}, .unit = "HU"};
      volume.voxels.assign(60, static_cast<float>(i));
      for (int round = 0; round < 5; ++round) {
        const std::string name = "t" + std::to_string(i);
        write_image2d(folder / (name + ".png"), image);
        write_volume(folder / (name + ".nii.gz"), volume);
        good[i] += read_image2d(folder / (name + ".png")).samples == image.samples &&
                           read_volume(folder / (name + ".nii.gz")).voxels == volume.voxels
                       ? 1
                       : 0;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(good == std::vector<int>(4, 5));
}

}  // namespace
}  // namespace asyndgan::data
