// SPDX-License-Identifier: Apache-2.0
//
// A configuration: the file, and behind a NUL the --set changes, one a line. What is accepted can
// be written down, and read again to the same.
#include "config.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>
#include <string>
#include <vector>

#include "fuzz/fuzz.hpp"

using namespace asyndgan;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::uint8_t* end = std::find(data, data + size, std::uint8_t{0});
  const std::string text(data, end);
  std::vector<std::string> changes;
  if (end != data + size) {
    std::istringstream lines(std::string(end + 1, data + size));
    for (std::string line; std::getline(lines, line);) changes.push_back(line);
  }
  fuzz::refused_or_read([&] {
    const auto config = program::parse_config(text, "fuzz.json", "/folder", changes);
    const std::string written = program::config_text(config);
    const auto again = program::parse_config(written, "again.json", "/folder");
    if (program::config_text(again) != written) std::abort();
    return config;
  });
  return 0;
}
