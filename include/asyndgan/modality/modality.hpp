// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "asyndgan/core/label_map.hpp"
#include "asyndgan/data/case_files.hpp"
#include "asyndgan/data/raw_mask.hpp"

namespace asyndgan::modality {

/// What a kind of image is: its channels, what its intensities and labels mean, and where its
/// files lie.
///
/// Requires  `values` is a whole channel (all of a volume, or one component of a picture) in
///           the file's unit: "HU", "8 bit", "16 bit", or empty where the file does not say.
/// Ensures   channels() in the order of the images; classes() names them, background first,
///           at least two; normalize() brings the values into [-1, 1]; classify() returns one
///           map of the mask's size with every label below the number of classes;
///           find_cases() returns at least one case with exactly these channels.
/// Errors    normalize() and classify() throw DataError without a file name, which the loader
///           adds; find_cases() throws DataError naming the folder.
/// Threads   all are const and may be called from several threads.
///
/// Models    BrainMri, Ct, Histology; examples/custom_modality is one outside the library.
template <class M>
concept Modality = std::copyable<M> &&
    requires(const M& modality, std::span<float> values, const std::string& text,
             const data::RawMask& mask, const std::filesystem::path& folder) {
  { modality.name() } -> std::convertible_to<std::string>;
  { modality.channels() } -> std::convertible_to<std::vector<std::string>>;
  { modality.classes() } -> std::convertible_to<std::vector<std::string>>;
  { modality.normalize(values, /*channel=*/text, /*unit=*/text) } -> std::same_as<void>;
  { modality.classify(mask) } -> std::same_as<LabelMap>;
  { modality.find_cases(folder) } -> std::same_as<std::vector<data::CaseFiles>>;
};

}  // namespace asyndgan::modality
