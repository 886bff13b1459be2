// SPDX-License-Identifier: Apache-2.0
//
// The usual instantiations, so that a program that links them need not compile them.
#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/networks/patch_discriminator.hpp"
#include "asyndgan/networks/pixel_discriminator.hpp"
#include "asyndgan/networks/resnet_generator.hpp"
#include "asyndgan/networks/unet_generator.hpp"
#include "asyndgan/networks/unet_segmenter.hpp"
#include "asyndgan/optim/adam.hpp"
#include "asyndgan/optim/weight_average.hpp"

namespace asyndgan {

namespace layers {
template void initialize(State<float, Cpu>&, const Initialization&, const random::Key&);
}  // namespace layers

namespace networks {
template class ResnetGenerator<float, Cpu>;
template class UnetGenerator<float, Cpu>;
template class PatchDiscriminator<float, Cpu>;
template class PixelDiscriminator<float, Cpu>;
template class UnetSegmenter<float, Cpu>;
}  // namespace networks

namespace optim {
template class Adam<float, Cpu>;
template class WeightAverage<float, Cpu>;
}  // namespace optim

}  // namespace asyndgan
