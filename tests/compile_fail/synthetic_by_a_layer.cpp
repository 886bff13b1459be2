// SPDX-License-Identifier: Apache-2.0
//
// A layer may hand its input on, and with it a real image.
#include "asyndgan/layers/pad2d.hpp"
#include "asyndgan/privacy/synthetic.hpp"

using namespace asyndgan;

auto pass_for_synthetic(Tensor<float> real, layers::Pad2d<float>& layer,
                        layers::Pad2d<float>::Saved& saved) {
  return privacy::Synthetic<float>::by(layer, std::move(real), saved);
}
