// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "asyndgan/data/intensity.hpp"
#include "asyndgan/modality/class_table.hpp"
#include "asyndgan/modality/modality.hpp"

/// Chest radiographs: grey pictures in xrays/ with masks of the lungs in lungs/.
class ChestXray {
 public:
  [[nodiscard]] std::string name() const { return "chest X-ray"; }
  [[nodiscard]] std::vector<std::string> channels() const { return {"xray"}; }
  [[nodiscard]] std::vector<std::string> classes() const { return classes_.names(); }

  /// Exposure differs from picture to picture, so each has its own black and white.
  void normalize(std::span<float> values, const std::string& /*channel*/,
                 const std::string& /*unit*/) const {
    asyndgan::data::percentile_clip(values, 1, 99);
  }
  /// Drawing programs save white as 255.
  [[nodiscard]] asyndgan::LabelMap classify(const asyndgan::data::RawMask& mask) const {
    return classes_.classify(mask);
  }
  [[nodiscard]] std::vector<asyndgan::data::CaseFiles> find_cases(
      const std::filesystem::path& folder) const {
    return asyndgan::data::find_image_mask_pairs(folder / "xrays", folder / "lungs", channels());
  }

 private:
  asyndgan::modality::ClassTable classes_{
      std::vector<asyndgan::modality::NamedClass>{{"background", {0}}, {"lung", {1, 255}}}};
};
static_assert(asyndgan::modality::Modality<ChestXray>);
