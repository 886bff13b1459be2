// SPDX-License-Identifier: Apache-2.0
#include "synthesise.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <iostream>
#include <system_error>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "asyndgan/downstream/synthesize.hpp"
#include "asyndgan/federation/central.hpp"
#include "asyndgan/metrics/summary.hpp"
#include "asyndgan/networks/checkpoint.hpp"
#include "asyndgan/privacy/ledger.hpp"
#include "asyndgan/privacy/release.hpp"
#include "asyndgan/protocol/site_outbox.hpp"
#include "asyndgan/telemetry/progress.hpp"
#include "networks.hpp"
#include "site_settings.hpp"
#include "train.hpp"

namespace asyndgan::program {

namespace {

void append(LabelledMaps& all, const LabelMap& maps) {
  if (all.maps.n == 0) all.maps = LabelMap(0, maps.h, maps.w);
  all.maps.n += maps.n;
  all.maps.labels.insert(all.maps.labels.end(), maps.labels.begin(), maps.labels.end());
}

/// "p7" for its copy "p7+1", as downstream::synthesize() names them.
std::string map_of(const std::string& id) {
  const auto plus = id.find_last_of('+');
  const bool copy = plus != std::string::npos && plus + 1 < id.size() &&
                    id.find_first_not_of("0123456789", plus + 1) == std::string::npos;
  return copy ? id.substr(0, plus) : id;
}

/// All label maps of a site, by the same door and into the same ledger as in training.
LabelMap released(const RunFolder& folder, std::size_t index, const SiteData& site, bool again) {
  const RunConfig& config = folder.config();
  const privacy::Release release(site_policy(config, index), site_secret(config, index));
  const auto step = static_cast<std::uint64_t>(config.training.steps);
  auto maps = release.label_maps(
      site.slices.map([](const data::Slices& slices) { return slices.labels; }), step);
  LabelMap value = maps.value();
  if (!again) {
    privacy::EgressLedger ledger(ledger_file(folder, site.name));
    protocol::SiteOutbox outbox(ledger, "central");
    (void)outbox.encode(protocol::Masks{step, std::move(maps)},
                        federation::run_id(central_options(config)));
  }
  return value;
}

}  // namespace

data::Slices draw(const RunFolder& folder, const LabelMap& maps, std::vector<data::SliceInfo> info,
                  int copies, const Voice& voice) {
  const RunConfig& config = folder.config();
  return with_generator(config, [&](auto generator) {
    (void)networks::load_network(generator_file(folder), generator);
    telemetry::Progress progress(std::cerr, voice.progress("images"));
    progress.begin("synthesise", static_cast<std::int64_t>(maps.n) * copies);
    auto slices = downstream::synthesize(generator, generator_input(config), maps, std::move(info),
                                         {.copies = copies,
                                          .dropout = config.synthesis.dropout,
                                          .seed = config.run.seed,
                                          .channels = config.data.channels},
                                         [&](int done, int) {
                                           progress.update(done);
                                           if (interrupted()) throw Interrupted{};
                                         });
    progress.end();
    return slices;
  });
}

data::Slices synthesise(const RunFolder& folder, const FederationData& data, bool again,
                        const Voice& voice) {
  constexpr int kSlicesOfCase = 32;  // of a volume of synthetic slices
  LabelledMaps all = data.public_maps;
  for (std::size_t i = 0; i < data.sites.size(); ++i) {
    if (site_policy(folder.config(), i).label_maps == privacy::MaskRelease::none) continue;
    const SiteData& site = data.sites[i];
    const LabelMap maps = released(folder, i, site, again);
    append(all, maps);
    // The site's own names of its cases stay there.
    for (int n = 0; n < maps.n; ++n) {
      const std::string number = std::to_string(n / kSlicesOfCase + 1);
      const std::string zeros(number.size() < 3 ? 3 - number.size() : 0, '0');
      all.info.push_back({site.name + "-" + zeros + number, n % kSlicesOfCase});
    }
  }
  return draw(folder, all.maps, std::move(all.info), folder.config().synthesis.copies, voice);
}

void write_volumes(const data::Slices& slices, data::Plane plane,
                   const std::filesystem::path& folder, const Grids& grids) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  if (code) throw WriteError("cannot create folder " + folder.string() + ": " + code.message());
  std::vector<std::string> ids;
  for (const auto& info : slices.info) ids.push_back(info.case_id);
  const Shape& shape = slices.images.shape();
  for (const auto& who : metrics::group_by_case(ids)) {
    const auto& info = slices.info[who.images.front()];
    const int count = static_cast<int>(who.images.size());
    const auto known = grids.find(map_of(who.id));
    const data::Grid grid =
        known != grids.end() && data::plane_shape(known->second, plane).slices == count
            ? known->second
            : data::grid_of({count, shape.h, shape.w, info.spacing_y, info.spacing_x,
                             std::isfinite(info.spacing_z) ? info.spacing_z : 1},
                            plane);
    const auto part = data::gather(slices, who.images);
    for (int c = 0; c < shape.c; ++c) {
      data::Volume volume{grid, std::vector<float>(grid.count()), {}};
      for (int n = 0; n < count; ++n) {
        data::set_plane_pixels(volume, plane, n, &part.images(n, c, 0, 0));
      }
      const auto& channel = slices.channels[static_cast<std::size_t>(c)];
      data::write_volume(folder / (who.id + "_" + channel + ".nii.gz"), volume);
    }
    data::LabelVolume labels{grid, std::vector<std::uint16_t>(grid.count())};
    for (int n = 0; n < count; ++n) {
      data::set_plane_pixels(
          labels, plane, n,
          part.labels.labels.data() + static_cast<std::size_t>(n) * shape.plane());
    }
    data::write_label_volume(folder / (who.id + "_labels.nii.gz"), labels);
  }
}

}  // namespace asyndgan::program
