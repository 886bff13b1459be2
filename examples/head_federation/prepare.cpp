// SPDX-License-Identifier: Apache-2.0
#include "prepare.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include "asyndgan/core/atomic_file.hpp"
#include "asyndgan/core/error.hpp"
#include "asyndgan/core/parallel.hpp"
#include "asyndgan/data/volume_io.hpp"
#include "contact_sheet.hpp"
#include "patient.hpp"

namespace head_federation {
namespace {

namespace fs = std::filesystem;
using asyndgan::DataError;
using asyndgan::WriteError;

constexpr const char* kMarker = "federation.json";      // written last: a folder with it is whole
constexpr std::uint32_t kFirstTestPatient = 1U << 20U;  // apart from every patient of a site

/// One patient, and the name of its files.
struct Assignment {
  std::string folder;
  std::string name;
  PatientOptions options;
};

std::string numbered(const std::string& stem, int number) {
  const std::string digits = std::to_string(number);
  return stem + "-" + std::string(digits.size() < 3 ? 3 - digits.size() : 0, '0') + digits;
}

std::vector<Assignment> assign(const Settings& settings) {
  std::vector<Assignment> all;
  for (std::uint32_t p = 0; p < kProfiles.size(); ++p) {
    for (int i = 0; i < settings.patients; ++i) {
      all.push_back({kProfiles[p].name,
                     numbered(kProfiles[p].name, i + 1),
                     {settings.seed, settings.size, p, static_cast<std::uint32_t>(i)}});
    }
  }
  for (int i = 0; i < settings.test_patients; ++i) {
    const auto p = static_cast<std::uint32_t>(i) % static_cast<std::uint32_t>(kProfiles.size());
    const auto number = static_cast<std::uint32_t>(i) / kProfiles.size();
    all.push_back({"test",
                   numbered(std::string("test-") + kProfiles[p].name, static_cast<int>(number) + 1),
                   {settings.seed, settings.size, p,
                    kFirstTestPatient + static_cast<std::uint32_t>(number)}});
  }
  return all;
}

void require_sane(const Settings& settings) {
  const auto require = [](bool fine, const std::string& what) {
    if (!fine) throw asyndgan::ConfigError(what);
  };
  require(settings.patients >= 1 && settings.patients <= 10000,
          "patients must be between 1 and 10000, not " + std::to_string(settings.patients));
  require(
      settings.test_patients >= 0 && settings.test_patients <= 10000,
      "test-patients must be between 0 and 10000, not " + std::to_string(settings.test_patients));
  require(settings.size >= 16 && settings.size <= 208,
          "size must be between 16 and 208 pixels (the head is known to 1 mm), not " +
              std::to_string(settings.size));
}

/// The head, with the physical place of its voxels.
struct Source {
  asyndgan::data::Grid grid;
  Atlas atlas;
};

Source read_source(const fs::path& templates) {
  for (const char* name : {"ch2.nii.gz", "ch2bet.nii.gz", "aal.nii.gz"}) {
    if (!fs::exists(templates / name)) {
      throw DataError("'" + (templates / name).string() +
                      "' is missing: install the Debian package mricron-data (apt-get install "
                      "mricron-data), or name another folder with --templates");
    }
  }
  const auto t1 = asyndgan::data::read_volume(templates / "ch2.nii.gz");
  const auto brain = asyndgan::data::read_volume(templates / "ch2bet.nii.gz");
  const auto regions = asyndgan::data::read_label_volume(templates / "aal.nii.gz");
  for (const auto* grid : {&brain.grid, &regions.grid}) {
    if (const auto what = asyndgan::data::difference(*grid, t1.grid); !what.empty()) {
      throw DataError("the templates in '" + templates.string() + "' do not fit together: " + what);
    }
  }
  return {t1.grid, build_atlas(t1.grid.size[0], t1.grid.size[1], t1.grid.size[2], t1.voxels,
                               brain.voxels, regions.voxels)};
}

/// Where the stack's voxels lie: its x and y run against the atlas' and its z along it.
asyndgan::data::Grid grid_of(const Stack& stack, const asyndgan::data::Grid& atlas) {
  asyndgan::data::Grid grid;
  grid.size = {stack.size, stack.size, stack.slices};
  grid.spacing = {stack.pixel, stack.pixel, stack.slice_distance};
  grid.origin = atlas.position(stack.first[0], stack.first[1], stack.first[2]);
  grid.direction = atlas.direction;
  for (const std::size_t axis : {0U, 1U}) {
    for (double& part : grid.direction[axis]) part = part == 0 ? 0 : -part;
  }
  return grid;
}

void write_stack(const fs::path& folder, const std::string& name, const Stack& stack,
                 const asyndgan::data::Grid& grid) {
  constexpr float kScannerUnits = 1000;  // raw magnitudes are not calibrated
  asyndgan::data::Volume image{grid, stack.intensity, {}};
  for (float& value : image.voxels) value *= kScannerUnits;
  asyndgan::data::write_volume(folder / (name + "_T1.nii.gz"), image);
  asyndgan::data::write_label_volume(folder / (name + "_labels.nii.gz"),
                                     {grid, {stack.labels.begin(), stack.labels.end()}});
}

void write_text(const fs::path& path, const std::string& text) {
  asyndgan::write_file_atomically(path, std::as_bytes(std::span(text)));
}

std::string read_text(const fs::path& path) {
  const auto bytes = asyndgan::read_file(path, 1 << 20);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Whether `out` is already what is asked for. Throws if it is something not to be touched.
bool is_there(const Settings& settings) {
  if (!fs::exists(settings.out)) return false;
  const std::string name = "'" + settings.out.string() + "'";
  if (!fs::is_directory(settings.out)) throw DataError(name + " exists and is not a folder");
  if (!fs::exists(settings.out / kMarker)) {
    if (fs::is_empty(settings.out)) return false;
    throw DataError(name + " was not made by head_federation (it has no " + kMarker +
                    ") and is left alone: name another folder with --out");
  }
  const auto found = read_text(settings.out / kMarker);
  if (found == recipe(settings)) return true;
  const auto parsed = nlohmann::json::parse(found, nullptr, false);
  if (parsed.is_discarded() || parsed.value("made_by", "") != "head_federation") {
    throw DataError(name + " has a " + kMarker + " that is not head_federation's; left alone");
  }
  if (settings.replace) return false;
  throw DataError(name + " holds a federation made with other settings " +
                  parsed.value("settings", nlohmann::json()).dump() +
                  ": name another folder with --out, or --replace it");
}

void rename_or_throw(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) {
    throw WriteError("cannot rename '" + from.string() + "' to '" + to.string() +
                     "': " + error.message());
  }
}

/// Renders and writes all patients below `folder`; returns those of the contact sheet.
std::vector<Stack> write_patients(const Settings& settings, const fs::path& folder,
                                  const std::function<void(int, int)>& progress) {
  const Source source = read_source(settings.templates);
  const auto all = assign(settings);
  for (const Assignment& each : all) fs::create_directories(folder / each.folder);
  std::vector<Stack> shown(kProfiles.size() * kShownPatients);
  std::mutex mutex;
  int done = 0;
  asyndgan::parallel_for(all.size(), [&](std::size_t i) {
    const Assignment& each = all[i];
    Stack stack = render_patient(source.atlas, each.options);
    write_stack(folder / each.folder, each.name, stack, grid_of(stack, source.grid));
    const std::lock_guard lock(mutex);
    progress(++done, static_cast<int>(all.size()));
    if (each.options.number < kShownPatients) {
      shown[each.options.profile * kShownPatients + each.options.number] = std::move(stack);
    }
  });
  return shown;
}

}  // namespace

std::string recipe(const Settings& settings) {
  nlohmann::ordered_json json;
  json["made_by"] = "head_federation";
  json["version"] = 1;  // raised with every change of the voxels
  json["settings"] = {{"patients", settings.patients},
                      {"test_patients", settings.test_patients},
                      {"seed", settings.seed},
                      {"size", settings.size}};
  json["classes"] = kTissueNames;
  json["note"] =
      "Virtual patients: random deformations of one healthy volunteer's head (Colin27, from the "
      "Debian package mricron-data), with lesions drawn into them. Nothing here says anything of "
      "a population.";
  return json.dump(2) + "\n";
}

Outcome prepare(const Settings& settings, const std::function<void(int, int)>& progress) {
  require_sane(settings);
  if (is_there(settings)) return Outcome::was_there;
  const fs::path out = fs::absolute(settings.out).lexically_normal();
  const fs::path target = out.has_filename() ? out : out.parent_path();  // "data/" is "data"
  const fs::path part = target.string() + ".head-federation-part";       // ours by its name
  const fs::path old = target.string() + ".head-federation-old";
  std::error_code ignored;
  fs::remove_all(part, ignored);
  fs::create_directories(part);
  try {
    const auto shown = write_patients(settings, part, progress);
    asyndgan::write_file_atomically(part / "contact-sheet.png", contact_sheet(shown));
    write_text(part / kMarker, recipe(settings));
    fs::remove_all(old, ignored);
    if (fs::exists(target)) rename_or_throw(target, old);
    rename_or_throw(part, target);
    fs::remove_all(old, ignored);
  } catch (...) {
    fs::remove_all(part, ignored);
    throw;
  }
  return Outcome::made;
}

}  // namespace head_federation
