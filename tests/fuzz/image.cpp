// SPDX-License-Identifier: Apache-2.0
//
// An image file before ITK sees it, of the kind that the first byte says. ITK itself is not fuzzed:
// clang does not compile its headers, and it is not ours to mend.
#include <array>

#include "fuzz/fuzz.hpp"
#include "fuzz/scratch.hpp"
#include "itk/header_check.hpp"

using namespace asyndgan;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kMost = 4096;  // voxels
  constexpr std::array<const char*, 5> kNames{"v.nii", "v.nii.gz", "v.mha", "i.png", "s.dcm"};
  if (size < 1) return 0;
  const std::size_t kind = data[0] % kNames.size();
  const auto path = fuzz::file_of(fuzz::bytes_of(data, size).subspan(1), kNames[kind]);
  fuzz::refused_or_read([&] {
    if (kind < 2) (void)data::files::check_nifti(path, kMost);
    if (kind == 2) data::files::check_meta_image(path, kMost);
    if (kind == 3) data::files::check_png(path, kMost);
    if (kind == 4 && data::files::check_dicom_elements(path)) {
      data::files::check_dicom_pixels(path, /*pixel_bytes=*/12);
    }
    return 0;
  });
  return 0;
}
