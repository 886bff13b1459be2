// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace asyndgan::program {

/// What is wrong with what a user gave, gathered so that all of it is told at once.
class Problems {
 public:
  void add(std::string problem) { problems_.push_back(std::move(problem)); }
  void add(std::vector<std::string> problems) {
    for (auto& problem : problems) add(std::move(problem));
  }
  [[nodiscard]] bool empty() const { return problems_.empty(); }

  /// Errors  `Failure`, with `source` on its first line and a line for each problem.
  template <class Failure>
  void throw_if_any(const std::string& source) const {
    if (empty()) return;
    std::string message = source + ":";
    for (const auto& problem : problems_) message += "\n  " + problem;
    throw Failure(message);
  }

 private:
  std::vector<std::string> problems_;
};

}  // namespace asyndgan::program
