// SPDX-License-Identifier: Apache-2.0
//
// Writes the smallest federation of two sites, "north" and "south", for tests that are scripts:
//   tiny_federation FOLDER     images, and FOLDER/run.json
#include <cstdio>
#include <exception>
#include <filesystem>

#include "tiny_run.hpp"

int main(int count, char** values) {
  if (count != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", values[0]);
    return 2;
  }
  try {
    namespace test = asyndgan::program::test;
    const std::filesystem::path folder = values[1];
    std::filesystem::create_directories(folder);
    (void)test::write_config(folder, test::write_two_sites(folder));
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", values[0], error.what());
    return 1;
  }
}
