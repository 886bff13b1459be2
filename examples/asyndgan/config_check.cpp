// SPDX-License-Identifier: Apache-2.0
#include "config_check.hpp"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <set>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "nearest.hpp"
#include "place.hpp"
#include "results.hpp"

namespace asyndgan::program {

namespace {

using Found = std::vector<std::string>;

/// Names become folder names, and rows of tables.
bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
  });
}

void check_channels(const std::vector<std::string>& channels, const std::vector<std::string>& all,
                    const std::string& key, const std::string& problem, Found& found) {
  for (const auto& channel : channels) {
    if (std::find(all.begin(), all.end(), channel) != all.end()) continue;
    const auto meant = nearest(channel, all);
    found.push_back(key + ": \"" + channel + "\" is " + problem +
                    (meant ? "; did you mean \"" + *meant + "\"?" : ""));
  }
}

void check_sites(const RunConfig& config, Found& found) {
  if (config.data.sites.empty()) {
    found.push_back(
        "data.sites: no sites given, expected at least one, such as "
        "{\"name\": \"north\", \"folder\": \"data/north\"}");
  }
  std::set<std::string> names;
  double weights = 0;
  for (std::size_t i = 0; i < config.data.sites.size(); ++i) {
    const auto& site = config.data.sites[i];
    const std::string key = "data.sites[" + std::to_string(i) + "]";
    if (!is_plain_name(site.name)) {
      found.push_back(key + ".name: \"" + site.name +
                      "\" given, expected 1 to 64 letters, digits, '-' or '_'");
    } else if (!names.insert(case_name(site.name)).second) {
      found.push_back(key + ".name: \"" + site.name + "\" is taken; every site needs its own");
    }
    if (site.folder.empty()) found.push_back(key + ".folder: missing, expected a path");
    check_channels(site.channels, config.data.channels, key + ".channels", "not in data.channels",
                   found);
    weights += site.weight;
  }
  if (config.training.weighting == federation::Weighting::given && !(weights > 0)) {
    found.push_back("data.sites[].weight: all are 0, expected a positive sum");
  }
}

/// Channels and classes that follow from the modality.
void check_modality(const RunConfig& config, Found& found) {
  const auto require = [&](const char* key, const std::vector<std::string>& given,
                           const std::vector<std::string>& expected, const char* modality) {
    if (given == expected) return;
    found.push_back(std::string(key) + ": expected " + nlohmann::json(expected).dump() +
                    " for the modality \"" + modality + "\"");
  };
  const auto& data = config.data;
  switch (data.modality) {
    case ModalityKind::brain_mri:
      check_channels(data.channels, {"t1", "t2", "flair", "t1c"}, "data.channels",
                     "none of brain_mri's", found);
      return;
    case ModalityKind::ct:
      require("data.channels", data.channels, {"ct"}, "ct");
      return;
    case ModalityKind::histology:
      require("data.channels", data.channels, {"red", "green", "blue"}, "histology");
      require("data.classes", data.classes, {"background", "inside", "contour"}, "histology");
      return;
  }
}

void check_data(const RunConfig& config, Found& found) {
  const auto& data = config.data;
  if (data.channels.empty()) found.push_back("data.channels: empty, expected at least one channel");
  if (std::set(data.channels.begin(), data.channels.end()).size() != data.channels.size()) {
    found.push_back("data.channels: a channel is named twice");
  }
  if (data.classes.size() < 2 || data.classes.size() > 256) {
    found.push_back("data.classes: " + std::to_string(data.classes.size()) +
                    " names given, expected 2 to 256, the background first");
  }
  for (std::size_t i = 0; i < data.classes.size(); ++i) {
    const auto first = std::find(data.classes.begin(), data.classes.end(), data.classes[i]);
    const auto earlier = static_cast<std::size_t>(first - data.classes.begin());
    if (earlier == i) continue;
    found.push_back("data.classes: \"" + data.classes[i] + "\" names both " +
                    std::to_string(earlier) + " and " + std::to_string(i) +
                    "; every class needs a name of its own");
  }
  if (!data.label_values.empty() && data.label_values.size() != data.classes.size()) {
    found.push_back("data.label_values: " + std::to_string(data.label_values.size()) +
                    " lists given for " + std::to_string(data.classes.size()) + " classes");
  }
  std::set<std::uint16_t> values;
  for (const auto& list : data.label_values) {
    for (const auto value : list) {
      if (values.insert(value).second) continue;
      found.push_back("data.label_values: " + std::to_string(value) + " means two classes");
    }
  }
  check_modality(config, found);
  if (!config.segmenter.train_on.empty() && data.test.folder.empty()) {
    found.push_back(
        "data.test.folder: missing, expected the path of a test set (or an empty list in "
        "segmenter.train_on)");
  }
}

/// Names the extents that are no multiple of `multiple`, which `network` needs.
void require_multiple(const RunConfig& config, int multiple, const std::string& network,
                      Found& found) {
  for (const auto& [key, extent] :
       {std::pair{"data.height", config.data.height}, std::pair{"data.width", config.data.width}}) {
    if (extent % multiple == 0) continue;
    found.push_back(std::string(key) + ": " + std::to_string(extent) +
                    " given, expected a multiple of " + std::to_string(multiple) + " for " +
                    network);
  }
}

void check_networks(const RunConfig& config, Found& found) {
  if (config.generator.kind == GeneratorKind::unet) {
    require_multiple(config, 1 << config.generator.downs,
                     "the unet with generator.downs " + std::to_string(config.generator.downs),
                     found);
  } else {
    require_multiple(config, 4, "the resnet generator", found);
  }
  const int least = 1 << config.segmenter.levels;
  if (!config.segmenter.train_on.empty() &&
      std::min(config.data.height, config.data.width) < least) {
    found.push_back("segmenter.levels: " + std::to_string(config.segmenter.levels) +
                    " given, but a side of the slices has fewer than " + std::to_string(least) +
                    " pixels");
  }
}

void check_objective(const RunConfig& config, Found& found) {
  const auto& objective = config.objective;
  const bool paired = objective.paired_l1 > 0 || objective.perceptual > 0;
  if (paired && !objective.paper_objective_reveals_images) {
    found.push_back(
        "objective.paired_l1, objective.perceptual: their gradient gives every real image away; "
        "set objective.paper_objective_reveals_images to true if the data are public, or drop "
        "them");
  }
  if (paired && (config.privacy.sanitizer == SanitizerKind::none ||
                 config.privacy.sanitizer == SanitizerKind::sign_only)) {
    found.push_back(
        "privacy.sanitizer: objective.paired_l1 and objective.perceptual need \"clip_norm\" or "
        "\"gaussian_noise\"");
  }
  if (objective.perceptual > 0 && objective.vgg16_weights.empty()) {
    found.push_back("objective.vgg16_weights: missing, objective.perceptual needs the file");
  }
}

/// What the sites' policies refuse of the run.
void check_policies(const RunConfig& config, Found& found) {
  using federation::Sampling;
  using federation::Weighting;
  const auto& objective = config.objective;
  const bool paired = objective.paired_l1 > 0 || objective.perceptual > 0;
  const bool counts = config.training.weighting == Weighting::by_count ||
                      config.training.sampling == Sampling::pooled;
  std::set<std::string> problems;  // the sites without a policy of their own share theirs
  for (std::size_t i = 0; i < config.data.sites.size(); ++i) {
    const auto& policy = site_policy(config, i);
    const std::string where = config.data.sites[i].policy
                                  ? "data.sites[" + std::to_string(i) + "].policy."
                                  : std::string("privacy.");
    const auto refuses = [&](bool needed, bool allowed, const char* key, const char* what) {
      if (needed && !allowed) problems.insert(where + key + ": false, but " + what);
    };
    refuses(paired, policy.allow_gradients_that_reveal_images, "allow_gradients_that_reveal_images",
            "objective.paired_l1 and objective.perceptual need it");
    refuses(objective.feature_statistics > 0, policy.allow_site_statistics, "allow_site_statistics",
            "objective.feature_statistics needs it");
    refuses(counts, policy.allow_sample_count, "allow_sample_count",
            "training.weighting \"by_count\" and training.sampling \"pooled\" need the counts");
  }
  found.insert(found.end(), problems.begin(), problems.end());
  if (config.training.sampling == Sampling::pooled &&
      config.training.weighting == Weighting::by_count) {
    found.push_back(
        "training.sampling: \"pooled\" given with training.weighting \"by_count\": both count a "
        "large site's images more often, expected one of them");
  }
}

/// Sets that put images of different channels together.
void check_training_sets(const RunConfig& config, Found& found) {
  const auto& sets = config.segmenter.train_on;
  const bool real = std::any_of(sets.begin(), sets.end(),
                                [](TrainingSet set) { return set != TrainingSet::synthetic; });
  for (std::size_t i = 0; real && i < config.data.sites.size(); ++i) {
    const auto& channels = config.data.sites[i].channels;
    if (channels.empty() || channels.size() == config.data.channels.size()) continue;
    found.push_back("segmenter.train_on: data.sites[" + std::to_string(i) +
                    "] lacks channels, so a segmenter cannot train on its images; expected "
                    "[\"synthetic\"]");
  }
}

void check_centres(const RunConfig& config, Found& found) {
  const auto& centres = config.network.centres;
  for (std::size_t i = 0; i < centres.size(); ++i) {
    if (parse_place(centres[i])) continue;
    found.push_back("network.centres[" + std::to_string(i) + "]: \"" + centres[i] +
                    "\" given, expected \"host:port\"");
  }
  if (!centres.empty() && config.network.link == LinkKind::mpi) {
    found.push_back(
        "network.centres: given with network.link \"mpi\", where the centre is one process; "
        "expected \"tls\" or \"tcp\"");
  }
  if (centres.size() > config.data.sites.size()) {
    found.push_back("network.centres: " + std::to_string(centres.size()) + " given for " +
                    std::to_string(config.data.sites.size()) +
                    " sites, expected one for each of them at most");
  }
}

}  // namespace

std::vector<std::string> contradictions(const RunConfig& config) {
  Found found;
  check_sites(config, found);
  check_data(config, found);
  check_networks(config, found);
  check_objective(config, found);
  check_policies(config, found);
  check_training_sets(config, found);
  check_centres(config, found);
  return found;
}

}  // namespace asyndgan::program
