// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "asyndgan/core/error.hpp"
#include "label_maps.hpp"
#include "run_folder.hpp"
#include "synthesise.hpp"
#include "train.hpp"
#include "verbs.hpp"

namespace asyndgan::program {

namespace {

/// Errors  ConfigError naming a file of `folder` that is of one of the cases.
void refuse_to_overwrite(const std::filesystem::path& folder, const Grids& cases) {
  if (!std::filesystem::is_directory(folder)) return;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    for (const auto& [id, grid] : cases) {
      if (!name.starts_with(id + "_") && !name.starts_with(id + "+")) continue;
      throw ConfigError("--out: '" + entry.path().string() +
                        "' is there already; choose another folder");
    }
  }
}

}  // namespace

int synthesize(const SynthesizeArguments& arguments, const Voice& voice) {
  const RunFolder folder = RunFolder::read(arguments.run);
  if (!std::filesystem::exists(generator_file(folder))) {
    throw DataError(arguments.run.string() +
                    ": its generator is not trained yet; run 'asyndgan "
                    "simulate' to the end first");
  }
  auto [maps, info, grids] = read_label_maps(arguments.maps, folder.config());
  const int copies = arguments.copies > 0 ? arguments.copies : folder.config().synthesis.copies;
  refuse_to_overwrite(arguments.out, grids);
  const auto slices = draw(folder, maps, std::move(info), copies, voice);
  write_volumes(slices, plane_of(folder.config().data), arguments.out, grids);
  voice.say(std::to_string(slices.size()) + " images for " + std::to_string(maps.n) +
            " label maps: " + arguments.out.string());
  if (voice.json) {
    print({{"maps", maps.n}, {"images", slices.size()}, {"folder", arguments.out.string()}});
  }
  return kDone;
}

}  // namespace asyndgan::program
