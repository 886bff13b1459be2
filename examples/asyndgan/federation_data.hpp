// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "asyndgan/data/orientation.hpp"
#include "asyndgan/data/slices.hpp"
#include "asyndgan/privacy/private.hpp"
#include "config.hpp"
#include "console.hpp"
#include "label_maps.hpp"
#include "results.hpp"

namespace asyndgan::program {

/// What a site holds. Its images stay private also where sites and centre share a process.
struct SiteData {
  std::string name;
  privacy::Private<data::Slices> slices;
};

struct FederationData {
  std::vector<SiteData> sites;
  std::optional<data::Slices> test;
  LabelledMaps public_maps;  // to draw for where a site keeps its own
};

/// Reads every site and the test set through ITK.
/// Errors  DataError naming the site, the file and what is wrong with it.
[[nodiscard]] FederationData load_federation(const RunConfig& config, const Voice& voice);

/// data.plane, as the library says it.
[[nodiscard]] data::Plane plane_of(const RunConfig::Data& data);

/// Hears how many cases of all are read.
using CaseProgress = std::function<void(std::size_t done, std::size_t all)>;

/// Reads one folder of labelled images. Errors  as load_federation().
[[nodiscard]] privacy::Private<data::Slices> load_source(const RunConfig& config,
                                                         const SourceConfig& source,
                                                         const CaseProgress& progress = {});

[[nodiscard]] SourceFound describe(const std::string& name, const data::Slices& slices);
[[nodiscard]] Loaded describe(const FederationData& data);

}  // namespace asyndgan::program
