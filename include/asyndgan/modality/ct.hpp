// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/intensity.hpp"
#include "asyndgan/modality/class_table.hpp"
#include "asyndgan/modality/modality.hpp"

namespace asyndgan::modality {

/// Computed tomography through a window of Hounsfield units. Cases lie in one folder:
/// `<case>_ct.nii.gz` and `<case>_labels.nii.gz`; `<case>_ct` may be a DICOM series saved as NIfTI.
///
/// Units    Hounsfield units, in which a file that names no unit is taken to be.
/// Source   centre 200, width 1000: the heart CT of Chang et al. 2022 (DSL), preprocessing.
class Ct {
 public:
  struct Options {
    ClassTable classes;
    double window_centre = 200;  // HU
    double window_width = 1000;
  };

  explicit Ct(Options options) : options_(std::move(options)) {}

  [[nodiscard]] std::string name() const { return "CT"; }
  [[nodiscard]] std::vector<std::string> channels() const { return {"ct"}; }
  [[nodiscard]] std::vector<std::string> classes() const { return options_.classes.names(); }

  void normalize(std::span<float> values, const std::string& /*channel*/,
                 const std::string& unit) const {
    if (!unit.empty() && unit != "HU") {
      throw DataError("intensity unit '" + unit + "', expected 'HU'");
    }
    data::window(values, options_.window_centre, options_.window_width);
  }
  [[nodiscard]] LabelMap classify(const data::RawMask& mask) const {
    return options_.classes.classify(mask);
  }
  [[nodiscard]] std::vector<data::CaseFiles> find_cases(const std::filesystem::path& folder) const {
    return data::find_volumes(folder, channels());
  }

 private:
  Options options_;
};
static_assert(Modality<Ct>);

}  // namespace asyndgan::modality
