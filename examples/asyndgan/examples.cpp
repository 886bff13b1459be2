// SPDX-License-Identifier: Apache-2.0
#include "examples.hpp"

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/telemetry/png.hpp"
#include "asyndgan/telemetry/raster.hpp"
#include "results.hpp"

namespace asyndgan::program {

namespace {

namespace fs = std::filesystem;

std::size_t classes_in(const LabelMap& maps, int n) {
  std::bitset<256> seen;
  const auto begin = static_cast<std::size_t>(n) * maps.plane();
  for (std::size_t i = 0; i < maps.plane(); ++i) seen.set(maps.labels[begin + i]);
  return seen.count();
}

/// `count` maps spread over all of them, of each stretch the one with the most classes.
std::vector<int> telling(const LabelMap& maps, int count) {
  std::vector<int> chosen;
  count = std::min(count, maps.n);
  for (int k = 0; k < count; ++k) {
    int best = k * maps.n / count;
    for (int n = best; n < (k + 1) * maps.n / count; ++n) {
      if (classes_in(maps, n) > classes_in(maps, best)) best = n;
    }
    chosen.push_back(best);
  }
  return chosen;
}

/// Writes pictures into one folder of the run and remembers their names.
class Gallery {
 public:
  Gallery(const RunFolder& folder, fs::path where) : folder_(folder), where_(std::move(where)) {
    fs::create_directories(folder.root() / where_);
  }

  [[nodiscard]] std::string add(const std::string& name, const telemetry::Raster& raster) const {
    const fs::path file = where_ / (name + ".png");
    folder_.write(file, telemetry::encode_png(raster));
    return file.string();
  }

  /// One picture for colour, or one per channel.
  [[nodiscard]] std::vector<std::string> add_image(const std::string& name,
                                                   const Tensor<float>& images, int n,
                                                   bool colour) const {
    if (colour) return {add(name, telemetry::raster(images, n, -1))};
    std::vector<std::string> files;
    for (int c = 0; c < images.shape().c; ++c) {
      files.push_back(add(name + "-" + std::to_string(c), telemetry::raster(images, n, c)));
    }
    return files;
  }

 private:
  const RunFolder& folder_;
  fs::path where_;
};

}  // namespace

void write_examples(const RunFolder& folder, const FederationData& data,
                    const data::Slices& synthetic) {
  const RunConfig& config = folder.config();
  const bool colour = config.data.modality == ModalityKind::histology;
  const auto titles = colour ? std::vector<std::string>{"colour"} : config.data.channels;
  const Gallery everybody(folder, "pictures");
  Examples all{titles, {}};
  int first = 0;  // of the site's maps within `synthetic`
  for (std::size_t i = 0; i < data.sites.size(); ++i) {
    const SiteData& site = data.sites[i];
    const data::Slices& own = site.slices.at_site();  // for the site's own pictures
    const Gallery at_site(folder, fs::path("sites") / site.name / "pictures");
    Examples examples{colour ? titles : own.channels, {}};
    for (const int n : telling(own.labels, config.report.pictures)) {
      const std::string number = std::to_string(n);
      const auto& info = own.info[static_cast<std::size_t>(n)];
      examples.examples.push_back(
          {site.name, info.case_id + ", slice " + std::to_string(info.slice),
           at_site.add("mask-" + number, telemetry::raster(synthetic.labels, first + n)),
           at_site.add_image("synthetic-" + number, synthetic.images, first + n, colour),
           at_site.add_image("real-" + number, own.images, n, colour)});
    }
    folder.finish("examples-" + site.name, examples);

    const auto sites = static_cast<int>(data.sites.size());
    const auto index = static_cast<int>(i);
    const int share =
        (index + 1) * config.report.pictures / sites - index * config.report.pictures / sites;
    for (const int n : telling(own.labels, share)) {
      const std::string name = site.name + "-" + std::to_string(n);
      all.examples.push_back(
          {site.name,
           "map " + std::to_string(n + 1),
           everybody.add(name + "-mask", telemetry::raster(synthetic.labels, first + n)),
           everybody.add_image(name + "-synthetic", synthetic.images, first + n, colour),
           {}});
    }
    first += own.labels.n;
  }
  folder.finish(kExamplesPhase, all);
}

}  // namespace asyndgan::program
