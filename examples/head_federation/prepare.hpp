// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace head_federation {

struct Settings {
  std::filesystem::path out;
  std::filesystem::path templates = "/usr/share/mricron/templates";
  int patients = 50;       // of each site
  int test_patients = 36;  // held out, over the three profiles in turn
  std::uint64_t seed = 1;
  int size = 64;         // pixels along x and y
  bool replace = false;  // a federation made by this program before, with other settings
};

enum class Outcome { made, was_there };

/// Writes the federation: a folder for each site and one of held-out patients, each with the
/// files <case>_T1.nii.gz and <case>_labels.nii.gz, contact-sheet.png, and federation.json,
/// which says what the folder is.
///
/// Ensures  `out` appears whole or not at all; the same settings give the same voxels.
///          `progress` hears of every patient: (done, of all).
/// Errors   asyndgan::DataError if a template is missing or `out` is a folder of another
///          origin or of other settings, asyndgan::WriteError, asyndgan::ConfigError.
[[nodiscard]] Outcome prepare(const Settings& settings,
                              const std::function<void(int, int)>& progress);

/// The settings that decide the voxels, as federation.json has them.
[[nodiscard]] std::string recipe(const Settings& settings);

}  // namespace head_federation
