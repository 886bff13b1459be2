// SPDX-License-Identifier: Apache-2.0
// One whole training step: G forward, D on real and fake with its Adam step, D again for G, G
// backward with its Adam step; and one of the segmenter. train_step_pytorch.py has the same steps
// in PyTorch, and compare.py runs both in turn.

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/tensor.hpp"
#include "asyndgan/kernels/concat.hpp"
#include "asyndgan/kernels/elementwise.hpp"
#include "asyndgan/layers/initialize.hpp"
#include "asyndgan/losses/adversarial.hpp"
#include "asyndgan/losses/l1.hpp"
#include "asyndgan/losses/segmentation.hpp"
#include "asyndgan/networks/patch_discriminator.hpp"
#include "asyndgan/networks/resnet_generator.hpp"
#include "asyndgan/networks/unet_generator.hpp"
#include "asyndgan/networks/unet_segmenter.hpp"
#include "asyndgan/optim/adam.hpp"
#include "support/benchmark.hpp"
#include "support/roofline.hpp"

namespace asyndgan {
namespace {

using layers::NormKind;
using layers::Wanted;
using networks::PatchDiscriminator;
using networks::ResnetGenerator;
using networks::UnetGenerator;

Tensor<float> uniform(const Shape& shape, std::uint64_t seed) {
  const random::Stream stream({.seed = seed});
  Tensor<float> tensor(shape);
  for (std::size_t i = 0; i < tensor.size(); ++i) {
    tensor.data()[i] = static_cast<float>(2 * stream.uniform(i) - 1);
  }
  return tensor;
}

template <class N>
State<float> initialized(N& network, std::uint64_t seed) {
  State<float> state;
  network.collect("", state);
  layers::initialize(state, {}, {.seed = seed});
  return state;
}

/// A generator, a discriminator, and one batch that they train on again and again. The objective
/// is pix2pix's, as in the reference implementations: cross-entropy and 100 times L1.
template <class G>
class Step {
 public:
  using D = PatchDiscriminator<float>;

  Step(const typename G::Options& g, const typename D::Options& d, const Shape& condition)
      : generator_(g),
        discriminator_(d),
        condition_(uniform(condition, 1)),
        real_(uniform({condition.n, g.out_channels, condition.h, condition.w}, 2)),
        g_state_(initialized(generator_, 3)),
        d_state_(initialized(discriminator_, 4)),
        g_adam_(g_state_, {}),
        d_adam_(d_state_, {}) {}

  void operator()() {
    typename G::Saved saved;
    const auto fake = generator_.forward(condition_, saved);
    update_discriminator(fake);
    const auto d_fake = fake_gradient(fake);
    g_state_.zero_gradients();
    g_adam_.step_in([&] { (void)generator_.backward(d_fake, saved, Wanted::parameters); });
  }

 private:
  void update_discriminator(const Tensor<float>& fake) {
    d_state_.zero_gradients();
    learn(fake, losses::VanillaGan::fake<float, Cpu>);
    d_adam_.step_in([&] { learn(real_, losses::VanillaGan::real<float, Cpu>); });
  }

  void learn(const Tensor<float>& image, losses::Loss<float> (*loss)(const Tensor<float>&)) {
    typename D::Saved saved;
    const auto logits = discriminator_.forward(kernels::concat_channels(condition_, image), saved);
    const auto d_logits = kernels::scale(loss(logits).gradient, 0.5);
    (void)discriminator_.backward(d_logits, saved, Wanted::parameters);
  }

  /// dL/dfake of the adversarial term through the frozen discriminator and of the L1 term.
  Tensor<float> fake_gradient(const Tensor<float>& fake) {
    typename D::Saved saved;
    const auto logits = discriminator_.forward(kernels::concat_channels(condition_, fake), saved);
    const auto adversarial = losses::VanillaGan::generator(logits);
    const auto d_joined = discriminator_.backward(adversarial.gradient, saved, Wanted::input);
    auto d_fake = kernels::split_channels(d_joined, condition_.shape().c).second;
    const auto distance = losses::l1(fake, real_);
    kernels::scale_and_add(1, 100, distance.gradient, d_fake);
    return d_fake;
  }

  G generator_;
  D discriminator_;
  Tensor<float> condition_;
  Tensor<float> real_;
  State<float> g_state_;
  State<float> d_state_;
  optim::Adam<float> g_adam_;
  optim::Adam<float> d_adam_;
};

/// A segmenter and one batch, by cross-entropy and soft Dice: downstream::SegmenterTrainer's step
/// but for the drawing of the batch.
class SegmenterStep {
 public:
  using Net = networks::UnetSegmenter<float>;

  SegmenterStep(const Net::Options& options, const Shape& images)
      : network_(options),
        images_(uniform(images, 1)),
        labels_(images.n, images.h, images.w),
        state_(initialized(network_, 2)),
        adam_(state_, {}) {
    const random::Stream stream({.seed = 3});
    for (std::size_t i = 0; i < labels_.labels.size(); ++i) {
      labels_.labels[i] =
          static_cast<std::uint8_t>(stream.below(i, static_cast<std::uint32_t>(options.classes)));
    }
  }

  void operator()() {
    Net::Saved saved;
    const auto logits = network_.forward(images_, saved);
    auto loss =
        losses::add(losses::cross_entropy(logits, labels_), 1, losses::soft_dice(logits, labels_));
    state_.zero_gradients();
    adam_.step_in([&] { (void)network_.backward(loss.gradient, saved, Wanted::parameters); });
  }

 private:
  Net network_;
  Tensor<float> images_;
  LabelMap labels_;
  State<float> state_;
  optim::Adam<float> adam_;
};

using Resnet = ResnetGenerator<float>;
using Unet = UnetGenerator<float>;

void add(const benchmark::Arguments& arguments, const std::string& name, const auto& make,
         telemetry::Rows& rows) {
  if (!benchmark::selected(arguments, name)) return;
  if (arguments.list) {
    std::printf("%s\n", name.c_str());
    return;
  }
  auto step = make();
  const auto timing = benchmark::measure(arguments, arguments.seconds, step);
  std::printf("%-28s %10.1f ms %10.1f ms %5d\n", name.c_str(), timing.median * 1e3,
              timing.minimum * 1e3, timing.runs);
  std::fflush(stdout);
  const std::string shown = name + " threads " + std::to_string(thread_count());
  rows.rows.push_back({shown, "step_time", timing.median, "s"});
  rows.rows.push_back({shown, "shortest_step", timing.minimum, "s"});
}

telemetry::Rows run_all(const benchmark::Arguments& arguments) {
  telemetry::Rows rows{"train_step", telemetry::this_machine(), {}};
  if (!arguments.list) {
    (void)benchmark::probe_operations(arguments, arguments.seconds / 8, rows);
    std::printf("%-28s %13s %13s %5s\n", "", "median", "minimum", "steps");
  }
  // The networks of examples/run.sh: labels one-hot and a noise channel in, one channel out.
  add(
      arguments, "main job 64 batch 4",
      [] {
        return Step<Resnet>(
            {.in_channels = 10, .out_channels = 1, .base_channels = 16, .blocks = 4},
            {.in_channels = 11, .base_channels = 32, .layers = 2}, {4, 10, 64, 64});
      },
      rows);
  add(
      arguments, "resnet_9blocks 128 batch 1",
      [] {
        return Step<Resnet>({.in_channels = 3, .out_channels = 3, .dropout = 0}, {.in_channels = 6},
                            {1, 3, 128, 128});
      },
      rows);
  for (const int batch : {1, 4}) {
    add(
        arguments, "resnet_9blocks 256 batch " + std::to_string(batch),
        [batch] {
          return Step<Resnet>({.in_channels = 3, .out_channels = 3, .dropout = 0},
                              {.in_channels = 6}, {batch, 3, 256, 256});
        },
        rows);
  }
  add(
      arguments, "unet_256 256 batch 1",
      [] {
        return Step<Unet>({.in_channels = 3, .out_channels = 3, .dropout = 0},
                          {.in_channels = 6, .norm = NormKind::batch}, {1, 3, 256, 256});
      },
      rows);
  add(
      arguments, "segmenter 64 batch 16",
      [] {
        return SegmenterStep({.in_channels = 1, .classes = 9, .base_channels = 16, .dropout = 0},
                             {16, 1, 64, 64});
      },
      rows);
  return rows;
}

}  // namespace
}  // namespace asyndgan

int main(int count, char** values) {
  return asyndgan::benchmark::run(count, values, asyndgan::run_all);
}
