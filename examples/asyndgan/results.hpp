// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

/// What the phases of a run find, as their files in results/ hold it. The report is made from
/// these files alone, so that it can be made again at any time.
namespace asyndgan::program {

/// Of one folder of labelled images.
struct SourceFound {
  std::string name;
  std::size_t images = 0;
  std::size_t cases = 0;
  std::vector<std::string> channels;
};

struct Loaded {
  std::vector<SourceFound> sites;
  std::vector<SourceFound> test;  // one or none
};

/// What left a site of one kind: "label_maps", "gradient", "framing", ...
struct Sent {
  std::uint64_t messages = 0;
  std::uint64_t items = 0;
  std::uint64_t bytes = 0;
};

struct SiteTrained {
  std::string name;
  double weight = 0;                 // of its gradients
  std::uint64_t training_bytes = 0;  // sent in training alone
  std::map<std::string, Sent> sent;  // in all, the maps for the synthesis too
  std::uint64_t received_bytes = 0;
  std::uint64_t refusals = 0;
};

struct Trained {
  std::int64_t steps = 0;
  double seconds = 0;       // of the steps alone
  std::int64_t images = 0;  // that G drew for its updates
  std::string generator;    // description and parameters
  std::uint64_t generator_parameters = 0;
  std::string discriminator;
  std::uint64_t discriminator_parameters = 0;  // of one site
  std::string reveals;                         // what a gradient says of real images at most
  std::string sanitizer;
  std::string cpu;
  int cores = 0;
  int threads = 0;
  std::string compiler;
  std::vector<SiteTrained> sites;
};

struct Synthesised {
  std::size_t images = 0;
};

/// Mean over the test cases that have the score, with its 95 % interval.
struct Score {
  std::size_t cases = 0;
  double mean = 0;
  double low = 0;
  double high = 0;
};

/// One segmenter on the test set, by the names of the metrics: "dice", "sensitivity",
/// "specificity", "hd95".
struct Evaluated {
  std::string set;         // "synthetic", "pooled-real", "site-north"
  std::size_t images = 0;  // it was trained on
  double train_seconds = 0;
  std::map<std::string, Score> mean;                  // over the foreground classes
  std::vector<std::map<std::string, Score>> classes;  // of every foreground class, from label 1
};

struct EvaluationFound {
  std::vector<Evaluated> sets;
};

/// The evaluations of runs that differ in their seed alone, for the report of one of them.
struct SeedFound {
  std::uint64_t seed = 0;
  EvaluationFound evaluation;
};
struct SeedsFound {
  std::vector<SeedFound> others;
};

/// A mask with what was drawn for it. Files are relative to the run's folder.
struct Example {
  std::string site;
  std::string name;  // "map 160"; for the site's own eyes "map 160, patient-012, slice 40"
  std::string mask;  // file
  std::vector<std::string> synthetic;  // file for each picture of its channels
  std::vector<std::string> real;       // likewise; in a site's own list only
};

struct Examples {
  std::vector<std::string> channels;  // title of each picture
  std::vector<Example> examples;
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SourceFound, name, images, cases, channels)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Loaded, sites, test)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Sent, messages, items, bytes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SiteTrained, name, weight, training_bytes, sent, received_bytes,
                                   refusals)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Trained, steps, seconds, images, generator, generator_parameters,
                                   discriminator, discriminator_parameters, reveals, sanitizer, cpu,
                                   cores, threads, compiler, sites)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Synthesised, images)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Score, cases, mean, low, high)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Evaluated, set, images, train_seconds, mean, classes)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(EvaluationFound, sets)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SeedFound, seed, evaluation)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SeedsFound, others)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Example, site, name, mask, synthetic, real)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Examples, channels, examples)

/// How a site is called beside training sets that are no site's: "site-north" for "north" and
/// for "site-north".
[[nodiscard]] inline std::string case_name(const std::string& site) {
  return site.starts_with("site-") ? site : "site-" + site;
}

/// Names of the phases' files.
inline constexpr const char* kLoadPhase = "load";
inline constexpr const char* kTrainPhase = "train";
inline constexpr const char* kSynthesisePhase = "synthesise";
inline constexpr const char* kExamplesPhase = "examples";
inline constexpr const char* kEvaluatePhase = "evaluate";
inline constexpr const char* kSeedsPhase = "seeds";

}  // namespace asyndgan::program
