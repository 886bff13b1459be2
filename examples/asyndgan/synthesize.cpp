// SPDX-License-Identifier: Apache-2.0
#include <iostream>
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

int synthesize(const SynthesizeArguments& arguments, const Voice& voice) {
  const RunFolder folder = RunFolder::read(arguments.run);
  if (!std::filesystem::exists(generator_file(folder))) {
    throw DataError(arguments.run.string() +
                    ": its generator is not trained yet; run 'asyndgan "
                    "simulate' to the end first");
  }
  auto [maps, info] = read_label_maps(arguments.maps, folder.config());
  const int copies = arguments.copies > 0 ? arguments.copies : folder.config().synthesis.copies;
  const auto slices = draw(folder, maps, std::move(info), copies, voice);
  write_volumes(slices, arguments.out);
  voice.say(std::to_string(slices.size()) + " images for " + std::to_string(maps.n) +
            " label maps: " + arguments.out.string());
  if (voice.json) {
    std::cout << nlohmann::ordered_json{{"maps", maps.n},
                                        {"images", slices.size()},
                                        {"folder", arguments.out.string()}}
                     .dump(2)
              << '\n';
  }
  return kDone;
}

}  // namespace asyndgan::program
