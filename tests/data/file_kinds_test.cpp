// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/data/file_kinds.hpp"

#include "support/catch.hpp"

namespace asyndgan::data {
namespace {

TEST_CASE("Extensions are known in capitals, and '.nii.gz' is one", "[data]") {
  CHECK(extension_of("there/a.NII.GZ", kVolumes) == ".nii.gz");
  CHECK(extension_of("a.b.nii", kVolumes) == ".nii");
  CHECK_FALSE(extension_of("a.gz", kVolumes).has_value());
  CHECK_FALSE(extension_of("there/.nii", kVolumes).has_value());
  CHECK(extension_of("a.TIFF", kPictures) == ".tiff");
}

}  // namespace
}  // namespace asyndgan::data
