// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/networks/checkpoint.hpp"

namespace asyndgan::federation {

/// The checkpoints of one participant in a folder of its own, one file a step, the last few
/// kept. A file is there whole or not at all.
///
/// Errors  WriteError, CheckpointError; both name the file.
class Journal {
 public:
  /// Makes the folder where it is missing.
  explicit Journal(std::filesystem::path folder, std::size_t keep = 3)
      : folder_(std::move(folder)), keep_(keep) {
    if (keep_ < 1) throw ContractViolation("Journal: must keep at least one checkpoint");
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    if (error) {
      throw WriteError("cannot make folder " + folder_.string() + ": " + error.message());
    }
  }

  template <std::floating_point T, Device D>
  void write(std::uint64_t step, State<T, D>& state,
             const std::map<std::string, std::string>& metadata) {
    networks::save_checkpoint(file(step), state, metadata);
    auto kept = steps();
    std::erase(kept, step);  // what was just written stays, also before later ones
    for (std::size_t i = 0; i + keep_ <= kept.size(); ++i) {
      std::error_code ignored;  // an old checkpoint too many does no harm
      std::filesystem::remove(file(kept[i]), ignored);
    }
  }

  template <std::floating_point T, Device D>
  void read(std::uint64_t step, State<T, D>& state) const {
    networks::load_checkpoint(file(step), state);
  }

  /// Steps that there are checkpoints of, rising.
  [[nodiscard]] std::vector<std::uint64_t> steps() const {
    std::vector<std::uint64_t> steps;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) continue;
      const std::string_view digits = std::string_view(name).substr(
          kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size());
      std::uint64_t step = 0;
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
      if (error == std::errc() && end == digits.data() + digits.size()) steps.push_back(step);
    }
    std::sort(steps.begin(), steps.end());
    return steps;
  }

  [[nodiscard]] std::filesystem::path file(std::uint64_t step) const {
    std::string digits = std::to_string(step);
    digits.insert(0, digits.size() < 8 ? 8 - digits.size() : 0, '0');
    return folder_ / (std::string(kPrefix) + digits + std::string(kSuffix));
  }

 private:
  static constexpr std::string_view kPrefix = "step-";
  static constexpr std::string_view kSuffix = ".safetensors";

  std::filesystem::path folder_;
  std::size_t keep_;
};

}  // namespace asyndgan::federation
