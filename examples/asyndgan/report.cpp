// SPDX-License-Identifier: Apache-2.0
#include "report.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "asyndgan/core/error.hpp"
#include "page.hpp"
#include "page_parts.hpp"
#include "results.hpp"
#include "verbs.hpp"

namespace asyndgan::program {

void write_reports(const RunFolder& folder) {
  folder.write("report.html", telemetry::render_html(run_page(folder)));
  folder.write("report.json", telemetry::to_json(run_rows(folder)).dump(2) + "\n");
  for (const auto& site : folder.config().data.sites) {
    const auto own = std::filesystem::path("sites") / site.name;
    if (!std::filesystem::exists(folder.root() / own)) continue;
    folder.write(own / "report.html", telemetry::render_html(site_page(folder, site.name)));
  }
}

namespace {

EvaluationFound evaluation_of(const RunFolder& folder) {
  if (auto evaluation = found<EvaluationFound>(folder, kEvaluatePhase)) return *evaluation;
  throw DataError(folder.root().string() +
                  ": its segmenters are not tested yet; run 'asyndgan simulate' to the end first");
}

/// What the other runs found, which must differ from this one in their seed alone.
SeedsFound gather(const RunFolder& folder, const std::vector<std::filesystem::path>& others) {
  (void)evaluation_of(folder);
  SeedsFound seeds;
  std::set<std::uint64_t> seen{folder.config().run.seed};
  for (const auto& path : others) {
    const RunFolder other = RunFolder::read(path);
    RunConfig config = other.config();
    if (!seen.insert(config.run.seed).second) {
      throw ConfigError(path.string() + ": run.seed " + std::to_string(config.run.seed) +
                        " is that of another run given; expected a seed of its own");
    }
    config.run.seed = folder.config().run.seed;
    if (const auto found = differences(config, folder.config()); !found.empty()) {
      throw ConfigError(path.string() + " differs in more than its seed: " + found.front());
    }
    seeds.others.push_back({other.config().run.seed, evaluation_of(other)});
  }
  return seeds;
}

}  // namespace

int report(const ReportArguments& arguments, const Voice& voice) {
  const RunFolder folder = RunFolder::read(arguments.folder);
  if (!arguments.with.empty()) folder.finish(kSeedsPhase, gather(folder, arguments.with));
  write_reports(folder);
  if (voice.json) print(telemetry::to_json(run_rows(folder)));
  voice.say("report: " + (folder.root() / "report.html").string());
  return kDone;
}

}  // namespace asyndgan::program
