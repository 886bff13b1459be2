// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/federation/exchange.hpp"
#include "asyndgan/federation/steps.hpp"
#include "asyndgan/kernels/concat.hpp"
#include "asyndgan/losses/adversarial.hpp"
#include "asyndgan/networks/patch_discriminator.hpp"
#include "asyndgan/networks/resnet_generator.hpp"
#include "asyndgan/optim/adam.hpp"
#include "support/adam_gradients.hpp"
#include "support/catch.hpp"
#include "support/golden.hpp"

namespace asyndgan::federation {
namespace {

namespace golden = test::golden;
using golden::Recording;

constexpr double kWeights[] = {0.25, 0.75};
constexpr int kSteps = 2;
const layers::Pass kNoNoise{.dropout = false};

template <class T>
using G = networks::ResnetGenerator<T>;
template <class T>
using Net = networks::PatchDiscriminator<T>;

/// What tests/oracle/record_step.py begins with.
template <class N, class T = typename N::Scalar>
N filled(N network, const std::string& name) {
  State<T> state;
  network.collect(name, state);
  golden::fill(state);
  return network;
}
template <class T>
G<T> generator() {
  return filled(G<T>({.in_channels = 2, .out_channels = 1, .base_channels = 2, .blocks = 1}),
                "step.g");
}
template <class T>
Net<T> discriminator(int site) {
  return filled(Net<T>({.in_channels = 3, .base_channels = 2, .layers = 2}),
                "step.d" + std::to_string(site));
}
std::string place(const std::string& what, int site, int step) {
  return "step." + what + std::to_string(site) + "." + std::to_string(step);
}
template <class T>
Tensor<T> mask(int site, int step) {
  return golden::tensor<T>(place("mask", site, step), {2, 2, 16, 20});
}
/// Of the second phase.
template <class T>
Tensor<T> second_mask(int site, int step) {
  return golden::tensor<T>(place("second_mask", site, step), {2, 2, 16, 20});
}
template <class T>
Tensor<T> real(int site, int step) {
  return golden::tensor<T>(place("real", site, step), {2, 1, 16, 20});
}

/// Largest errors so far, of gradients and of what Adam made of them.
struct Errors {
  double gradients = 0;
  double losses = 0;
  double weights = 0;

  /// NaN is as wrong as can be: std::max would lose it.
  static void see(double& worst, double error) {
    worst = std::isfinite(error) ? std::max(worst, error) : 1e300;
  }
};

/// A bias in front of a norm has gradient 0 but for rounding, which Adam divides by itself: the
/// step that it makes of it is arbitrary, and without effect on any output.
bool is_without_effect(const std::string& name) {
  const bool first_or_last_of_d = name == "model.0.bias" || name == "model.8.bias";
  const bool last_of_g = name == "model.18.bias";
  return name.ends_with(".bias") && !first_or_last_of_d && !last_of_g;
}

/// Of the step that was just made.
template <class T>
void see_gradients(const Recording& recording, const std::string& name,
                   test::AdamGradients<T>& gradients, Errors& errors) {
  for (const auto& [parameter_name, values] : gradients.next()) {
    errors.see(errors.gradients, recording.error(name + "." + parameter_name + ".grad", values));
  }
}
template <class N, class T = typename N::Scalar>
void see_weights(const Recording& recording, const std::string& name, N& network, Errors& errors) {
  State<T> state;
  network.collect("", state);
  for (const auto& [parameter_name, parameter] : state.parameters) {
    if (is_without_effect(parameter_name)) continue;
    errors.see(errors.weights, recording.error(name + "." + parameter_name, parameter->value));
  }
}

/// The recorded file of each variant.
std::string file_of(Variant variant) {
  return variant == Variant::two_phase ? "two_phase" : "step";
}

/// The steps from networks, losses and optimisers alone.
template <class T, class Gan>
Errors by_hand(const std::string& name, Variant variant) {
  const Recording recording(file_of(variant));
  Errors errors;
  G<T> g = generator<T>();
  std::vector<Net<T>> ds{discriminator<T>(0), discriminator<T>(1)};
  const auto adam_of = [](auto& network) {
    State<T> state;
    network.collect("", state);
    return optim::Adam<T>(state, {});
  };
  auto adam_g = adam_of(g);
  std::vector<optim::Adam<T>> adams{adam_of(ds[0]), adam_of(ds[1])};
  test::AdamGradients<T> gradients_g(adam_g);
  std::vector<test::AdamGradients<T>> gradients_d(adams.begin(), adams.end());
  const auto see_loss = [&](const std::string& loss, double value) {
    const double expected = recording.number(loss);
    errors.see(errors.losses, std::abs(value - expected) / std::abs(expected));
  };

  for (int step = 0; step < kSteps; ++step) {
    const std::string start = name + "." + std::to_string(step) + ".";
    adam_g.zero_gradients();
    for (int site = 0; site < 2; ++site) {
      const auto at = static_cast<std::size_t>(site);
      const std::string d_name = start + "d" + std::to_string(site);
      Tensor<T> y = mask<T>(site, step);
      typename G<T>::Saved g_saved;
      Tensor<T> fake = g.forward(y, g_saved, kNoNoise);

      adams[at].zero_gradients();
      const auto learn = [&](const Tensor<T>& image, auto loss_of) {
        typename Net<T>::Saved saved;
        const auto logits = ds[at].forward(kernels::concat_channels(y, image), saved);
        const auto loss = loss_of(logits);
        (void)ds[at].backward(loss.gradient, saved, layers::Wanted::parameters);
        return loss.value;
      };
      see_loss(d_name + ".on_fake",
               learn(fake, [](const auto& logits) { return Gan::fake(logits); }));
      see_loss(d_name + ".on_real",
               learn(real<T>(site, step), [](const auto& logits) { return Gan::real(logits); }));
      adams[at].step();
      see_gradients(recording, d_name, gradients_d[at], errors);

      if (variant == Variant::two_phase) {
        y = second_mask<T>(site, step);
        fake = g.forward(y, g_saved, kNoNoise);
      }
      typename Net<T>::Saved saved;
      const auto judged = Gan::generator(ds[at].forward(kernels::concat_channels(y, fake), saved));
      see_loss(d_name + ".judged", judged.value);
      const auto d_joined = ds[at].backward(judged.gradient, saved, layers::Wanted::input);
      const auto d_fake = kernels::split_channels(d_joined, 2).second;
      errors.see(errors.gradients,
                 recording.error(start + "d_fake" + std::to_string(site), d_fake));
      (void)g.backward(kernels::scale(d_fake, kWeights[site]), g_saved, layers::Wanted::parameters);
    }
    adam_g.step();
    see_gradients(recording, start + "g", gradients_g, errors);
  }
  see_weights(recording, name + ".after.g", g, errors);
  see_weights(recording, name + ".after.d0", ds[0], errors);
  see_weights(recording, name + ".after.d1", ds[1], errors);
  return errors;
}

/// The same steps by the four functions of federation/steps.hpp, in the exchanges of plan_step().
template <class T, class Gan>
Errors by_steps(const std::string& name, Variant variant) {
  const Recording recording(file_of(variant));
  const auto plan = plan_step(variant, 1);
  Errors errors;
  G<T> g = generator<T>();
  State<T> g_state;
  g.collect("", g_state);
  optim::Adam<T> adam_g(g_state, {});
  Objective<T> objective;
  objective.adversarial_loss = AdversarialLoss<T>::template of<Gan>();
  std::vector<Critics<Net<T>>> sites(2);
  for (int site = 0; site < 2; ++site) {
    sites[static_cast<std::size_t>(site)].emplace_back(std::vector<int>{0}, discriminator<T>(site),
                                                       typename optim::Adam<T>::Options{});
  }
  test::AdamGradients<T> gradients_g(adam_g);
  std::vector<test::AdamGradients<T>> gradients_d;
  for (auto& critics : sites) gradients_d.emplace_back(critics.front().optimizer);

  for (int step = 0; step < kSteps; ++step) {
    const std::string start = name + "." + std::to_string(step) + ".";
    std::vector<typename G<T>::Saved> saved(2);
    std::vector<Contribution<G<T>>> contributions;
    for (int site = 0; site < 2; ++site) {
      const auto at = static_cast<std::size_t>(site);
      const std::string d_name = start + "d" + std::to_string(site);
      for (std::size_t exchange = 0; exchange < plan.size(); ++exchange) {
        const modality::Condition<T> y{
            .labels = {},
            .channels = exchange == 0 ? mask<T>(site, step) : second_mask<T>(site, step)};
        const auto fake = generate(g, y.channels, saved[at], kNoNoise);
        if (plan[exchange].train_discriminator) {
          const privacy::Private<Tensor<T>> image(real<T>(site, step));
          const auto losses =
              update_discriminator(sites[at], y, image, y, fake.images(), objective, kNoNoise);
          const double on_fake = recording.number(d_name + ".on_fake");
          const double on_real = recording.number(d_name + ".on_real");
          errors.see(errors.losses, std::abs(losses.fake - on_fake) / on_fake);
          errors.see(errors.losses, std::abs(losses.real - on_real) / on_real);
          see_gradients(recording, d_name, gradients_d[at], errors);
        }
        if (!plan[exchange].return_gradient) continue;
        auto judgement = generator_gradient(sites[at], y, fake.images(), objective, kNoNoise);
        errors.see(errors.gradients, recording.error(start + "d_fake" + std::to_string(site),
                                                     judgement.gradient.d_fake));
        contributions.push_back({kWeights[site], std::move(judgement.gradient.d_fake), &saved[at]});
      }
    }
    update_generator(g, adam_g, std::move(contributions));
    see_gradients(recording, start + "g", gradients_g, errors);
  }
  see_weights(recording, name + ".after.g", g, errors);
  see_weights(recording, name + ".after.d0", sites[0].front().network, errors);
  see_weights(recording, name + ".after.d1", sites[1].front().network, errors);
  return errors;
}

void check(const Errors& errors, double allowed) {
  CHECK(errors.losses < allowed);
  CHECK(errors.gradients < allowed);
  CHECK(errors.weights < allowed);
}

template <class T>
constexpr double kAllowed = sizeof(T) == 8 ? 1e-9 : 1e-4;

const Variant kVariants[] = {Variant::one_batch, Variant::two_phase};

// Measured in double: losses 2e-15, gradients 2e-14, weights 3e-14; in float: 8e-7, 5e-6, 2e-5.
TEMPLATE_TEST_CASE("Two steps of two sites equal PyTorch's, by networks, losses and Adam",
                   "[integration]", double, float) {
  for (const Variant variant : kVariants) {
    CAPTURE(file_of(variant));
    check(by_hand<TestType, losses::Lsgan>("least_squares", variant), kAllowed<TestType>);
    check(by_hand<TestType, losses::VanillaGan>("vanilla", variant), kAllowed<TestType>);
  }
}

// Measured as above.
TEMPLATE_TEST_CASE("Two steps of two sites equal PyTorch's, by the functions of the federation",
                   "[integration]", double, float) {
  for (const Variant variant : kVariants) {
    CAPTURE(file_of(variant));
    check(by_steps<TestType, losses::Lsgan>("least_squares", variant), kAllowed<TestType>);
    check(by_steps<TestType, losses::VanillaGan>("vanilla", variant), kAllowed<TestType>);
  }
}

}  // namespace
}  // namespace asyndgan::federation
