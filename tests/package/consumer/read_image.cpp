// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <string>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/volume_io.hpp"

int main() {
  try {
    (void)asyndgan::data::read_volume("no_such_file.nii.gz");
  } catch (const asyndgan::DataError& error) {
    std::cout << error.what() << '\n';
    return std::string(error.what()).find("no_such_file.nii.gz") == std::string::npos ? 1 : 0;
  }
  return 1;
}
