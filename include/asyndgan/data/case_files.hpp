// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/file_kinds.hpp"

/// Which files make up a data set. Nothing is read here but folders; docs/formats.md shows the
/// layouts. A volume is a file, or a folder with the slices of one DICOM series.
namespace asyndgan::data {

/// One channel of a case: a volume, a picture, or one component of an RGB picture.
struct ChannelFile {
  std::string channel;
  std::filesystem::path file;
  int component = 0;
};

/// A patient, or a picture.
struct CaseFiles {
  std::string id;
  std::vector<ChannelFile> images;  // in the order of the channels asked for
  std::filesystem::path labels;
};

namespace detail {

using Stems = std::map<std::string, std::filesystem::path>;

/// Throws DataError if an image of that name is there.
inline void add_stem(Stems& files, const std::string& stem, const std::filesystem::path& path) {
  const auto [place, added] = files.emplace(stem, path);
  if (!added) {
    throw DataError("'" + path.string() + "' and '" + place->second.string() +
                    "' are the same image by name, expected one of them");
  }
}

inline void require_folder(const std::filesystem::path& folder) {
  if (std::filesystem::is_directory(folder)) return;
  throw DataError("'" + folder.string() + "': no such folder");
}

/// Files of the folder that have one of the extensions, by their names without it, sorted.
/// Throws DataError if there is no such folder or two files differ in their extensions alone.
[[nodiscard]] inline Stems files_by_stem(const std::filesystem::path& folder,
                                         std::span<const std::string_view> extensions) {
  require_folder(folder);
  Stems files;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const auto extension = extension_of(entry.path(), extensions);
    if (!extension || name.starts_with('.') || !entry.is_regular_file()) continue;
    add_stem(files, name.substr(0, name.size() - extension->size()), entry.path());
  }
  return files;
}

/// "'t1', 't2'"
[[nodiscard]] inline std::string quoted(std::span<const std::string> names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "'" : ", '") + name + "'";
  return text;
}

/// The case and channel of a file's stem: "anna_t1" is ("anna", "t1") where "_t1" is among the
/// suffixes. The longest suffix that fits decides.
[[nodiscard]] inline std::optional<std::pair<std::string, std::string>> split_stem(
    const std::string& stem, const std::map<std::string, std::string>& suffixes) {
  const std::string small = lower(stem);
  std::optional<std::pair<std::string, std::string>> best;
  std::size_t longest = 0;
  for (const auto& [suffix, channel] : suffixes) {
    if (small.size() > suffix.size() && suffix.size() > longest && small.ends_with(suffix)) {
      longest = suffix.size();
      best = {stem.substr(0, stem.size() - suffix.size()), channel};
    }
  }
  return best;
}

inline constexpr const char* kLabels = "labels";

/// The volumes of a folder by case and channel: files, and folders, which hold DICOM slices. What
/// has none of the endings is left alone.
/// Throws DataError if there is no such folder or two volumes are of one case and channel.
[[nodiscard]] inline std::map<std::string, Stems> volumes_by_case(
    const std::filesystem::path& folder, const std::map<std::string, std::string>& suffixes) {
  require_folder(folder);
  std::map<std::string, Stems> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    std::optional<std::string> extension;
    if (entry.is_directory()) extension = "";
    if (entry.is_regular_file()) extension = extension_of(entry.path(), kVolumes);
    if (!extension || name.starts_with('.')) continue;
    const auto parts = split_stem(name.substr(0, name.size() - extension->size()), suffixes);
    if (parts) add_stem(found[parts->first], parts->second, entry.path());
  }
  return found;
}

[[noreturn]] inline void fail_missing(const std::filesystem::path& folder, const std::string& id,
                                      const std::string& channel, const Stems& files) {
  std::vector<std::string> there;
  there.reserve(files.size());
  for (const auto& [name, path] : files) there.push_back(name);
  throw DataError("'" + folder.string() + "': case '" + id + "' has no image of channel '" +
                  channel + "', only " + quoted(there));
}

/// The cases among the files of one folder. `suffixes` says which ending means which channel,
/// or the labels.
[[nodiscard]] inline std::vector<CaseFiles> cases_in(
    const std::filesystem::path& folder, std::span<const std::string> channels,
    const std::map<std::string, std::string>& suffixes) {
  std::vector<CaseFiles> cases;
  for (const auto& [id, files] : volumes_by_case(folder, suffixes)) {
    CaseFiles one{.id = id, .images = {}, .labels = {}};
    for (const std::string& channel : channels) {
      const auto file = files.find(lower(channel));
      if (file == files.end()) fail_missing(folder, id, channel, files);
      one.images.push_back({channel, file->second});
    }
    const auto labels = files.find(kLabels);
    if (labels == files.end()) {
      throw DataError("'" + folder.string() + "': case '" + id + "' has no label volume");
    }
    one.labels = labels->second;
    cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace detail

/// A folder of volumes: `<case>_<channel>.nii.gz` and `<case>_labels.nii.gz` (or .nii, .mha,
/// .mhd), capitals or not; in place of each a folder `<case>_<channel>` with DICOM slices. Files of
/// channels that are not asked for are left alone.
///
/// Ensures   cases sorted by name, at least one.
/// Errors    DataError naming the case and what it lacks.
[[nodiscard]] inline std::vector<CaseFiles> find_volumes(const std::filesystem::path& folder,
                                                         std::span<const std::string> channels) {
  std::map<std::string, std::string> suffixes{{"_labels", detail::kLabels}};
  for (const std::string& channel : channels) {
    suffixes["_" + lower(channel)] = lower(channel);
  }
  std::vector<CaseFiles> cases = detail::cases_in(folder, channels, suffixes);
  if (cases.empty()) {
    throw DataError("'" + folder.string() +
                    "': no cases, expected files named <case>_<channel>.nii.gz and "
                    "<case>_labels.nii.gz (or folders <case>_<channel> of DICOM slices) with "
                    "channels " +
                    detail::quoted(channels));
  }
  return cases;
}

/// The label maps of a folder of volumes, by their cases. Other volumes are left alone.
///
/// Ensures   at least one.
/// Errors    DataError on a folder without one, or with two of one case.
[[nodiscard]] inline std::map<std::string, std::filesystem::path> find_label_volumes(
    const std::filesystem::path& folder) {
  std::map<std::string, std::filesystem::path> found;
  for (const auto& [id, files] : detail::volumes_by_case(folder, {{"_labels", detail::kLabels}})) {
    found.emplace(id, files.at(detail::kLabels));
  }
  if (found.empty()) {
    throw DataError("'" + folder.string() +
                    "': no label maps, expected files named <case>_labels.nii.gz (or .nii, .mha, "
                    ".mhd, or a folder of DICOM slices)");
  }
  return found;
}

/// Cases as BraTS gives them out: a folder each, in it `*_t1`, `*_t2`, `*_flair`, `*_t1ce` and
/// `*_seg`, or the endings of 2023, `*-t1n`, `*-t2w`, `*-t2f`, `*-t1c` and `*-seg`: files, or
/// folders of DICOM slices.
///
/// Requires  channels among "t1", "t2", "flair", "t1c"; ContractViolation otherwise.
/// Ensures   cases sorted by name, at least one.
/// Errors    DataError naming the case and what it lacks.
[[nodiscard]] inline std::vector<CaseFiles> find_brats_cases(
    const std::filesystem::path& folder, std::span<const std::string> channels) {
  static const std::map<std::string, std::string> kSuffixes{
      {"_t1", "t1"},     {"_t2", "t2"},    {"_flair", "flair"}, {"_t1ce", "t1c"},
      {"_t1c", "t1c"},   {"_t1gd", "t1c"}, {"-t1n", "t1"},      {"-t2w", "t2"},
      {"-t2f", "flair"}, {"-t1c", "t1c"},  {"_seg", "labels"},  {"-seg", "labels"}};
  for (const std::string& channel : channels) {
    const bool known = std::any_of(kSuffixes.begin(), kSuffixes.end(), [&](const auto& suffix) {
      return suffix.second == channel && channel != detail::kLabels;
    });
    if (!known) {
      throw ContractViolation("find_brats_cases: channel '" + channel +
                              "' (BraTS has 't1', 't2', 'flair' and 't1c')");
    }
  }
  detail::require_folder(folder);
  std::vector<CaseFiles> cases;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (!entry.is_directory()) continue;
    for (CaseFiles& one : detail::cases_in(entry.path(), channels, kSuffixes)) {
      cases.push_back(std::move(one));
    }
  }
  if (cases.empty()) {
    throw DataError("'" + folder.string() +
                    "': no cases, expected a folder for each with files named *_t1.nii.gz and "
                    "*_seg.nii.gz (or folders *_t1 and *_seg of DICOM slices)");
  }
  std::sort(cases.begin(), cases.end(),
            [](const CaseFiles& a, const CaseFiles& b) { return a.id < b.id; });
  return cases;
}

namespace detail {
[[noreturn]] inline void fail_unpaired(const std::filesystem::path& picture,
                                       const std::filesystem::path& masks,
                                       const std::string& counts, const std::string& stem) {
  throw DataError("'" + picture.string() + "' has no mask in '" + masks.string() + "' (" + counts +
                  "), expected one named '" + stem + "' or '" + stem + "_mask'");
}
}  // namespace detail

/// Pictures in `images` and their masks in `masks`, by name: "a.png" and "a.tif", or "a_mask.png".
/// Several channels are the components of an RGB picture, in order.
///
/// Ensures   cases sorted by name, at least one; masks without a picture are left alone.
/// Errors    DataError naming the first picture without a mask.
[[nodiscard]] inline std::vector<CaseFiles> find_image_mask_pairs(
    const std::filesystem::path& images, const std::filesystem::path& masks,
    std::span<const std::string> channels) {
  const auto pictures = detail::files_by_stem(images, kPictures);
  if (pictures.empty()) {
    throw DataError("'" + images.string() + "': no images, expected .png, .tif or .tiff files");
  }
  const auto labels = detail::files_by_stem(masks, kPictures);
  std::vector<CaseFiles> cases;
  for (const auto& [stem, path] : pictures) {
    auto mask = labels.find(stem);
    if (mask == labels.end()) mask = labels.find(stem + "_mask");
    if (mask == labels.end()) {
      const std::string counts =
          std::to_string(pictures.size()) + " images, " + std::to_string(labels.size()) + " masks";
      detail::fail_unpaired(path, masks, counts, stem);
    }
    CaseFiles one{.id = stem, .images = {}, .labels = mask->second};
    for (std::size_t i = 0; i < channels.size(); ++i) {
      one.images.push_back({channels[i], path, static_cast<int>(i)});
    }
    cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace asyndgan::data
