// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iostream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "asyndgan/core/error.hpp"
#include "asyndgan/privacy/reveals.hpp"
#include "asyndgan/telemetry/text.hpp"
#include "federation_data.hpp"
#include "label_maps.hpp"
#include "networks.hpp"
#include "site_settings.hpp"
#include "verbs.hpp"

namespace asyndgan::program {

namespace {

/// What a look at everything found: things to know, and things that keep a run from working.
struct Findings {
  std::vector<std::string> notes;
  std::vector<std::string> problems;
};

/// Classes of the configuration that no label map of `slices` has.
std::string missing_classes(const RunConfig& config, const data::Slices& slices) {
  const std::set<int> seen(slices.labels.labels.begin(), slices.labels.labels.end());
  std::string missing;
  for (std::size_t label = 0; label < config.data.classes.size(); ++label) {
    if (seen.contains(static_cast<int>(label))) continue;
    missing += (missing.empty() ? "" : ", ") + config.data.classes[label];
  }
  return missing;
}

void look_at_source(const RunConfig& config, const SourceConfig& source, Findings& findings) {
  try {
    const auto loaded = load_source(config, source);
    const data::Slices& slices = loaded.at_site();
    const auto found = describe(source.name, slices);
    std::string note = source.name + ": " + std::to_string(found.images) + " images of " +
                       std::to_string(found.cases) + " patients";
    const std::string missing = missing_classes(config, slices);
    findings.notes.push_back(note + (missing.empty() ? "" : ", none shows " + missing));
  } catch (const Error& error) {
    findings.problems.emplace_back(error.what());
  }
}

void look_at_networks(const RunConfig& config, Findings& findings) {
  with_generator(config, [&](auto generator) {
    findings.notes.push_back(generator.describe() + ": " +
                             telemetry::grouped(parameter_count(generator)) + " parameters");
  });
  if (config.discriminator.kind != DiscriminatorKind::patch) return;
  const int layers = config.discriminator.layers;
  const int side = std::min(config.data.height, config.data.width);
  findings.notes.push_back("a discriminator sees patches of " +
                           std::to_string(Patch::receptive_field(layers)) + " pixels");
  if (side < Patch::minimum_side(layers)) {
    findings.problems.push_back("discriminator.layers: " + std::to_string(layers) +
                                " given, which needs sides of at least " +
                                std::to_string(Patch::minimum_side(layers)) +
                                " pixels; the slices have " + std::to_string(side));
  }
}

void look_at_public_maps(const RunConfig& config, Findings& findings) {
  if (!any_site_keeps_label_maps(config)) return;
  try {
    const auto found = read_label_maps(config.data.public_label_maps, config);
    findings.notes.push_back(std::to_string(found.maps.n) + " public label maps");
  } catch (const DataError& error) {
    findings.problems.emplace_back(error.what());
  }
}

/// What will leave the sites, in words, and about how much.
void look_at_privacy(const RunConfig& config, Findings& findings) {
  for (std::size_t i = 0; i < config.data.sites.size(); ++i) {
    constexpr const char* kHow[] = {"leave as they are", "leave mirrored and shifted at random",
                                    "stay: public ones are drawn for"};
    findings.notes.push_back(config.data.sites[i].name + ": label maps " +
                             kHow[static_cast<int>(site_policy(config, i).label_maps)]);
  }
  const bool paired = config.objective.paired_l1 > 0 || config.objective.perceptual > 0;
  findings.notes.push_back(
      paired ? "GRADIENTS GIVE REAL IMAGES AWAY (objective.paper_objective_reveals_images): use "
               "public data only"
      : config.objective.feature_statistics > 0
          ? "gradients depend on real images through the discriminators and through means over "
            "each site"
          : "gradients depend on real images through the discriminators alone");
  const auto pixels = static_cast<double>(config.training.batch) * config.data.height *
                      config.data.width * static_cast<double>(config.data.channels.size());
  findings.notes.push_back(
      "about " + telemetry::bytes_text(pixels * sizeof(float)) + " leave each site per step, " +
      telemetry::bytes_text(pixels * sizeof(float) * config.training.steps) + " in all");
}

}  // namespace

int check(const ConfigArguments& arguments, const Voice& voice) {
  const RunConfig config = load_config(arguments.config, arguments.changes);
  Findings findings;
  for (const auto& site : config.data.sites) look_at_source(config, site, findings);
  if (!config.data.test.folder.empty()) {
    look_at_source(config, config.data.test, findings);
  }
  look_at_public_maps(config, findings);
  look_at_networks(config, findings);
  look_at_privacy(config, findings);

  if (voice.json) {
    std::cout << nlohmann::ordered_json{{"ok", findings.problems.empty()},
                                        {"problems", findings.problems},
                                        {"notes", findings.notes}}
                     .dump(2)
              << '\n';
  } else {
    for (const auto& note : findings.notes) voice.say("  " + note);
    for (const auto& problem : findings.problems) std::cerr << "! " << problem << '\n';
    voice.say(findings.problems.empty()
                  ? "all in place: asyndgan simulate " + arguments.config.string()
                  : "not ready");
  }
  return findings.problems.empty() ? kDone : kFailed;
}

}  // namespace asyndgan::program
