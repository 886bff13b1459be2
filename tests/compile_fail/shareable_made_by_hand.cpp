// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/privacy/shareable.hpp"

using namespace asyndgan;

auto make(const LabelMap& maps) {
  return privacy::Shareable<LabelMap>(maps, privacy::Provenance{});
}
