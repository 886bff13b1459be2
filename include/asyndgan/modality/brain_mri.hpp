// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/data/intensity.hpp"
#include "asyndgan/modality/class_table.hpp"
#include "asyndgan/modality/modality.hpp"

namespace asyndgan::modality {

/// The labels of BraTS: enhancing tumour is 4 up to 2022 and 3 since.
[[nodiscard]] inline ClassTable brats_classes() {
  return ClassTable(
      {{"background", {0}}, {"necrotic core", {1}}, {"oedema", {2}}, {"enhancing tumour", {3, 4}}});
}

/// Magnetic resonance images of the head: T1, T2, FLAIR and contrast-enhanced T1, or those of
/// them that a site has.
///
/// Units    MR intensities have none: each volume is clipped at two percentiles, which become
///          -1 and 1.
/// Source   percentiles 0.1 and 99.9: preprocessing of Chang et al. 2020, arXiv:2012.08604.
class BrainMri {
 public:
  enum class Layout {
    brats,    // a folder per case: *_t1.nii.gz, ..., *_seg.nii.gz
    volumes,  // one folder: <case>_t1.nii.gz, ..., <case>_labels.nii.gz
  };
  struct Options {
    std::vector<std::string> channels = {"t1", "t2", "flair", "t1c"};
    ClassTable classes = brats_classes();
    Layout layout = Layout::brats;
    double low_percentile = 0.1;
    double high_percentile = 99.9;
  };

  explicit BrainMri(Options options) : options_(std::move(options)) {}

  [[nodiscard]] std::string name() const { return "brain MRI"; }
  [[nodiscard]] const std::vector<std::string>& channels() const { return options_.channels; }
  [[nodiscard]] std::vector<std::string> classes() const { return options_.classes.names(); }

  void normalize(std::span<float> values, const std::string& /*channel*/,
                 const std::string& /*unit*/) const {
    data::percentile_clip(values, options_.low_percentile, options_.high_percentile);
  }
  [[nodiscard]] LabelMap classify(const data::RawMask& mask) const {
    return options_.classes.classify(mask);
  }
  [[nodiscard]] std::vector<data::CaseFiles> find_cases(const std::filesystem::path& folder) const {
    return options_.layout == Layout::brats ? data::find_brats_cases(folder, options_.channels)
                                            : data::find_volumes(folder, options_.channels);
  }

 private:
  Options options_;
};
static_assert(Modality<BrainMri>);

}  // namespace asyndgan::modality
