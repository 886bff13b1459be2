// SPDX-License-Identifier: Apache-2.0
#include "page.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/telemetry/text.hpp"
#include "page_parts.hpp"
#include "results.hpp"

namespace asyndgan::program {

using telemetry::bytes_text;
using telemetry::fixed;
using telemetry::significant;

namespace {

std::string footer(const std::optional<Trained>& trained) {
  std::string text = "Made by asyndgan.";
  if (!trained) return text;
  return text + " Trained on " + trained->cpu + ", " + std::to_string(trained->cores) +
         " logical processors, " + std::to_string(trained->threads) + " threads, built with " +
         trained->compiler + ".";
}

std::string names_of_sites(const RunConfig& config) {
  std::string names;
  for (std::size_t i = 0; i < config.data.sites.size(); ++i) {
    if (i > 0) names += i + 1 == config.data.sites.size() ? " and " : ", ";
    names += config.data.sites[i].name;
  }
  return names;
}

std::vector<telemetry::Fact> highlights(const std::optional<Trained>& trained,
                                        const std::optional<EvaluationFound>& evaluation) {
  std::vector<telemetry::Fact> facts;
  const auto* synthetic = evaluation ? set_named(*evaluation, "synthetic") : nullptr;
  const auto* pooled = evaluation ? set_named(*evaluation, "pooled-real") : nullptr;
  const auto* site = evaluation ? best_site(*evaluation) : nullptr;
  if (synthetic != nullptr) {
    const double dice = synthetic->mean.at("dice").mean;
    std::string share;
    if (pooled != nullptr && pooled->mean.at("dice").mean > 0) {
      share = fixed(100 * dice / pooled->mean.at("dice").mean, 1) + " % of pooled real data";
    }
    facts.push_back({"Dice, synthetic images only", fixed(dice, 3), share});
  }
  if (site != nullptr) {
    facts.push_back({"Dice, best single site", fixed(site->mean.at("dice").mean, 3), site->set});
  }
  if (trained) {
    std::uint64_t bytes = 0;
    std::uint64_t in_training = 0;
    for (const auto& trained_site : trained->sites) {
      bytes += sent_bytes(trained_site);
      in_training += trained_site.training_bytes;
    }
    const auto steps = static_cast<double>(std::max<std::int64_t>(1, trained->steps));
    facts.push_back({"Left all sites together", bytes_text(static_cast<double>(bytes)),
                     bytes_text(static_cast<double>(in_training) / steps) + " a training step"});
    facts.push_back(
        {"Training", telemetry::clock_text(trained->seconds),
         significant(static_cast<double>(trained->images) / std::max(trained->seconds, 1e-9)) +
             " images a second"});
  }
  return facts;
}

/// The next phase of a run that 'asyndgan simulate' works in or was interrupted in; empty once it
/// has ended, and for a run of other verbs.
std::string next_phase(const RunFolder& folder) {
  if (!folder.result(kLoadPhase)) return "";
  if (!folder.result(kTrainPhase)) return "the training of the generator";
  if (!folder.result(kSynthesisePhase)) return "the synthetic data set";
  const bool evaluated = folder.result(kEvaluatePhase).has_value();
  if (folder.config().segmenter.train_on.empty() || evaluated) return "";
  return "the segmenters and their scores";
}

}  // namespace

telemetry::Report run_page(const RunFolder& folder) {
  const RunConfig& config = folder.config();
  const auto trained = found<Trained>(folder, kTrainPhase);
  const auto evaluation = found<EvaluationFound>(folder, kEvaluatePhase);
  telemetry::Report page{config.report.title,
                         "One generator at the centre, trained against discriminators at " +
                             names_of_sites(config) +
                             ". No real image left a site, and none is on this page.",
                         highlights(trained, evaluation),
                         {},
                         footer(trained)};
  if (const std::string next = next_phase(folder); !next.empty()) {
    page.sections.push_back(
        {"Not finished",
         {telemetry::Paragraph{"This page was written before " + next +
                               " came. A run that was interrupted goes on by the same command."}}});
  }
  if (!config.report.note.empty()) {
    page.sections.push_back({"Please note", {telemetry::Paragraph{config.report.note}}});
  }
  if (const auto examples = found<Examples>(folder, kExamplesPhase)) {
    page.sections.push_back(
        {"Images",
         {picture_block(folder, *examples, "Drawn after training, one for each label map.")}});
  }
  if (evaluation) page.sections.push_back(segmentation_section(config, *evaluation));
  if (const auto seeds = found<SeedsFound>(folder, kSeedsPhase); seeds && evaluation) {
    page.sections.push_back(seeds_section(config, *evaluation, *seeds));
  }
  if (trained) {
    page.sections.push_back(traffic_section(*trained));
    page.sections.push_back(training_section(folder, *trained));
  }
  if (const auto loaded = found<Loaded>(folder, kLoadPhase)) {
    page.sections.push_back(run_section(config, *loaded));
  }
  return page;
}

telemetry::Report site_page(const RunFolder& folder, const std::string& site) {
  telemetry::Report page{
      folder.config().report.title + ", " + site,
      "For the eyes of " + site + " only: this page shows its own images and what it sent.",
      {},
      {},
      footer(std::nullopt)};
  if (const auto examples = found<Examples>(folder, "examples-" + site)) {
    page.sections.push_back(
        {"Images",
         {picture_block(folder, *examples,
                        "The real image is the one that the label map was drawn on.")}});
  }
  if (auto trained = found<Trained>(folder, kTrainPhase)) {
    std::erase_if(trained->sites, [&](const SiteTrained& other) { return other.name != site; });
    page.sections.push_back(traffic_section(*trained));
  }
  return page;
}

telemetry::Rows run_rows(const RunFolder& folder) {
  const auto trained = found<Trained>(folder, kTrainPhase);
  telemetry::Rows rows{"simulate", telemetry::this_machine(), {}};
  if (trained) rows.machine = {trained->cpu, trained->cores, trained->threads, trained->compiler};
  const auto add = [&](const std::string& name, const std::string& metric, double value,
                       const std::string& unit) {
    rows.rows.push_back({name, metric, value, unit});
  };
  if (folder.result(kLoadPhase)) add("run", "finished", next_phase(folder).empty() ? 1 : 0, "1");
  const auto evaluation = found<EvaluationFound>(folder, kEvaluatePhase);
  if (evaluation) {
    for (const auto& set : evaluation->sets) {
      for (const auto& [metric, score] : set.mean) {
        if (score.cases == 0) continue;
        const std::string unit = metric == "hd95" ? "mm" : "1";
        add(set.set, metric, score.mean, unit);
        add(set.set, metric + " low", score.low, unit);
        add(set.set, metric + " high", score.high, unit);
      }
      for (std::size_t i = 0; i < set.classes.size(); ++i) {
        const auto dice = set.classes[i].find("dice");
        if (dice == set.classes[i].end() || dice->second.cases == 0) continue;
        add(set.set, "dice " + folder.config().data.classes.at(i + 1), dice->second.mean, "1");
      }
      add(set.set, "training images", static_cast<double>(set.images), "1");
      add(set.set, "segmenter training time", set.train_seconds, "s");
    }
  }
  if (const auto seeds = found<SeedsFound>(folder, kSeedsPhase); seeds && evaluation) {
    for (const auto& row : over_seeds(*evaluation, *seeds)) {
      add(row.set, "dice, mean of " + std::to_string(row.runs.size()) + " seeds", row.mean, "1");
    }
  }
  if (trained) {
    const auto steps = static_cast<double>(std::max<std::int64_t>(1, trained->steps));
    add("federation", "training time", trained->seconds, "s");
    add("federation", "throughput",
        static_cast<double>(trained->images) / std::max(trained->seconds, 1e-9), "images/s");
    for (const auto& site : trained->sites) {
      add(case_name(site.name), "bytes sent", static_cast<double>(sent_bytes(site)), "B");
      add(case_name(site.name), "bytes sent per step",
          static_cast<double>(site.training_bytes) / steps, "B");
      add(case_name(site.name), "bytes received", static_cast<double>(site.received_bytes), "B");
    }
  }
  return rows;
}

}  // namespace asyndgan::program
