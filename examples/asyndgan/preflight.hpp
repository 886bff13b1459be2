// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "config.hpp"

namespace asyndgan::program {

/// What a look at everything found: things to know, and things that keep a run from working.
struct Findings {
  std::vector<std::string> notes;
  std::vector<std::string> problems;
};

/// Whether a site can take part over the network from the machine that this is called on: its
/// certificate, the centre and whether the two take each other, its clock, and room for what it
/// keeps in `folder`. A run that is under way is not disturbed.
///
/// `parameters` are those of the site's discriminators together.
void look_at_site(const RunConfig& config, std::size_t site, const std::filesystem::path& folder,
                  std::uint64_t parameters, Findings& findings);

}  // namespace asyndgan::program
