// SPDX-License-Identifier: Apache-2.0
//
// Prepares the federation of the main job: three sites and a held-out test set of virtual
// patients, made from one real head, as NIfTI files like a user's own.

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "asyndgan/core/error.hpp"
#include "asyndgan/telemetry/progress.hpp"
#include "prepare.hpp"

namespace {

int run(int argc, char** argv) {
  using namespace head_federation;
  Settings settings;
  bool quiet = false;
  CLI::App app(
      "Prepares three sites of virtual patients, and a held-out test set, from the T1 head, brain "
      "mask and AAL labels of the Debian package mricron-data. No site has what all have: they "
      "differ in slice range, contrast, bias field, noise, blur and how often there is a lesion.");
  app.add_option("--out", settings.out, "folder to make")->required();
  app.add_option("--patients", settings.patients, "patients of each site")->capture_default_str();
  app.add_option("--test-patients", settings.test_patients, "held-out patients, all profiles")
      ->capture_default_str();
  app.add_option("--seed", settings.seed, "same seed, same patients")->capture_default_str();
  app.add_option("--size", settings.size, "pixels along each side of a slice of 208 mm")
      ->capture_default_str();
  app.add_option("--templates", settings.templates, "folder of the three source volumes")
      ->capture_default_str();
  app.add_flag("--replace", settings.replace, "replace a federation made with other settings");
  app.add_flag("-q,--quiet", quiet, "no progress");
  CLI11_PARSE(app, argc, argv);

  namespace telemetry = asyndgan::telemetry;
  telemetry::Progress progress(
      std::cerr, {.style = quiet ? telemetry::ProgressStyle::quiet : telemetry::progress_style(),
                  .columns = telemetry::terminal_columns(),
                  .unit = "patients"});
  bool begun = false;
  const Outcome outcome = prepare(settings, [&](int done, int all) {
    if (!begun) progress.begin("patients", all);
    begun = true;
    progress.update(done);
  });
  if (begun) progress.end();
  if (!quiet) {
    std::cout << (outcome == Outcome::made ? "made " : "already there: ") << settings.out.string()
              << "\n";
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "head_federation: " << error.what() << "\n";
    return 1;
  }
}
