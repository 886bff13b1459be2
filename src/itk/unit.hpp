// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <itkMetaDataObject.h>

#include <cstddef>
#include <string>

namespace asyndgan::data::files {

// NIfTI has no field for the unit of intensities, and of its free texts ITK writes "aux_file"
// alone, which holds 23 letters. A MetaImage takes fields of any name.
inline constexpr const char* kNiftiField = "aux_file";
inline constexpr const char* kInNiftiField = "unit=";
inline constexpr const char* kMetaField = "IntensityUnit";
inline constexpr std::size_t kLongestUnit = 18;

[[nodiscard]] inline std::string unit_of(const itk::MetaDataDictionary& dictionary) {
  std::string text;
  if (itk::ExposeMetaData<std::string>(dictionary, kMetaField, text)) return text;
  const std::string before = kInNiftiField;
  if (itk::ExposeMetaData<std::string>(dictionary, kNiftiField, text) && text.starts_with(before)) {
    return text.substr(before.size());
  }
  return {};
}

inline void set_unit(itk::MetaDataDictionary& dictionary, const std::string& unit, bool nifti) {
  if (unit.empty()) return;
  itk::EncapsulateMetaData<std::string>(dictionary, nifti ? kNiftiField : kMetaField,
                                        nifti ? kInNiftiField + unit : unit);
}

}  // namespace asyndgan::data::files
