// SPDX-License-Identifier: Apache-2.0
#include "segmenters.hpp"

#include <algorithm>
#include <charconv>
#include <iostream>
#include <map>
#include <string>
#include <system_error>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/downstream/evaluate.hpp"
#include "asyndgan/downstream/segment.hpp"
#include "asyndgan/downstream/train_segmenter.hpp"
#include "asyndgan/networks/checkpoint.hpp"
#include "asyndgan/telemetry/event_log.hpp"
#include "asyndgan/telemetry/progress.hpp"
#include "networks.hpp"
#include "page_parts.hpp"
#include "scores.hpp"

namespace asyndgan::program {

namespace {

using Trainer = downstream::SegmenterTrainer<Segmenter>;

constexpr std::int64_t kStepsToCheckpoint = 200;  // seconds' work, lost at most by a crash

/// What a segmenter learns from.
struct NamedSet {
  std::string name;
  data::Slices slices;
};

/// The sets of the configuration, built one at a time: the pooled one is as large as all sites.
///
/// Pooled and single-site sets read the sites' images, which a federation cannot: they are what
/// its synthetic images are compared with, and the reason why this is a simulation.
class Sets {
 public:
  Sets(const RunConfig& config, const FederationData& data, const data::Slices& synthetic)
      : data_(data), synthetic_(synthetic) {
    for (const TrainingSet kind : config.segmenter.train_on) {
      const bool per_site =
          kind == TrainingSet::each_site || kind == TrainingSet::synthetic_and_each_site;
      for (std::size_t i = 0; i < (per_site ? data.sites.size() : 1); ++i) {
        entries_.push_back({kind, i});
      }
    }
  }

  [[nodiscard]] std::size_t size() const { return entries_.size(); }

  [[nodiscard]] NamedSet get(std::size_t number) const {
    const auto& [kind, i] = entries_.at(number);
    const SiteData& site = data_.sites[i];
    switch (kind) {
      case TrainingSet::synthetic:
        break;
      case TrainingSet::pooled_real: {
        std::vector<data::Slices> parts;
        for (const SiteData& each : data_.sites) parts.push_back(each.slices.at_site());
        return {"pooled-real", data::concat(parts)};
      }
      case TrainingSet::each_site:
        return {case_name(site.name), site.slices.at_site()};
      case TrainingSet::synthetic_and_each_site: {
        const std::vector<data::Slices> parts = {site.slices.at_site(), synthetic_};
        return {"synthetic+" + case_name(site.name), data::concat(parts)};
      }
    }
    return {"synthetic", synthetic_};
  }

 private:
  struct Entry {
    TrainingSet kind;
    std::size_t site;
  };
  const FederationData& data_;
  const data::Slices& synthetic_;
  std::vector<Entry> entries_;
};

Trainer::Options training_options(const RunConfig& config, int seed) {
  const auto& chosen = config.segmenter;
  return {.steps = chosen.steps,
          .batch = chosen.batch,
          .rate = chosen.rate,
          .flips = chosen.flips,
          .sampling = {},
          .seed = config.run.seed + static_cast<std::uint64_t>(seed)};
}

struct SegmenterFound {
  double seconds = 0;
  std::size_t images = 0;
  std::vector<CaseFound> cases;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SegmenterFound, seconds, images, cases)

/// "segmenter-synthetic-0"
std::string phase_name(const std::string& set, int seed) {
  return "segmenter-" + set + "-" + std::to_string(seed);
}

/// Of training before, which a segmenter's checkpoint keeps.
double seconds_in(const std::map<std::string, std::string>& metadata,
                  const std::filesystem::path& checkpoint) {
  const auto said = metadata.find("seconds");
  const std::string text = said == metadata.end() ? "" : said->second;
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || !(seconds >= 0)) {
    throw CheckpointError(checkpoint.string() + ": \"seconds\" is '" + text +
                          "', expected a number of seconds");
  }
  return seconds;
}

/// Trains one segmenter from its checkpoint, or from the start, and returns the seconds it took.
double train_one(const RunFolder& folder, Trainer& trainer, const std::string& phase,
                 const Voice& voice) {
  const auto checkpoint = folder.checkpoint(phase);
  auto records = trainer.records();
  double before = 0;
  if (std::filesystem::exists(checkpoint)) {
    before = seconds_in(networks::load_checkpoint(checkpoint, records), checkpoint);
  }
  telemetry::Progress progress(std::cerr, voice.progress("steps"));
  progress.begin(phase, trainer.options().steps, trainer.steps());
  auto log = telemetry::EventLog::resume(folder.events(), phase, trainer.steps());
  const auto save = [&] {
    networks::save_checkpoint(checkpoint, records,
                              {{"seconds", std::to_string(before + progress.seconds())}});
  };
  const bool done = downstream::train(trainer, [&](std::int64_t step, double loss) {
    progress.update(step, {{"loss", loss}});
    if (step % 10 == 0) log.append({{"phase", phase}, {"step", step}, {"loss", loss}});
    if (step % kStepsToCheckpoint == 0) save();
    return !interrupted();
  });
  if (!done) {
    progress.clear();
    save();
    voice.say("stopped in " + phase + "; everything is saved, the same command goes on");
    throw Interrupted{};
  }
  const double seconds = before + progress.seconds();
  progress.end();
  return seconds;
}

SegmenterFound train_and_test(const RunFolder& folder, const NamedSet& set, int seed,
                              const data::Slices& test, const Voice& voice) {
  const std::string phase = phase_name(set.name, seed);
  if (auto before = found<SegmenterFound>(folder, phase)) return *std::move(before);
  Trainer trainer(segmenter_options(folder.config()), set.slices,
                  training_options(folder.config(), seed));
  SegmenterFound result{.seconds = train_one(folder, trainer, phase, voice),
                        .images = set.slices.size(),
                        .cases = {}};
  const LabelMap prediction = downstream::segment(trainer.network(), test.images);
  result.cases =
      cases_of(downstream::evaluate(prediction, test, evaluation_options(folder.config())));
  networks::save_network(segmenter_file(folder, set.name, seed), trainer.network(),
                         {{"trained_on", set.name}});
  folder.finish(phase, result);
  std::filesystem::remove(folder.checkpoint(phase));
  return result;
}

}  // namespace

std::filesystem::path segmenter_file(const RunFolder& folder, const std::string& set, int seed) {
  return folder.root() / "segmenters" / (set + "-" + std::to_string(seed) + ".safetensors");
}

EvaluationFound train_segmenters(const RunFolder& folder, const FederationData& data,
                                 const data::Slices& synthetic, const Voice& voice) {
  const RunConfig& config = folder.config();
  std::filesystem::create_directories(folder.root() / "segmenters");
  const Sets sets(config, data, synthetic);
  EvaluationFound evaluation;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const NamedSet set = sets.get(i);
    std::vector<std::vector<CaseFound>> of_seeds;
    Evaluated evaluated{.set = set.name, .images = set.slices.size(), .mean = {}, .classes = {}};
    for (int seed = 0; seed < config.segmenter.seeds; ++seed) {
      auto one = train_and_test(folder, set, seed, data.test.value(), voice);
      evaluated.train_seconds += one.seconds;
      of_seeds.push_back(std::move(one.cases));
    }
    auto scores = summarise(of_seeds);
    evaluated.mean = std::move(scores.mean);
    evaluated.classes = std::move(scores.classes);
    evaluation.sets.push_back(std::move(evaluated));
  }
  return evaluation;
}

}  // namespace asyndgan::program
