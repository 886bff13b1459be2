// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "asyndgan/data/slices.hpp"
#include "federation_data.hpp"
#include "run_folder.hpp"

namespace asyndgan::program {

/// Draws images for every label map that the sites release, and for the public ones where a site
/// keeps its own, with the trained generator. The
/// same run gives the same images, so a run that goes on draws them again instead of reading
/// them back. Cases have names of their own, "<site>-001".
///
/// The maps leave the sites a second time and are entered in their ledgers unless `again`.
[[nodiscard]] data::Slices synthesise(const RunFolder& folder, const FederationData& data,
                                      bool again, const Voice& voice);

/// Draws `copies` images for each of `maps` with the generator of a run.
[[nodiscard]] data::Slices draw(const RunFolder& folder, const LabelMap& maps,
                                std::vector<data::SliceInfo> info, int copies, const Voice& voice);

/// Writes a labelled data set as volumes, one per case, its slices lying as `plane` cuts them:
/// the layout "volumes". A case and its copies ("p7", "p7+1") lie where `grids` says.
void write_volumes(const data::Slices& slices, data::Plane plane,
                   const std::filesystem::path& folder, const Grids& grids = {});

}  // namespace asyndgan::program
