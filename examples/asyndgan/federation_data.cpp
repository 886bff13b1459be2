// SPDX-License-Identifier: Apache-2.0
#include "federation_data.hpp"

#include <iostream>
#include <set>
#include <utility>

#include "asyndgan/core/error.hpp"
#include "asyndgan/data/dataset.hpp"
#include "asyndgan/modality/brain_mri.hpp"
#include "asyndgan/modality/class_table.hpp"
#include "asyndgan/modality/ct.hpp"
#include "asyndgan/modality/histology.hpp"
#include "asyndgan/modality/load.hpp"
#include "asyndgan/telemetry/progress.hpp"
#include "problems.hpp"
#include "site_settings.hpp"

namespace asyndgan::program {

namespace {

modality::ClassTable class_table(const RunConfig::Data& data) {
  if (data.label_values.empty()) return modality::ClassTable::in_order(data.classes);
  std::vector<modality::NamedClass> classes;
  for (std::size_t i = 0; i < data.classes.size(); ++i) {
    classes.push_back({data.classes[i], data.label_values[i]});
  }
  return modality::ClassTable(std::move(classes));
}

data::LoadOptions load_options(const RunConfig::Data& data, const CaseProgress& progress) {
  return {.plane = plane_of(data),
          .size = {data.height, data.width},
          .keep_aspect = data.keep_aspect,
          .min_labelled_pixels = data.least_labelled_pixels,
          .progress = progress};
}

}  // namespace

data::Plane plane_of(const RunConfig::Data& data) {
  constexpr data::Plane kPlanes[] = {data::Plane::axial, data::Plane::coronal,
                                     data::Plane::sagittal};
  return kPlanes[static_cast<int>(data.plane)];
}

privacy::Private<data::Slices> load_source(const RunConfig& config, const SourceConfig& source,
                                           const CaseProgress& progress) {
  const auto& data = config.data;
  const auto options = load_options(data, progress);
  try {
    switch (data.modality) {
      case ModalityKind::ct:
        return modality::load(modality::Ct({.classes = class_table(data),
                                            .window_centre = data.window_centre,
                                            .window_width = data.window_width}),
                              source.folder, options);
      case ModalityKind::histology:
        return modality::load(modality::Histology({.contour = data.contour}), source.folder,
                              options);
      case ModalityKind::brain_mri:
        break;
    }
    using modality::BrainMri;
    return modality::load(
        BrainMri({.channels = source.channels.empty() ? data.channels : source.channels,
                  .classes = class_table(data),
                  .layout = source.layout == Layout::brats ? BrainMri::Layout::brats
                                                           : BrainMri::Layout::volumes}),
        source.folder, options);
  } catch (const DataError& error) {
    throw DataError(source.name + ": " + error.what());
  }
}

FederationData load_federation(const RunConfig& config, const Voice& voice) {
  telemetry::Progress progress(std::cerr, voice.progress("cases"));
  const auto load = [&](const SourceConfig& source) {
    std::size_t last = 0;
    auto slices = load_source(config, source, [&](std::size_t done, std::size_t all) {
      if (last == 0) progress.begin("load " + source.name, static_cast<std::int64_t>(all));
      last = done;
      progress.update(static_cast<std::int64_t>(done));
    });
    progress.end();
    return slices;
  };
  FederationData data;
  Problems problems;
  const auto gather = [&](const auto& work) {
    try {
      work();
    } catch (const DataError& error) {
      progress.clear();
      problems.add(error.what());
    }
  };
  if (any_site_keeps_label_maps(config)) {
    gather([&] { data.public_maps = read_public_label_maps(config); });
  }
  for (const auto& site : config.data.sites) {
    gather([&] { data.sites.push_back({site.name, load(site)}); });
  }
  if (!config.data.test.folder.empty()) {
    gather([&] {
      const auto test = load(config.data.test);  // no site's: nobody's secret
      data.test = test.at_site();
    });
  }
  problems.throw_if_any<DataError>("data that cannot be used");
  return data;
}

SourceFound describe(const std::string& name, const data::Slices& slices) {
  std::set<std::string> cases;
  for (const auto& info : slices.info) cases.insert(info.case_id);
  return {name, slices.size(), cases.size(), slices.channels};
}

Loaded describe(const FederationData& data) {
  Loaded loaded;
  for (const auto& site : data.sites) {
    loaded.sites.push_back(describe(site.name, site.slices.at_site()));  // counts alone
  }
  if (data.test) loaded.test.push_back(describe("test", *data.test));
  return loaded;
}

}  // namespace asyndgan::program
