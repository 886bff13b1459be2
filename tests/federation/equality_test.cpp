// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "asyndgan/federation/steps.hpp"
#include "support/adam_gradients.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::federation {
namespace {

using Double = test::Federation<double>;

/// One process without messages: all sites' losses summed, one backward pass of a batch that
/// holds every site's images, as published single-process code does it. Written with layers and
/// losses alone, so that it shares no code with Central and Site but the draws.
class SingleProcess {
 public:
  /// `shares` are the sites' pi_j.
  SingleProcess(Double::Options options, std::vector<double> shares)
      : options_(std::move(options)),
        shares_(std::move(shares)),
        generator_(Double::generator(options_)),
        optimizer_(state_of(generator_), {}) {
    for (int site = 1; site <= options_.sites; ++site) {
      auto network_options = options_.site.discriminator;
      network_options.in_channels = Double::kClasses + 1;
      const auto own = Double::data(options_, site);
      sites_.push_back(std::make_unique<Local>(own.at_site(), Double::Net(network_options),
                                               100 + static_cast<std::uint64_t>(site)));
    }
  }

  /// D learns from the fakes that it judges, or from others before.
  void step() {
    typename Double::G::Saved saved;
    if (options_.central.variant == Variant::two_phase) {
      typename Double::G::Saved unused;
      const auto drawn = draw();
      train_discriminators(drawn, fakes_of(drawn, unused));
      ++draws_;
    }
    const auto drawn = draw();
    const auto fakes = fakes_of(drawn, saved);
    if (options_.central.variant == Variant::one_batch) train_discriminators(drawn, fakes);
    const auto d_fakes = judge(drawn, fakes);
    ++draws_;
    optimizer_.zero_gradients();
    generator_.backward(d_fakes, saved, layers::Wanted::parameters);
    optimizer_.step();
  }

  /// As Central's.
  void collect(State<double>& state) {
    generator_.collect("", state);
    optimizer_.collect("optimizer", state);
  }

 private:
  struct Local {
    Local(data::Slices data_, Double::Net network_, std::uint64_t secret)
        : data(std::move(data_)),
          network(std::move(network_)),
          order(data.size(), {.seed = secret, .purpose = random::Purpose::sample_masks}),
          optimizer(initialized(network, secret), {}) {}

    static State<double> initialized(Double::Net& network, std::uint64_t secret) {
      auto state = state_of(network);
      layers::initialize(state, {}, {.seed = secret, .purpose = random::Purpose::initialize});
      return state;
    }

    data::Slices data;
    Double::Net network;
    EpochSampler order;
    optim::Adam<double> optimizer;
  };

  /// The next images of every site.
  std::vector<data::Slices> draw() {
    const int batch = options_.central.batch;
    std::vector<data::Slices> drawn;
    for (auto& site : sites_) {
      drawn.push_back(gather(site->data, site->order.draw(draws_ * batch, batch)));
    }
    return drawn;
  }

  /// For all that was drawn, as one batch.
  Tensor<double> fakes_of(const std::vector<data::Slices>& drawn, Double::G::Saved& saved) {
    Tensor<double> input({options_.sites * options_.central.batch,
                          options_.central.input.channels(), Double::kSide, Double::kSide});
    for (std::size_t i = 0; i < drawn.size(); ++i) {
      const auto own = options_.central.input.make<double>(
          drawn[i].labels, {.seed = options_.central.seed,
                            .site = static_cast<std::uint32_t>(i + 1),
                            .step = static_cast<std::uint32_t>(draws_)});
      std::copy(own.values().begin(), own.values().end(),
                input.values().begin() + static_cast<std::ptrdiff_t>(own.size() * i));
    }
    return generator_.forward(std::move(input), saved, {});
  }

  [[nodiscard]] Tensor<double> fakes_of_site(const Tensor<double>& fakes, std::size_t i) const {
    Tensor<double> own({options_.central.batch, 1, Double::kSide, Double::kSide});
    std::copy_n(fakes.values().begin() + static_cast<std::ptrdiff_t>(own.size() * i), own.size(),
                own.values().begin());
    return own;
  }

  void train_discriminators(const std::vector<data::Slices>& drawn, const Tensor<double>& fakes) {
    for (std::size_t i = 0; i < drawn.size(); ++i) {
      const auto labels = modality::one_hot<double>(drawn[i].labels, Double::kClasses);
      const auto fake = fakes_of_site(fakes, i);
      const auto real = drawn[i].images.values();
      Tensor<double> image(fake.shape());
      std::copy(real.begin(), real.end(), image.values().begin());
      sites_[i]->optimizer.zero_gradients();
      learn(*sites_[i], labels, fake, &losses::Lsgan::fake<double, Cpu>);
      learn(*sites_[i], labels, image, &losses::Lsgan::real<double, Cpu>);
      sites_[i]->optimizer.step();
    }
  }

  /// The gradient of the sum of all sites' losses, each times its share.
  Tensor<double> judge(const std::vector<data::Slices>& drawn, const Tensor<double>& fakes) {
    const int batch = options_.central.batch;
    Tensor<double> d_fakes(fakes.shape());
    for (std::size_t i = 0; i < drawn.size(); ++i) {
      const auto labels = modality::one_hot<double>(drawn[i].labels, Double::kClasses);
      typename Double::Net::Saved judged;
      const std::array<int, 1> channel{0};
      auto& network = sites_[i]->network;
      const auto logits = network.forward(
          kernels::join_channels(labels, fakes_of_site(fakes, i), channel), judged, {});
      const auto d_input = network.backward(losses::Lsgan::generator(logits).gradient, judged,
                                            layers::Wanted::input);
      for (int n = 0; n < batch; ++n) {
        for (int y = 0; y < Double::kSide; ++y) {
          for (int x = 0; x < Double::kSide; ++x) {
            d_fakes(batch * static_cast<int>(i) + n, 0, y, x) =
                shares_[i] * d_input(n, Double::kClasses, y, x);
          }
        }
      }
    }
    return d_fakes;
  }

  template <class Network>
  static State<double> state_of(Network& network) {
    State<double> state;
    network.collect("", state);
    return state;
  }

  static void learn(Local& site, const Tensor<double>& labels, const Tensor<double>& image,
                    losses::Loss<double> (*loss)(const Tensor<double>&)) {
    typename Double::Net::Saved saved;
    const std::array<int, 1> channel{0};
    const auto logits =
        site.network.forward(kernels::join_channels(labels, image, channel), saved, {});
    site.network.backward(loss(logits).gradient, saved, layers::Wanted::parameters);
  }

  Double::Options options_;
  std::vector<double> shares_;
  Double::G generator_;
  optim::Adam<double> optimizer_;
  std::vector<std::unique_ptr<Local>> sites_;
  std::int64_t draws_ = 0;  // batches of every site so far
};

struct Errors {
  double gradient = 0;
  double weight = 0;
};

/// Largest relative error over the generator's weights and their gradients. The biases in front of
/// an instance norm are left out, which are all but the last: their gradient is 0 but for rounding,
/// which Adam blows up.
class Comparison {
 public:
  template <class Actual, class Expected>
  Comparison(Actual& actual, Expected& expected)
      : actual_(state_of(actual)),
        expected_(state_of(expected)),
        gradients_(actual_, kPrefix),
        expected_gradients_(expected_, kPrefix) {}

  /// After a step of both.
  Errors errors() {
    Errors errors;
    const auto gradients = gradients_.next();
    const auto expected_gradients = expected_gradients_.next();
    const std::size_t count = actual_.parameters.size();
    REQUIRE(gradients.size() == count);
    REQUIRE(expected_gradients.size() == count);
    for (std::size_t i = 0; i < count; ++i) {
      const auto& x = *actual_.parameters[i].parameter;
      const auto& y = *expected_.parameters[i].parameter;
      if (x.rank != 4 && i + 1 < count) continue;
      errors.gradient = std::max(
          errors.gradient, test::relative_error(gradients[i].values, expected_gradients[i].values));
      errors.weight = std::max(errors.weight, test::relative_error(x.value, y.value));
    }
    return errors;
  }

 private:
  static constexpr const char* kPrefix = "optimizer.";

  template <class Side>
  static State<double> state_of(Side& side) {
    State<double> state;
    side.collect(state);
    return state;
  }

  State<double> actual_;
  State<double> expected_;
  test::AdamGradients<double> gradients_;
  test::AdamGradients<double> expected_gradients_;
};

/// Sites of 4, 6 and 10 samples. Instance norm and no dropout, so that a batch of all sites equals
/// the sites' batches.
Double::Options three_sites() {
  auto options = Double::defaults();
  options.dropout = 0;
  options.sites = 3;
  options.counts = {4, 6, 10};
  options.site.flip = false;
  options.site.pairing = Pairing::paired;
  return options;
}

/// The largest over all steps of a run.
Errors errors_of_run(const Double::Options& options, const std::vector<double>& shares) {
  Double federation(options);
  SingleProcess single(options, shares);
  Comparison comparison(federation.central, single);
  Errors largest;
  federation.hooks.after_step = [&](const auto&) {
    single.step();
    const Errors errors = comparison.errors();
    largest.gradient = std::max(largest.gradient, errors.gradient);
    largest.weight = std::max(largest.weight, errors.weight);
    return true;
  };
  federation.run();
  CHECK(federation.central.step() == options.central.steps);
  return largest;
}

// The two add the same numbers in another order.
TEST_CASE("The exchange equals the single-process step", "[federation]") {
  auto options = three_sites();
  std::vector<double> shares;
  SECTION("of equal sites") { shares = {1. / 3, 1. / 3, 1. / 3}; }
  SECTION("of sites that count as many as their samples") {
    options.central.weighting = Weighting::by_count;
    shares = {0.2, 0.3, 0.5};
  }
  SECTION("of sites of given weights") {
    options.central.weighting = Weighting::given;
    options.central.site_weights = {5, 1, 2};
    shares = {0.625, 0.125, 0.25};
  }
  SECTION("where D learns from other fakes than it judges") {
    options.central.variant = Variant::two_phase;
    options.central.weighting = Weighting::given;
    options.central.site_weights = {5, 1, 2};
    shares = {0.625, 0.125, 0.25};
  }
  const Errors errors = errors_of_run(options, shares);
  CHECK(errors.gradient < 1e-13);  // measured at most 2.1e-15
  CHECK(errors.weight < 1e-13);    // measured at most 2.1e-15
}

}  // namespace
}  // namespace asyndgan::federation
