// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "asyndgan/core/error.hpp"
#include "support/temporary_folder.hpp"

namespace asyndgan::test {

/// The message of the DataError that `work` throws, or "accepted". Files in the folder are named
/// without it, and the folder itself is "DIR".
template <class F>
[[nodiscard]] std::string refusal(const TemporaryFolder& folder, const F& work) {
  try {
    (void)work();
  } catch (const DataError& error) {
    std::string text = error.what();
    const std::string name = folder.path().string();
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name)) {
      const bool file_in_it = text.compare(at + name.size(), 1, "/") == 0;
      text.replace(at, name.size() + (file_in_it ? 1 : 0), file_in_it ? "" : "DIR");
    }
    return text;
  }
  return "accepted";
}

}  // namespace asyndgan::test
