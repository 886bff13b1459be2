// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/downstream/evaluate.hpp"

#include <iomanip>
#include <iostream>
#include <string>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/downstream/segment.hpp"
#include "asyndgan/networks/checkpoint.hpp"
#include "asyndgan/telemetry/json_rows.hpp"
#include "asyndgan/telemetry/text.hpp"
#include "federation_data.hpp"
#include "networks.hpp"
#include "run_folder.hpp"
#include "scores.hpp"
#include "segmenters.hpp"
#include "verbs.hpp"

namespace asyndgan::program {

namespace {

namespace fs = std::filesystem;

fs::path file_of(const RunFolder& folder, const std::string& segmenter) {
  const fs::path segmenters = folder.root() / "segmenters";
  fs::path file = segmenters / (segmenter + ".safetensors");
  if (fs::exists(file)) return file;
  std::string known;
  if (fs::exists(segmenters)) {
    for (const auto& entry : fs::directory_iterator(segmenters)) {
      known += (known.empty() ? "" : ", ") + entry.path().stem().string();
    }
  }
  throw DataError(folder.root().string() + ": no segmenter '" + segmenter + "'" +
                  (known.empty() ? "; none has been trained yet" : "; there are " + known));
}

void print_table(const RunConfig& config, const Scores& scores) {
  const std::vector<std::string> metrics = {"dice", "sensitivity", "specificity", "hd95"};
  std::size_t width = 6;
  for (const auto& name : config.data.classes) width = std::max(width, telemetry::columns(name));
  const auto row = [&](const std::string& name, const std::map<std::string, Score>& values) {
    std::cout << name << std::string(width - telemetry::columns(name), ' ');
    for (const auto& metric : metrics) {
      const auto value = values.find(metric);
      const std::string text =
          value == values.end() ? "-" : telemetry::fixed(value->second.mean, 3);
      std::cout << std::setw(13) << text;
    }
    std::cout << '\n';
  };
  std::cout << std::string(width, ' ');
  for (const auto& metric : metrics) std::cout << std::setw(13) << metric;
  std::cout << '\n';
  for (std::size_t k = 0; k < scores.classes.size(); ++k) {
    row(config.data.classes.at(k + 1), scores.classes[k]);
  }
  row("mean", scores.mean);
}

telemetry::Rows rows_of(const RunConfig& config, const std::string& segmenter,
                        const Scores& scores) {
  telemetry::Rows rows{"evaluate", telemetry::this_machine(), {}};
  for (const auto& [metric, score] : scores.mean) {
    const std::string unit = metric == "hd95" ? "mm" : "1";
    rows.rows.push_back({segmenter, metric, score.mean, unit});
    for (std::size_t k = 0; k < scores.classes.size(); ++k) {
      const auto found = scores.classes[k].find(metric);
      if (found == scores.classes[k].end()) continue;
      rows.rows.push_back(
          {segmenter, metric + " " + config.data.classes.at(k + 1), found->second.mean, unit});
    }
  }
  return rows;
}

}  // namespace

int evaluate(const EvaluateArguments& arguments, const Voice& voice) {
  const RunFolder folder = RunFolder::read(arguments.run);
  const RunConfig& config = folder.config();
  const fs::path file = file_of(folder, arguments.segmenter);
  SourceConfig source = config.data.test;
  source.folder = arguments.data;
  source.layout = layout_named(arguments.layout);
  const auto loaded = load_source(config, source);
  const data::Slices& slices = loaded.at_site();  // whoever calls this has the images

  Segmenter segmenter(segmenter_options(config));
  (void)networks::load_network(file, segmenter);
  const LabelMap labels = downstream::segment(segmenter, slices.images);
  const Scores scores =
      summarise({cases_of(downstream::evaluate(labels, slices, evaluation_options(config)))});
  if (voice.json) {
    print(telemetry::to_json(rows_of(config, arguments.segmenter, scores)));
  } else if (voice.shows_text()) {
    print_table(config, scores);
  }
  return kDone;
}

}  // namespace asyndgan::program
