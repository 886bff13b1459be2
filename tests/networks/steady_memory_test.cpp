// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/core/block_cache.hpp"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/networks/patch_discriminator.hpp"
#include "asyndgan/networks/resnet_generator.hpp"
#include "asyndgan/networks/unet_generator.hpp"
#include "asyndgan/networks/unet_segmenter.hpp"
#include "asyndgan/optim/adam.hpp"
#include "support/catch.hpp"
#include "support/gradient_check.hpp"

namespace {
std::atomic<int> mappings{0};
}

/// In place of the C library's, for the whole test program: counts what it asks of the system.
extern "C" void* mmap(void* address, std::size_t size, int protection, int flags, int file,
                      off_t offset) noexcept {
  ++mappings;
  return reinterpret_cast<void*>(syscall(SYS_mmap, address, size, protection, flags, file, offset));
}

namespace asyndgan::networks {
namespace {

struct Mapped {
  int at_first;  // in steps 1 and 2
  int later;     // in steps 3 to 6
};

/// By steps of training from an empty cache.
template <class N>
Mapped mapped_by(const typename N::Options& options, const Shape& shape) {
  BlockCache::clear();
  N network(options);
  State<float> state;
  network.collect("", state);
  layers::initialize(state, {}, {.seed = 1});
  optim::Adam<float> adam(state, {});
  const auto input = test::uniform<float>(shape, 2);
  const auto steps = [&](int count) {
    const int before = mappings;
    for (int step = 0; step < count; ++step) {
      typename N::Saved saved;
      const auto output = network.forward(input, saved);
      state.zero_gradients();
      (void)network.backward(output, saved, layers::Wanted::parameters);
      adam.step();
    }
    return mappings - before;
  };
  const int at_first = steps(2);
  return {at_first, steps(4)};
}

TEST_CASE("Steps of training ask the system for memory at first, and no more", "[networks]") {
  if (!BlockCache::serves(BlockCache::kSmallest)) return;  // under the address sanitizer
  const auto check = [](const Mapped& mapped) {
    CHECK(mapped.at_first > 0);
    CHECK(mapped.later == 0);
  };
  check(mapped_by<ResnetGenerator<float>>(
      {.in_channels = 3, .out_channels = 1, .base_channels = 8, .blocks = 2}, {2, 3, 64, 64}));
  check(mapped_by<UnetGenerator<float>>(
      {.in_channels = 3, .out_channels = 1, .base_channels = 8, .downs = 6}, {2, 3, 64, 64}));
  check(mapped_by<PatchDiscriminator<float>>({.in_channels = 4, .base_channels = 16, .layers = 2},
                                             {2, 4, 64, 64}));
  check(mapped_by<UnetSegmenter<float>>({.in_channels = 1, .classes = 3, .base_channels = 8},
                                        {2, 1, 64, 64}));
}

}  // namespace
}  // namespace asyndgan::networks
