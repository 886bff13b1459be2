// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "asyndgan/privacy/ledger.hpp"
#include "federation_data.hpp"
#include "results.hpp"
#include "run_folder.hpp"

namespace asyndgan::program {

/// Where the trained generator is kept: its averaged weights, under PyTorch's names.
[[nodiscard]] inline std::filesystem::path generator_file(const RunFolder& folder) {
  return folder.root() / "generator.safetensors";
}

/// Trains the generator against the sites, from the last checkpoint if there is one, and writes
/// generator_file(). Throws Interrupted, with everything saved, if the user asked to stop.
[[nodiscard]] Trained train(const RunFolder& folder, const FederationData& data,
                            const Voice& voice);

/// The site's own secret number, which keys what it hides. Here it comes from the run's seed, so
/// that a simulation can be repeated; a site on its own would draw it.
[[nodiscard]] std::uint64_t site_secret(const RunConfig& config, std::size_t site);

/// What the site's ledger has so far.
void enter_ledger(SiteTrained& site, const privacy::EgressLedger& ledger);

[[nodiscard]] std::filesystem::path ledger_file(const RunFolder& folder, const std::string& site);

}  // namespace asyndgan::program
