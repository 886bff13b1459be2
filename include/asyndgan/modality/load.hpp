// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "asyndgan/data/dataset.hpp"
#include "asyndgan/modality/modality.hpp"
#include "asyndgan/privacy/private.hpp"

namespace asyndgan::modality {

/// Reads a site's folder as the modality says; `options` need not name normalize, classify and
/// classes. Link asyndgan::itk.
///
///   const BrainMri mri({.channels = {"t1", "flair"}});
///   const auto slices = load(mri, "/data/site-a", {.size = {256, 256}});
///
/// Errors    DataError, as data::load_cases() and the modality's find_cases().
template <Modality M>
[[nodiscard]] privacy::Private<data::Slices> load(const M& modality,
                                                  const std::filesystem::path& folder,
                                                  data::LoadOptions options = {}) {
  options.normalize = [&modality](std::span<float> values, const std::string& channel,
                                  const std::string& unit) {
    modality.normalize(values, channel, unit);
  };
  options.classify = [&modality](const data::RawMask& mask) { return modality.classify(mask); };
  options.classes = static_cast<int>(modality.classes().size());
  return data::load_cases(modality.find_cases(folder), options);
}

}  // namespace asyndgan::modality
