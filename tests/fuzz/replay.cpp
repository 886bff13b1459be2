// SPDX-License-Identifier: Apache-2.0
//
// Instead of libFuzzer, where it is not: gives the target each file of the folders that are named,
// so that what a fuzzer once came to is tested by any compiler.
#include <algorithm>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"

int main(int argc, char** argv) {
  std::vector<std::filesystem::path> seeds;
  for (int i = 1; i < argc; ++i) {
    for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
      seeds.push_back(entry.path());
    }
  }
  if (seeds.empty()) {
    std::fprintf(stderr, "no seeds in the folders named\n");
    return 1;
  }
  std::sort(seeds.begin(), seeds.end());
  for (const auto& seed : seeds) {
    std::ifstream file(seed, std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    std::fprintf(stderr, "%s, %zu bytes\n", seed.filename().c_str(), bytes.size());
    const std::clock_t begin = std::clock();  // of the processor: machines may be busy
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
    const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    if (took > 1) {
      std::fprintf(stderr, "took %g s, expected at most 1\n", took);
      return 1;
    }
  }
  return 0;
}
