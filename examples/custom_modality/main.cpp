// SPDX-License-Identifier: Apache-2.0
//
// A modality of one's own: chest_xray.hpp is all it takes. This program reads a folder with it
// and says what a site would train on.
#include <exception>
#include <iostream>

#include "asyndgan/modality/load.hpp"
#include "chest_xray.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: custom_modality FOLDER  (with xrays/*.png and lungs/*.png)\n";
    return 2;
  }
  try {
    const auto loaded = asyndgan::modality::load(ChestXray(), argv[1], {.size = {256, 256}});
    const asyndgan::data::Slices& slices = loaded.at_site();
    std::cout << slices.size() << " images " << asyndgan::to_string(slices.images.shape()) << ", "
              << slices.classes << " classes\n";
  } catch (const std::exception& error) {
    std::cerr << "custom_modality: " << error.what() << '\n';
    return 1;
  }
  return 0;
}
