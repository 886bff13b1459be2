// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

#include "support/catch.hpp"
#include "support/command.hpp"
#include "support/temporary_folder.hpp"

/// Ends a test case early where there is no browser; ctest shows it as skipped, by these words.
#define REQUIRE_CHROMIUM()                                           \
  if (asyndgan::test::run_command("chromium --version").code != 0) { \
    WARN("skipped: the Debian package chromium is not installed");   \
    return;                                                          \
  }

namespace asyndgan::test {

/// What a browser makes of a page.
struct Seen {
  std::string document;  // after six seconds of the browser's own time
  std::string log;       // with the page's console
};

[[nodiscard]] inline Seen browse(const std::string& address) {
  const TemporaryFolder folder;
  const std::string document = (folder / "document").string();
  const auto said = run_command(
      "timeout 120 chromium --headless --no-sandbox --disable-gpu --no-first-run "
      "--enable-logging=stderr --virtual-time-budget=6000 --user-data-dir=" +
      (folder / "profile").string() + " --dump-dom '" + address + "' >" + document);
  INFO(said.text);
  REQUIRE(said.code == 0);
  std::ifstream file(document);
  return {{std::istreambuf_iterator<char>(file), {}}, said.text};
}

/// The number behind `before`, 0 if there is none.
[[nodiscard]] inline int number_after(const std::string& document, const std::string& before) {
  const auto found = document.find(before);
  return found == std::string::npos ? 0 : std::atoi(document.c_str() + found + before.size());
}

}  // namespace asyndgan::test
