// SPDX-License-Identifier: Apache-2.0
#include "training_run.hpp"

namespace asyndgan::program {

Trained train_with_patch(const RunFolder& folder, const FederationData& data, const Voice& voice) {
  return with_generator(folder.config(), [&]<class G>(G generator) {
    return TrainingRun<G, Patch>(folder, data, std::move(generator), patch_options(folder.config()))
        .run(voice);
  });
}

}  // namespace asyndgan::program
