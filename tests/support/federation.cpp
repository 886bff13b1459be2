// SPDX-License-Identifier: Apache-2.0
#include "support/federation.hpp"

namespace asyndgan {

ASYNDGAN_TEST_FEDERATION(, float);
ASYNDGAN_TEST_FEDERATION(, double);
template class networks::ResnetGenerator<double>;
template class networks::PatchDiscriminator<double>;
template class optim::Adam<double>;

}  // namespace asyndgan
