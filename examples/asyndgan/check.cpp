// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <iostream>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/core/tensor.hpp"
#include "asyndgan/federation/objective.hpp"
#include "asyndgan/privacy/reveals.hpp"
#include "asyndgan/protocol/any_encoding.hpp"
#include "asyndgan/protocol/bytes.hpp"
#include "asyndgan/telemetry/text.hpp"
#include "federation_data.hpp"
#include "label_maps.hpp"
#include "networks.hpp"
#include "preflight.hpp"
#include "site_settings.hpp"
#include "verbs.hpp"

namespace asyndgan::program {

namespace {

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

std::optional<SourceFound> look_at_source(const RunConfig& config, const SourceConfig& source,
                                          Findings& findings) {
  try {
    const auto loaded = load_source(config, source);
    const data::Slices& slices = loaded.at_site();
    auto found = describe(source.name, slices);
    std::string note = source.name + ": " + std::to_string(found.images) + " images of " +
                       std::to_string(found.cases) + " patients";
    const std::string missing = missing_classes(config, slices);
    findings.notes.push_back(note + (missing.empty() ? "" : ", none shows " + missing));
    return found;
  } catch (const Error& error) {
    findings.problems.emplace_back(error.what());
    return std::nullopt;
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
  const std::string field = std::to_string(Patch::receptive_field(layers));
  findings.notes.push_back("a discriminator sees patches of " + field + " pixels");
  if (side < Patch::minimum_side(layers)) {
    findings.problems.push_back("discriminator.layers: " + std::to_string(layers) +
                                " given, which needs sides of at least " +
                                std::to_string(Patch::minimum_side(layers)) +
                                " pixels; the slices have " + std::to_string(side));
  } else if (side < Patch::receptive_field(layers)) {
    findings.notes.push_back("patches of " + field + " pixels reach beyond a slice of " +
                             std::to_string(config.data.height) + " x " +
                             std::to_string(config.data.width) +
                             ", into the zeros around it: a discriminator with fewer layers "
                             "(discriminator.layers) judges parts of a slice");
  }
}

void look_at_public_maps(const RunConfig& config, Findings& findings) {
  if (!any_site_keeps_label_maps(config)) return;
  try {
    const auto found = read_public_label_maps(config);
    findings.notes.push_back(std::to_string(found.maps.n) + " public label maps");
  } catch (const Error& error) {
    findings.problems.emplace_back(error.what());
  }
}

/// Of all discriminators of a site together.
std::uint64_t discriminator_parameters(const RunConfig& config, std::size_t site) {
  const auto& source = config.data.sites[site];
  const auto channels =
      source.channels.empty() ? config.data.channels.size() : source.channels.size();
  const bool each = config.discriminator.per_channel;
  const int in = generator_input(config).classes + static_cast<int>(each ? 1 : channels);
  const auto count = [&](auto network) {
    return parameter_count(network) * (each ? channels : std::size_t{1});
  };
  if (config.discriminator.kind == DiscriminatorKind::pixel) {
    auto options = pixel_options(config);
    options.in_channels = in;
    return count(Pixel(options));
  }
  auto options = patch_options(config);
  options.in_channels = in;
  return count(Patch(options));
}

/// What a site's policy comes to refuse on the way, and how near the run gets to it.
void look_at_queries(const RunConfig& config, std::size_t site, std::size_t images,
                     Findings& findings) {
  if (config.training.sampling == federation::Sampling::pooled) return;  // drawn by chance
  const bool paired = config.objective.paired_l1 > 0 || config.objective.perceptual > 0;
  const auto fakes = static_cast<std::uint64_t>(config.training.steps) *
                     static_cast<std::uint64_t>(config.training.batch);
  const auto updates = fakes * static_cast<std::uint64_t>(config.training.discriminator_steps);
  const auto compare = [&](const std::string& key, std::uint64_t allowed, std::uint64_t needed,
                           const char* why) {
    if (allowed == 0) return;
    (needed > allowed ? findings.problems : findings.notes)
        .push_back(key + ": " + config.data.sites[site].name + " allows " +
                   std::to_string(allowed) + ", the run needs " + std::to_string(needed) + " (" +
                   why + ")");
  };
  const std::uint64_t all = updates + (paired ? fakes : 0);
  const auto& policy = site_policy(config, site);
  compare("queries_per_site", policy.queries_per_site, all,
          paired ? "training.steps * batch * (discriminator_steps + 1)"
                 : "training.steps * batch * discriminator_steps");
  // All samples are gone through before one comes again. With one batch a paired term asks the very
  // samples that the discriminator has just seen once more.
  const auto turns = [&](std::uint64_t draws) { return (draws + images - 1) / images; };
  const bool twice = paired && config.training.variant == federation::Variant::one_batch;
  compare("queries_per_sample", policy.queries_per_sample, twice ? 2 * turns(updates) : turns(all),
          twice ? "two for each time that its turn comes, at most"
                : "those of the site, over its images");
}

/// Means that a site's policy never lets be used: it has too few images, or they are forgotten
/// too soon.
void look_at_statistics(const privacy::SitePolicy& policy, const SourceFound& site,
                        Findings& findings) {
  const double forgotten = 1 / (1 - federation::StatisticsTerm{}.decay);
  const auto reached = std::min(static_cast<double>(site.images), std::ceil(forgotten) - 1);
  if (reached >= policy.minimum_batch) return;
  findings.problems.push_back("privacy.minimum_batch: " + std::to_string(policy.minimum_batch) +
                              " given, but at " + site.name +
                              " objective.feature_statistics rests on at most " +
                              telemetry::fixed(reached, 0) + " images");
}

/// Bytes of a batch of images that no encoding can shorten.
double bytes_of_a_gradient(const RunConfig& config, const protocol::AnyEncoding& encoding) {
  Tensor<float> noise({config.training.batch, static_cast<int>(config.data.channels.size()),
                       config.data.height, config.data.width});
  random::Sequence draws({.seed = 1});
  for (float& value : noise.values()) value = static_cast<float>(draws.uniform(-1, 1));
  protocol::ByteWriter writer;
  encoding.write(noise, writer);
  return static_cast<double>(writer.size());
}

/// What will leave the sites, in words, and about how much.
void look_at_privacy(const RunConfig& config, const std::vector<std::size_t>& sites,
                     Findings& findings) {
  for (const std::size_t i : sites) {
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
  const bool sanitized = config.privacy.sanitizer != SanitizerKind::none;
  findings.notes.push_back("gradients leave " + (sanitized ? "after " + sanitizer(config).describe()
                                                           : "unsanitized (privacy.sanitizer)"));
  const auto encoding = central_options(config).gradient_encoding;
  const double bytes = bytes_of_a_gradient(config, encoding);
  findings.notes.push_back("gradients of about " + telemetry::bytes_text(bytes) + " (" +
                           encoding.describe() + ") leave each site per step, " +
                           telemetry::bytes_text(bytes * config.training.steps) + " in all");
}

/// As on a command line.
std::string changes_text(const std::vector<std::string>& changes) {
  std::string text;
  for (const auto& change : changes) text += " --set '" + change + "'";
  return text;
}

}  // namespace

int check(const CheckArguments& arguments, const Voice& voice) {
  const RunConfig config = load_config(arguments.from.config, arguments.from.changes);
  const bool one = !arguments.site.empty();
  std::vector<std::size_t> sites;  // that are looked at: the others' images are elsewhere
  if (one) {
    sites.push_back(site_index(config, arguments.site));
  } else {
    sites.resize(config.data.sites.size());
    std::iota(sites.begin(), sites.end(), std::size_t{0});
  }
  Findings findings;
  for (const std::size_t i : sites) {
    const auto found = look_at_source(config, config.data.sites[i], findings);
    if (!found) continue;
    look_at_queries(config, i, found->images, findings);
    if (config.objective.feature_statistics > 0) {
      look_at_statistics(site_policy(config, i), *found, findings);
    }
  }
  if (one) {
    look_at_site(config, sites.front(), arguments.folder,
                 discriminator_parameters(config, sites.front()), findings);
  }
  if (!one && !config.data.test.folder.empty()) {
    (void)look_at_source(config, config.data.test, findings);
  }
  if (!one) look_at_public_maps(config, findings);
  look_at_networks(config, findings);
  look_at_privacy(config, sites, findings);

  if (voice.json) {
    print({{"ok", findings.problems.empty()},
           {"problems", findings.problems},
           {"notes", findings.notes}});
  } else {
    for (const auto& note : findings.notes) voice.say("  " + note);
    for (const auto& problem : findings.problems) std::cerr << "! " << problem << '\n';
    voice.say(findings.problems.empty()
                  ? "all in place: asyndgan " +
                        (one ? "site " + arguments.from.config.string() + " --name " +
                                   arguments.site + " --out " + arguments.folder.string()
                             : "simulate " + arguments.from.config.string()) +
                        changes_text(arguments.from.changes)
                  : "not ready");
  }
  return findings.problems.empty() ? kDone : kFailed;
}

}  // namespace asyndgan::program
