// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/telemetry/report.hpp"
#include "results.hpp"
#include "run_folder.hpp"

/// Sections of the report, each from what one phase found.
namespace asyndgan::program {

/// A phase's file as its type, or nothing while the phase has not finished.
template <class Result>
[[nodiscard]] std::optional<Result> found(const RunFolder& folder, const std::string& phase) {
  const auto json = folder.result(phase);
  if (!json) return std::nullopt;
  try {
    return json->get<Result>();
  } catch (const nlohmann::json::exception& error) {
    throw DataError((folder.root() / "results" / (phase + ".json")).string() + ": " + error.what());
  }
}

/// Bytes that left a site, of every kind.
[[nodiscard]] std::uint64_t sent_bytes(const SiteTrained& site);

/// The set of the evaluation with this name, or nothing.
[[nodiscard]] const Evaluated* set_named(const EvaluationFound& evaluation,
                                         const std::string& name);
/// The best of the sets that are one site's own data, or nothing.
[[nodiscard]] const Evaluated* best_site(const EvaluationFound& evaluation);

[[nodiscard]] telemetry::PictureTable picture_block(const RunFolder& folder,
                                                    const Examples& examples,
                                                    const std::string& note);
[[nodiscard]] telemetry::Section training_section(const RunFolder& folder, const Trained& trained);
[[nodiscard]] telemetry::Section traffic_section(const Trained& trained);
[[nodiscard]] telemetry::Section segmentation_section(const RunConfig& config,
                                                      const EvaluationFound& evaluation);
/// Means over this run and those of other seeds.
struct OverSeeds {
  std::string set;
  double mean = 0;  // of the runs' mean Dice
  double low = 0;   // the worst run's
  double high = 0;
  std::vector<double> runs = {};                    // of each, this one first
  std::vector<std::optional<double>> classes = {};  // mean Dice of every foreground class
};
[[nodiscard]] std::vector<OverSeeds> over_seeds(const EvaluationFound& evaluation,
                                                const SeedsFound& seeds);
[[nodiscard]] telemetry::Section seeds_section(const RunConfig& config,
                                               const EvaluationFound& evaluation,
                                               const SeedsFound& seeds);
[[nodiscard]] telemetry::Section run_section(const RunConfig& config, const Loaded& loaded);

}  // namespace asyndgan::program
