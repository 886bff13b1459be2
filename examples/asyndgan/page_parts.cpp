// SPDX-License-Identifier: Apache-2.0
#include "page_parts.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/telemetry/event_log.hpp"
#include "asyndgan/telemetry/text.hpp"

namespace asyndgan::program {

using telemetry::bytes_text;
using telemetry::fixed;
using telemetry::grouped;
using telemetry::significant;

namespace {

constexpr std::size_t kLargestPicture = 64 << 20;

telemetry::Picture picture(const RunFolder& folder, const std::string& file, std::string alt,
                           bool crisp) {
  return {std::move(alt), read_file(folder.root() / file, kLargestPicture), crisp};
}

/// The curve of every figure of the training events, in order of appearance.
std::vector<telemetry::Curve> loss_curves(const RunFolder& folder) {
  static const std::set<std::string> kNotLosses = {"phase", "step", "seconds"};
  std::vector<telemetry::Curve> curves;
  for (const auto& event : telemetry::read_events(folder.events())) {
    if (event.value("phase", "") != kTrainPhase || !event.contains("step")) continue;
    for (const auto& item : event.items()) {
      const std::string& name = item.key();
      const auto& value = item.value();
      if (kNotLosses.contains(name) || !value.is_number()) continue;
      auto curve = std::find_if(curves.begin(), curves.end(),
                                [&](const auto& candidate) { return candidate.name == name; });
      if (curve == curves.end()) curve = curves.insert(curve, {name, {}});
      curve->points.push_back({event.at("step").get<double>(), value.get<double>()});
    }
  }
  return curves;
}

std::string readable(const std::string& content) {
  static const std::map<std::string, std::string> kNames = {{"label_maps", "label maps"},
                                                            {"gradient", "gradients of fakes"},
                                                            {"aggregate", "mean losses"},
                                                            {"site_facts", "counts and sizes"},
                                                            {"framing", "framing"}};
  const auto name = kNames.find(content);
  return name == kNames.end() ? content : name->second;
}

/// A privacy::Reveals in words.
std::string meaning(const std::string& reveals) {
  static const std::map<std::string, std::string> kMeanings = {
      {"discriminator_only", "what the discriminators have learned, and on nothing else"},
      {"site_statistics", "means over each site"},
      {"paired_image", "the one image behind each fake, which whoever reads them can recover"}};
  const auto found = kMeanings.find(reveals);
  return found == kMeanings.end() ? reveals : found->second;
}

telemetry::Table::Cell cell(const std::map<std::string, Score>& scores, const std::string& metric,
                            int decimals) {
  const auto score = scores.find(metric);
  if (score == scores.end() || score->second.cases == 0) return {"\u2013"};
  const auto& [cases, mean, low, high] = score->second;
  const int coarse = decimals - 1;  // the interval is not known to the last digit
  return {fixed(mean, decimals), fixed(low, coarse) + "\u2013" + fixed(high, coarse)};
}

telemetry::Table dice_table(const RunConfig& config, const EvaluationFound& evaluation) {
  telemetry::Table table{
      "Dice by class",
      "Mean over the patients of the test set that have the class, and the 95 % interval of that "
      "mean (bootstrap over patients).",
      {"trained on", "images", "mean"},
      {}};
  for (std::size_t label = 1; label < config.data.classes.size(); ++label) {
    table.header.push_back(config.data.classes[label]);
  }
  for (const auto& set : evaluation.sets) {
    telemetry::Table::Row row{
        set.set, {{grouped(set.images)}, cell(set.mean, "dice", 3)}, set.set == "synthetic"};
    for (const auto& scores : set.classes) row.cells.push_back(cell(scores, "dice", 3));
    table.rows.push_back(std::move(row));
  }
  return table;
}

telemetry::Table metric_table(const EvaluationFound& evaluation) {
  telemetry::Table table{
      "Other measures, mean over the foreground classes",
      "HD95 is the 95th percentile of the distances between the outlines, in "
      "space where the slices of a patient make a volume. Where a segmenter "
      "finds nothing of a class that the patient has, there is no outline to "
      "measure to, and the diagonal of the whole image is taken: one class never "
      "found raises the mean by far. A class that the patient lacks is left out.",
      {"trained on", "sensitivity", "specificity", "HD95, mm"},
      {}};
  const bool objects = std::any_of(evaluation.sets.begin(), evaluation.sets.end(),
                                   [](const Evaluated& set) { return set.mean.contains("aji"); });
  if (objects) {
    table.note += " AJI is the aggregated Jaccard index of the nuclei.";
    table.header.emplace_back("AJI");
  }
  for (const auto& set : evaluation.sets) {
    telemetry::Table::Row row{set.set,
                              {cell(set.mean, "sensitivity", 3), cell(set.mean, "specificity", 3),
                               cell(set.mean, "hd95", 2)},
                              set.set == "synthetic"};
    if (objects) row.cells.push_back(cell(set.mean, "aji", 3));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

std::uint64_t sent_bytes(const SiteTrained& site) {
  std::uint64_t bytes = 0;
  for (const auto& [content, sent] : site.sent) bytes += sent.bytes;
  return bytes;
}

const Evaluated* set_named(const EvaluationFound& evaluation, const std::string& name) {
  for (const auto& set : evaluation.sets) {
    if (set.set == name) return &set;
  }
  return nullptr;
}

const Evaluated* best_site(const EvaluationFound& evaluation) {
  const Evaluated* best = nullptr;
  for (const auto& set : evaluation.sets) {
    if (!set.set.starts_with("site-")) continue;
    if (best == nullptr || set.mean.at("dice").mean > best->mean.at("dice").mean) best = &set;
  }
  return best;
}

telemetry::PictureTable picture_block(const RunFolder& folder, const Examples& examples,
                                      const std::string& note) {
  telemetry::PictureTable table{
      "Label maps and what the generator draws for them", note, {}, {}, {}};
  const auto& classes = folder.config().data.classes;
  for (std::size_t label = 1; label < classes.size(); ++label) {
    table.legend.push_back({telemetry::class_colour(static_cast<int>(label)), classes[label]});
  }
  telemetry::PictureTable::Row masks{"label map", {}};
  std::vector<telemetry::PictureTable::Row> synthetic, real;
  const bool one = examples.channels.size() == 1;
  for (const auto& channel : examples.channels) {
    synthetic.push_back({one ? "synthetic" : "synthetic " + channel, {}});
    real.push_back({one ? "real" : "real " + channel, {}});
  }
  for (const auto& example : examples.examples) {
    const std::string who = example.site + ", " + example.name;
    table.columns.push_back(who);
    masks.cells.push_back(picture(folder, example.mask, "label map of " + who, true));
    for (std::size_t c = 0; c < example.synthetic.size() && c < synthetic.size(); ++c) {
      synthetic[c].cells.push_back(
          picture(folder, example.synthetic[c], synthetic[c].name + " image for " + who, false));
    }
    for (std::size_t c = 0; c < example.real.size() && c < real.size(); ++c) {
      real[c].cells.push_back(
          picture(folder, example.real[c], real[c].name + " image of " + who, false));
    }
  }
  table.rows.push_back(std::move(masks));
  for (auto& row : synthetic) table.rows.push_back(std::move(row));
  for (auto& row : real) {
    if (!row.cells.empty()) table.rows.push_back(std::move(row));
  }
  return table;
}

telemetry::Section training_section(const RunFolder& folder, const Trained& trained) {
  const auto seconds = std::max(trained.seconds, 1e-9);
  telemetry::Section section{"Training", {}};
  section.blocks.emplace_back(telemetry::LineChart{
      "Losses",
      "Of the discriminators at their sites, and of the generator as they judge it. Faint: as "
      "they came; bold: means over sixtieths of the run.",
      "step", "loss", loss_curves(folder)});
  section.blocks.emplace_back(telemetry::FactList{
      {{"Steps", grouped(static_cast<std::uint64_t>(trained.steps)),
        fixed(static_cast<double>(trained.steps) / seconds, 2) + " a second"},
       {"Training time", telemetry::clock_text(trained.seconds),
        significant(static_cast<double>(trained.images) / seconds) + " images a second"},
       {"Generator", grouped(trained.generator_parameters), "parameters"},
       {"Discriminators of a site", grouped(trained.discriminator_parameters), "parameters"}}});
  section.blocks.emplace_back(
      telemetry::Paragraph{trained.generator + ". " + trained.discriminator + "."});
  return section;
}

telemetry::Section traffic_section(const Trained& trained) {
  telemetry::Section section{"What left the sites", {}};
  section.blocks.emplace_back(telemetry::Paragraph{
      "Every message that a site sent, by what it held, from the site's own ledger. Gradients "
      "leave " +
      (trained.sanitizer == "unsanitized" ? std::string("as they are")
                                          : "after " + trained.sanitizer) +
      ". Of real images they depend on " + meaning(trained.reveals) + "."});
  std::set<std::string> kinds;
  for (const auto& site : trained.sites) {
    for (const auto& [content, sent] : site.sent) kinds.insert(content);
  }
  telemetry::Table table{"Bytes sent by each site", "", {"site"}, {}};
  for (const auto& kind : kinds) table.header.push_back(readable(kind));
  for (const char* name : {"in all", "a training step", "received", "refused"})
    table.header.emplace_back(name);
  const auto steps = static_cast<double>(std::max<std::int64_t>(1, trained.steps));
  for (const auto& site : trained.sites) {
    telemetry::Table::Row row{site.name, {}};
    for (const auto& kind : kinds) {
      const auto sent = site.sent.find(kind);
      if (sent == site.sent.end()) {
        row.cells.push_back({"\u2013"});
      } else {
        const auto& [messages, items, bytes] = sent->second;
        row.cells.push_back(
            {bytes_text(static_cast<double>(bytes)), items > 1 ? grouped(items) + " items" : ""});
      }
    }
    const auto all = static_cast<double>(sent_bytes(site));
    row.cells.push_back({bytes_text(all)});
    row.cells.push_back({bytes_text(static_cast<double>(site.training_bytes) / steps)});
    row.cells.push_back({bytes_text(static_cast<double>(site.received_bytes))});
    row.cells.push_back({grouped(site.refusals)});
    table.rows.push_back(std::move(row));
  }
  section.blocks.emplace_back(std::move(table));
  return section;
}

telemetry::Section segmentation_section(const RunConfig& config,
                                        const EvaluationFound& evaluation) {
  telemetry::Section section{"What the synthetic images are worth", {}};
  section.blocks.emplace_back(telemetry::Paragraph{
      "The same U-Net, trained for " + grouped(static_cast<std::uint64_t>(config.segmenter.steps)) +
      " steps on each set and tested on images that no set holds."});
  telemetry::BarChart bars{"Dice on the test set",
                           "Mean over patients and foreground classes, with 95 % interval.",
                           "mean Dice",
                           {}};
  for (const auto& set : evaluation.sets) {
    const auto& dice = set.mean.at("dice");
    bars.bars.push_back({set.set, dice.mean, dice.low, dice.high, set.set == "synthetic"});
  }
  section.blocks.emplace_back(std::move(bars));
  section.blocks.emplace_back(dice_table(config, evaluation));
  section.blocks.emplace_back(metric_table(evaluation));
  return section;
}

std::vector<OverSeeds> over_seeds(const EvaluationFound& evaluation, const SeedsFound& seeds) {
  std::vector<OverSeeds> all;
  for (const auto& set : evaluation.sets) {
    std::vector<const Evaluated*> runs{&set};
    for (const auto& other : seeds.others) {
      const Evaluated* found = set_named(other.evaluation, set.set);
      if (found == nullptr || found->classes.size() != set.classes.size()) {
        throw DataError("the run with seed " + std::to_string(other.seed) +
                        " has no figures for \"" + set.set + "\"");
      }
      runs.push_back(found);
    }
    OverSeeds row{.set = set.set};
    for (const Evaluated* run : runs) row.runs.push_back(run->mean.at("dice").mean);
    row.low = *std::min_element(row.runs.begin(), row.runs.end());
    row.high = *std::max_element(row.runs.begin(), row.runs.end());
    const auto count = static_cast<double>(runs.size());
    for (const double dice : row.runs) row.mean += dice / count;
    for (std::size_t label = 0; label < set.classes.size(); ++label) {
      double sum = 0;
      int scored = 0;
      for (const Evaluated* run : runs) {
        const auto score = run->classes[label].find("dice");
        if (score == run->classes[label].end() || score->second.cases == 0) continue;
        sum += score->second.mean;
        ++scored;
      }
      row.classes.push_back(scored > 0 ? std::optional(sum / scored) : std::nullopt);
    }
    all.push_back(std::move(row));
  }
  return all;
}

telemetry::Section seeds_section(const RunConfig& config, const EvaluationFound& evaluation,
                                 const SeedsFound& seeds) {
  std::string names = std::to_string(config.run.seed);
  for (const auto& other : seeds.others) names += ", " + std::to_string(other.seed);
  telemetry::Table table{
      "Dice over " + std::to_string(seeds.others.size() + 1) + " runs",
      "The whole job with the seeds " + names +
          ": generator, discriminators and segmenters start "
          "and draw anew. Means over the runs; beside the mean, the worst and the best run.",
      {"trained on", "mean"},
      {}};
  for (std::size_t label = 1; label < config.data.classes.size(); ++label) {
    table.header.push_back(config.data.classes[label]);
  }
  for (const auto& row : over_seeds(evaluation, seeds)) {
    telemetry::Table::Row cells{
        row.set,
        {{fixed(row.mean, 3), fixed(row.low, 3) + "\u2013" + fixed(row.high, 3)}},
        row.set == "synthetic"};
    for (const auto& dice : row.classes) {
      cells.cells.push_back({dice ? fixed(*dice, 3) : "\u2013"});
    }
    table.rows.push_back(std::move(cells));
  }
  return {"Over several seeds", {std::move(table)}};
}

telemetry::Section run_section(const RunConfig& config, const Loaded& loaded) {
  telemetry::Section section{"How it was run", {}};
  telemetry::Table data{"Data", "", {"source", "images", "patients", "channels"}, {}};
  const auto add = [&](const SourceFound& source, const std::string& name) {
    std::string channels;
    for (const auto& channel : source.channels)
      channels += (channels.empty() ? "" : ", ") + channel;
    data.rows.push_back({name, {{grouped(source.images)}, {grouped(source.cases)}, {channels}}});
  };
  for (const auto& site : loaded.sites) add(site, site.name);
  for (const auto& test : loaded.test) add(test, "test, held out");
  section.blocks.emplace_back(std::move(data));
  section.blocks.emplace_back(telemetry::Paragraph{
      "Slices of " + std::to_string(config.data.height) + " x " +
      std::to_string(config.data.width) + " pixels. Seed " + std::to_string(config.run.seed) +
      ". The whole configuration is in config.json beside this page."});
  return section;
}

}  // namespace asyndgan::program
