// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/safetensors.hpp"
#include "asyndgan/core/temporary_file.hpp"
#include "asyndgan/networks/checkpoint.hpp"
#include "asyndgan/protocol/message.hpp"

namespace asyndgan::federation {

/// Whether one of the steps `first` to `last` is a multiple of `every`: where a checkpoint of all
/// participants is due, with one that is the same after each of these steps.
[[nodiscard]] constexpr bool checkpoint_due(std::uint64_t first, std::uint64_t last,
                                            std::uint64_t every) {
  return last / every * every >= first;
}

/// The checkpoints of one participant in a folder of its own, one file a step. The last few that
/// were due are kept, and the last one that was not: those that all participants have are among
/// the former, however often a run is interrupted. A file is there whole or not at all.
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

  /// Why a checkpoint is written.
  enum class Occasion {
    due,    // its step has its turn, with all participants
    early,  // the program ends
  };

  /// The state after `step` steps of the run, and still after `until`: a site that sits steps out
  /// is the same after each of them.
  ///
  /// Requires  until >= step.
  template <std::floating_point T, Device D>
  void write(std::uint64_t step, std::uint64_t until, State<T, D>& state,
             std::map<std::string, std::string> metadata, Occasion occasion = Occasion::due) {
    const bool due = occasion == Occasion::due;
    if (!due && std::filesystem::exists(file(kDue, step))) return;  // the same state
    const std::string_view prefix = due ? kDue : kEarly;
    remove_abandoned();
    metadata[kUntil] = std::to_string(until);
    networks::save_checkpoint(file(prefix, step), state, std::move(metadata));
    auto kept = steps_of(prefix);
    while (kept.size() > (due ? keep_ : 1)) {
      // First those that lie ahead: the run has gone back from their steps.
      const auto goes = kept.back() > step ? std::prev(kept.end()) : kept.begin();
      std::error_code ignored;  // a checkpoint too many does no harm
      std::filesystem::remove(file(prefix, *goes), ignored);
      kept.erase(goes);
    }
  }

  template <std::floating_point T, Device D>
  void read(std::uint64_t step, State<T, D>& state) const {
    networks::load_checkpoint(open(step), state);
  }
  [[nodiscard]] safetensors::File open(std::uint64_t step) const {
    return safetensors::File::read(file(step));
  }

  /// Steps that there are checkpoints of, rising.
  [[nodiscard]] std::vector<std::uint64_t> steps() const {
    auto steps = steps_of(kDue);
    const auto early = steps_of(kEarly);
    steps.insert(steps.end(), early.begin(), early.end());
    std::sort(steps.begin(), steps.end());
    steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
    return steps;
  }

  /// The steps of the run that each checkpoint holds the state after, rising.
  [[nodiscard]] std::vector<protocol::StepRange> ranges() const {
    std::vector<protocol::StepRange> ranges;
    for (const std::uint64_t step : steps()) ranges.push_back({step, until(step)});
    return ranges;
  }

  /// The checkpoint that holds the state after `step` steps of the run, if there is one.
  [[nodiscard]] std::optional<std::uint64_t> covering(std::uint64_t step) const {
    const auto all = steps();
    const auto behind = std::upper_bound(all.begin(), all.end(), step);
    if (behind == all.begin()) return std::nullopt;
    const std::uint64_t candidate = *std::prev(behind);
    return until(candidate) >= step ? std::optional(candidate) : std::nullopt;
  }

  [[nodiscard]] std::filesystem::path file(std::uint64_t step) const {
    auto due = file(kDue, step);
    return std::filesystem::exists(due) ? due : file(kEarly, step);
  }

 private:
  static constexpr const char* kUntil = "until";
  static constexpr std::string_view kDue = "step-";
  static constexpr std::string_view kEarly = "early-";
  static constexpr std::string_view kSuffix = ".safetensors";

  [[nodiscard]] std::vector<std::uint64_t> steps_of(std::string_view prefix) const {
    std::vector<std::uint64_t> steps;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with(prefix) || !name.ends_with(kSuffix)) continue;
      const std::string_view digits = std::string_view(name).substr(
          prefix.size(), name.size() - prefix.size() - kSuffix.size());
      std::uint64_t step = 0;
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
      if (error == std::errc() && end == digits.data() + digits.size()) steps.push_back(step);
    }
    std::sort(steps.begin(), steps.end());
    return steps;
  }

  /// Halves of checkpoints that a killed program has left: it may never come to their steps again.
  void remove_abandoned() const {
    std::vector<std::filesystem::path> halves;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      const std::string name = entry.path().filename().string();
      if (name.find(std::string(kSuffix) + ".part-") != std::string::npos) {
        halves.push_back(entry.path());
      }
    }
    for (const auto& half : halves) asyndgan::detail::remove_abandoned(half);
  }

  /// The last step of the run that a checkpoint holds the state after.
  [[nodiscard]] std::uint64_t until(std::uint64_t step) const {
    const auto read = open(step);
    const auto said = read.metadata().find(kUntil);
    if (said == read.metadata().end()) return step;
    const std::string& digits = said->second;
    std::uint64_t until = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), until);
    if (error != std::errc() || end != digits.data() + digits.size() || until < step) {
      throw CheckpointError(read.source() + ": \"" + kUntil + "\" is '" + digits +
                            "', expected a number of steps, " + std::to_string(step) + " or more");
    }
    return until;
  }

  [[nodiscard]] std::filesystem::path file(std::string_view prefix, std::uint64_t step) const {
    std::string digits = std::to_string(step);
    digits.insert(0, digits.size() < 8 ? 8 - digits.size() : 0, '0');
    return folder_ / (std::string(prefix) + digits + std::string(kSuffix));
  }

  std::filesystem::path folder_;
  std::size_t keep_;
};

}  // namespace asyndgan::federation
