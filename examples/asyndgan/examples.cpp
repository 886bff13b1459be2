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
#include "site_settings.hpp"

namespace asyndgan::program {

namespace {

namespace fs = std::filesystem;

std::size_t classes_in(const LabelMap& maps, int n) {
  std::bitset<256> seen;
  const auto begin = static_cast<std::size_t>(n) * maps.plane();
  for (std::size_t i = 0; i < maps.plane(); ++i) seen.set(maps.labels[begin + i]);
  return seen.count();
}

/// Some of the label maps that images were drawn for: [first, first + size) of them.
struct Part {
  std::string name;  // whose they are
  int first;
  int size;

  /// What people call map `n` of all, on every page: 1, 2, ... within the part.
  [[nodiscard]] std::string number(int n) const { return std::to_string(n - first + 1); }
};

/// `count` maps spread over the part, of each stretch the one with the most classes.
std::vector<int> telling(const LabelMap& maps, const Part& part, int count) {
  std::vector<int> chosen;
  count = std::min(count, part.size);
  for (int k = 0; k < count; ++k) {
    int best = part.first + k * part.size / count;
    for (int n = best; n < part.first + (k + 1) * part.size / count; ++n) {
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
    files.reserve(static_cast<std::size_t>(images.shape().c));
    for (int c = 0; c < images.shape().c; ++c) {
      files.push_back(add(name + "-" + std::to_string(c), telemetry::raster(images, n, c)));
    }
    return files;
  }

 private:
  const RunFolder& folder_;
  fs::path where_;
};

/// What a site sees: its own image beside the synthetic one of the same map.
Examples at_site(const RunFolder& folder, const SiteData& site, const Part& part,
                 const data::Slices& synthetic, bool colour) {
  const data::Slices& own = site.slices.at_site();  // for the site's own pictures
  const Gallery gallery(folder, fs::path("sites") / site.name / "pictures");
  Examples examples{colour ? std::vector<std::string>{"colour"} : own.channels, {}};
  for (const int n : telling(synthetic.labels, part, folder.config().report.pictures)) {
    const int real = n - part.first;
    const std::string number = part.number(n);
    const auto& info = own.info[static_cast<std::size_t>(real)];
    examples.examples.push_back(
        {site.name, "map " + number + ", " + info.case_id + ", slice " + std::to_string(info.slice),
         gallery.add("mask-" + number, telemetry::raster(synthetic.labels, n)),
         gallery.add_image("synthetic-" + number, synthetic.images, n, colour),
         gallery.add_image("real-" + number, own.images, real, colour)});
  }
  return examples;
}

}  // namespace

void write_examples(const RunFolder& folder, const FederationData& data,
                    const data::Slices& synthetic) {
  const RunConfig& config = folder.config();
  const bool colour = config.data.modality == ModalityKind::histology;

  std::vector<Part> parts;  // in synthesise()'s order
  int first = data.public_maps.maps.n;
  if (first > 0) parts.push_back({"public", 0, first});
  for (std::size_t i = 0; i < data.sites.size(); ++i) {
    const SiteData& site = data.sites[i];
    const bool keeps = site_policy(config, i).label_maps == privacy::MaskRelease::none;
    const Part part{site.name, first, keeps ? 0 : static_cast<int>(site.slices.at_site().size())};
    folder.finish("examples-" + site.name, at_site(folder, site, part, synthetic, colour));
    if (part.size > 0) parts.push_back(part);
    first += part.size;
  }

  const Gallery gallery(folder, "pictures");
  Examples all{colour ? std::vector<std::string>{"colour"} : config.data.channels, {}};
  const auto count = static_cast<int>(parts.size());
  for (int i = 0; i < count; ++i) {
    const Part& part = parts[static_cast<std::size_t>(i)];
    const int share = (i + 1) * config.report.pictures / count - i * config.report.pictures / count;
    for (const int n : telling(synthetic.labels, part, share)) {
      const std::string number = part.number(n);
      const std::string name = part.name + "-" + number;
      all.examples.push_back({part.name,
                              "map " + number,
                              gallery.add(name + "-mask", telemetry::raster(synthetic.labels, n)),
                              gallery.add_image(name + "-synthetic", synthetic.images, n, colour),
                              {}});
    }
  }
  folder.finish(kExamplesPhase, all);
}

}  // namespace asyndgan::program
