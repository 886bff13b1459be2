// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "asyndgan/core/error.hpp"
#include "asyndgan/core/label_map.hpp"
#include "asyndgan/core/parameter.hpp"
#include "asyndgan/core/random.hpp"
#include "asyndgan/federation/exchange.hpp"
#include "asyndgan/federation/member.hpp"
#include "asyndgan/federation/sampling.hpp"
#include "asyndgan/federation/steps.hpp"
#include "asyndgan/federation/weighting.hpp"
#include "asyndgan/modality/generator_input.hpp"
#include "asyndgan/optim/adam.hpp"
#include "asyndgan/optim/schedule.hpp"
#include "asyndgan/optim/weight_average.hpp"
#include "asyndgan/privacy/release.hpp"
#include "asyndgan/protocol/codec.hpp"
#include "asyndgan/transport/transport.hpp"

namespace asyndgan::federation {

/// What both sides of a run agree on. The centre sets it and a site is told.
struct CentralOptions {
  std::uint64_t seed = 0;
  std::uint64_t steps = 1000;  // of the generator
  int batch = 4;               // label maps from each site for one exchange, on average
  Sampling sampling = Sampling::balanced;
  int discriminator_steps = 1;  // for each step of the generator
  Variant variant = Variant::one_batch;
  Weighting weighting = Weighting::uniform;
  std::vector<double> site_weights = {};               // for Weighting::given
  optim::ConstantThenLinear schedule = kConstantRate;  // in steps
  double weight_average = 0.995;                       // decay of the generator's running average
  modality::GeneratorInput input = {};
  int height = 0;  // pixels, of the label maps
  int width = 0;
  LabelMap public_label_maps = {};  // to draw for where a site keeps its own
  std::chrono::milliseconds patience = std::chrono::minutes(10);  // with a site
};

/// Names a run in every message of it, so that one of another run is refused. Runs of equal
/// options have equal names.
[[nodiscard]] inline protocol::RunId run_id(const CentralOptions& options) {
  std::string text = "run";
  for (const std::uint64_t number :
       {options.seed, options.steps, static_cast<std::uint64_t>(options.batch),
        static_cast<std::uint64_t>(options.input.classes),
        static_cast<std::uint64_t>(options.height), static_cast<std::uint64_t>(options.width)}) {
    text += " " + std::to_string(number);
  }
  return protocol::digest(text);
}

/// The central node: owns the generator, sees label maps and gradients, and no real image.
///
/// Threads  one. The kernels below use the thread pool.
template <networks::Generator G, transport::Transport Link>
class Central {
 public:
  using T = typename G::Scalar;
  using D = typename G::Place;

  /// What a round tells whoever watches.
  struct Report {
    std::uint64_t step;                                 // that was completed, from 1
    std::vector<std::optional<privacy::Losses>> sites;  // where a site released them
  };

  Central(G generator, Link link, int sites, const CentralOptions& options,
          const typename optim::Adam<T, D>::Options& adam = {})
      : options_(options),
        run_(run_id(options)),
        plan_(plan_step(options.variant, options.discriminator_steps)),
        link_(std::move(link)),
        generator_(std::move(generator)),
        optimizer_(weights(), adam),
        average_(weights(), options.weight_average),
        members_(static_cast<std::size_t>(sites)),
        in_flight_(members_.size()),
        batches_(batch_options(), std::vector<std::int64_t>(members_.size(), 1)) {
    if (sites < 1) throw ConfigError("a federation needs at least one site, none was given");
    if (options.sampling == Sampling::pooled && options.weighting == Weighting::by_count) {
      throw ConfigError(
          "weighting by count and pooled sampling both count a large site's images more often: "
          "choose one of them");
    }
    const Shape fakes = generator_.output_shape(
        {batches_.largest(), options.input.channels(), options.height, options.width});
    limits_ = protocol::Limits::for_run(fakes, options.input.classes);
  }
  Central(const Central&) = delete;  // the optimiser points into the generator
  Central& operator=(const Central&) = delete;

  /// Waits for every site's greeting, tells it the run's facts and takes its first label maps.
  /// Throws ConfigError naming the site and what does not fit.
  void admit() {
    for (std::size_t site = 0; site < members_.size(); ++site) {
      auto hello = receive<protocol::Hello>(site);
      members_[site] = {std::move(hello.site_name), std::move(hello.facts).value()};
      require_fitting(members_[site]);
    }
    require_agreement(members_);
    batches_ = BatchPlan(batch_options(), weigh(members_, options_.weighting, options_.sampling,
                                                options_.site_weights));
    for (std::size_t site = 0; site < members_.size(); ++site) {
      in_flight_[site].next = batches_.next(site, step());
      send(site, protocol::Welcome{.rank = static_cast<std::uint32_t>(site + 1),
                                   .first_step = in_flight_[site].next.step,
                                   .steps = options_.steps,
                                   .batch = static_cast<std::uint32_t>(in_flight_[site].next.size),
                                   .largest_batch = static_cast<std::uint32_t>(batches_.largest()),
                                   .discriminator_steps =
                                       static_cast<std::uint32_t>(options_.discriminator_steps),
                                   .fresh_fakes = options_.variant == Variant::two_phase});
    }
    for (std::size_t site = 0; site < members_.size(); ++site) {
      if (in_flight_[site].next.size > 0) accept_masks(site);
    }
  }

  /// One step of the generator, with every site that has a part in it (lockstep).
  ///
  /// Errors  ContractViolation after the last step of the run; ProtocolError, TransportError
  ///         naming the site.
  Report round() {
    if (step() >= options_.steps) {
      throw ContractViolation("Central: the run has " + std::to_string(options_.steps) + " steps");
    }
    Report report{.step = step() + 1, .sites = {}};
    report.sites.resize(members_.size());
    const auto weights = weights_of_step();
    std::vector<std::size_t> taking_part;
    for (std::size_t site = 0; site < members_.size(); ++site) {
      if (in_flight_[site].next.step == step()) taking_part.push_back(site);
    }
    std::vector<Contribution<G>> contributions;
    for (std::size_t exchange = 0; exchange < plan_.size(); ++exchange) {
      for (const std::size_t site : taking_part) send_fakes(site, exchange);
      for (const std::size_t site : taking_part) {
        if (!plan_[exchange].return_gradient) {
          accept_masks(site);
          continue;
        }
        auto answer = receive<protocol::Gradient>(site);
        contributions.push_back(
            {weights[site], gradient_of(site, answer), &in_flight_[site].saved});
        if (answer.losses) report.sites[site] = answer.losses->value();
        const bool expected =
            members_[site].facts.sends_label_maps && in_flight_[site].next.size > 0;
        if (answer.next_maps.has_value() != expected) {
          refuse(site, std::string("gradient ") + (expected ? "without" : "with") +
                           " label maps of a next step");
        }
        if (answer.next_maps) accept(site, answer.next_maps->value());
      }
    }
    update_generator(generator_, optimizer_, std::move(contributions),
                     options_.schedule.factor(static_cast<std::int64_t>(step())));
    average_.update();
    return report;
  }

  /// Tells every site that nothing follows.
  void finish(const std::string& reason) {
    for (std::size_t site = 0; site < members_.size(); ++site) {
      send(site, protocol::Goodbye{reason});
    }
  }

  /// Closes the link; the sites find the centre gone.
  void leave() { link_.close(); }

  /// Steps of the generator completed so far.
  [[nodiscard]] std::uint64_t step() const {
    return static_cast<std::uint64_t>(optimizer_.steps());
  }
  /// Of the whole run.
  [[nodiscard]] std::uint64_t steps() const { return options_.steps; }
  [[nodiscard]] const std::vector<Member>& members() const { return members_; }
  [[nodiscard]] G& generator() { return generator_; }
  /// The running average of the generator's weights, which synthesises better than the last ones.
  [[nodiscard]] optim::WeightAverage<T, D>& average() { return average_; }
  [[nodiscard]] Link& link() { return link_; }

  /// Everything that a resumed run needs: weights, moments, average and step.
  void collect(State<T, D>& state) {
    generator_.collect("", state);
    optimizer_.collect("optimizer", state);
    average_.collect("average", state);
  }

 private:
  /// One site's batch between its label maps and its gradient.
  struct InFlight {
    NextBatch next;
    LabelMap maps;  // of the next batch, where the site sends them
    typename G::Saved saved;
    Shape fakes;
  };

  [[nodiscard]] State<T, D> weights() {
    State<T, D> state;
    generator_.collect("", state);
    return state;
  }

  void send_fakes(std::size_t site, std::size_t exchange) {
    InFlight& batch = in_flight_[site];
    random::Key key{.seed = options_.seed,
                    .site = static_cast<std::uint32_t>(site + 1),
                    .step = static_cast<std::uint32_t>(step() * plan_.size() + exchange),
                    .purpose = random::Purpose::dropout};
    const bool own_maps = members_[site].facts.sends_label_maps;
    if (!own_maps) batch.maps = draw_maps(options_.public_label_maps, batch.next.size, key);
    batch.saved = {};
    auto fakes = generate(generator_, options_.input.template make<T, D>(batch.maps, key),
                          batch.saved, layers::Pass{.key = key});
    batch.fakes = fakes.images().shape();
    if (exchange + 1 == plan_.size()) batch.next = batches_.next(site, step() + 1);
    protocol::Fakes message{.step = step(),
                            .ask = ask(plan_[exchange]),
                            .images = privacy::Release::synthetic(std::move(fakes)),
                            .next_step = batch.next.step,
                            .next_batch = static_cast<std::uint32_t>(batch.next.size)};
    if (!own_maps) message.maps = privacy::Release::public_label_maps(batch.maps);
    send(site, message);
  }

  /// The site's label maps of its next batch; a site that keeps its own sends none.
  void accept_masks(std::size_t site) {
    if (!members_[site].facts.sends_label_maps) return;
    const auto masks = receive<protocol::Masks>(site);
    if (masks.step != in_flight_[site].next.step) {
      refuse(site, "label maps of step " + std::to_string(masks.step) + ", expected " +
                       std::to_string(in_flight_[site].next.step));
    }
    accept(site, masks.maps.value());
  }

  void accept(std::size_t site, const LabelMap& maps) {
    const auto text = [](int n, int h, int w) {
      return "(" + std::to_string(n) + ", " + std::to_string(h) + ", " + std::to_string(w) + ")";
    };
    const int expected = in_flight_[site].next.size;
    if (maps.n != expected || maps.h != options_.height || maps.w != options_.width) {
      refuse(site, "label maps " + text(maps.n, maps.h, maps.w) + ", expected " +
                       text(expected, options_.height, options_.width));
    }
    in_flight_[site].maps = maps;
  }

  [[nodiscard]] Tensor<T, D> gradient_of(std::size_t site, const protocol::Gradient& answer) const {
    if (answer.step != step()) {
      refuse(site, "gradient of step " + std::to_string(answer.step) + ", expected " +
                       std::to_string(step()));
    }
    auto d_fake = answer.d_fake.value().template to<T, D>();
    if (d_fake.shape() != in_flight_[site].fakes) {
      refuse(site, "gradient of shape " + to_string(d_fake.shape()) + ", expected " +
                       to_string(in_flight_[site].fakes));
    }
    for (const T value : d_fake.to_host()) {
      if (std::isfinite(value)) continue;
      refuse(site,
             "gradient of step " + std::to_string(answer.step) + " has a value that is not finite");
    }
    return d_fake;
  }

  [[noreturn]] void refuse(std::size_t site, const std::string& what) const {
    throw ProtocolError("site '" + members_[site].name + "': " + what);
  }

  void require_fitting(const Member& member) const {
    const auto require = [&](const char* what, std::uint32_t seen, int expected) {
      if (seen == static_cast<std::uint32_t>(expected)) return;
      throw ConfigError("site '" + member.name + "' has " + std::to_string(seen) + " " + what +
                        ", this run expects " + std::to_string(expected));
    };
    require("label classes", member.facts.classes, options_.input.classes);
    require("rows", member.facts.height, options_.height);
    require("columns", member.facts.width, options_.width);
    require("channels", static_cast<std::uint32_t>(member.facts.channels.size()),
            static_cast<int>(limits_.channels));
    const LabelMap& maps = options_.public_label_maps;
    if (member.facts.sends_label_maps) return;
    if (maps.n == 0 || maps.h != options_.height || maps.w != options_.width) {
      throw ConfigError("site '" + member.name +
                        "' keeps its label maps, so this run needs public ones of " +
                        std::to_string(options_.height) + " x " + std::to_string(options_.width) +
                        " pixels; it has " + std::to_string(maps.n) + " of " +
                        std::to_string(maps.h) + " x " + std::to_string(maps.w));
    }
  }

  [[nodiscard]] std::vector<double> weights_of_step() const {
    std::vector<double> weights;
    for (const Member& member : members_) weights.push_back(member.weight);
    return step_weights(weights, batches_.sizes(step()));
  }
  [[nodiscard]] BatchPlan::Options batch_options() const {
    return {.sampling = options_.sampling,
            .batch = options_.batch,
            .seed = options_.seed,
            .steps = options_.steps};
  }

  template <class Message>
  void send(std::size_t site, const Message& message) {
    link_.send(static_cast<transport::Peer>(site + 1), protocol::encode(message, run_));
  }
  /// Errors name the site.
  template <class Message>
  [[nodiscard]] Message receive(std::size_t site) {
    const auto peer = static_cast<transport::Peer>(site + 1);
    const std::string name =
        "site " + std::to_string(peer) +
        (members_[site].name.empty() ? "" : " ('" + members_[site].name + "')") + ": ";
    try {
      const auto frame = link_.receive(peer, options_.patience);
      constexpr bool kGreeting = std::same_as<Message, protocol::Hello>;  // before the run is known
      return protocol::expect<Message>(protocol::decode(frame, limits_, kGreeting ? 0 : run_));
    } catch (const ProtocolError& error) {
      throw ProtocolError(name + error.what());
    } catch (const TransportTimeout& error) {
      throw TransportTimeout(name + error.what());
    } catch (const TransportError& error) {
      throw TransportError(name + error.what());
    }
  }

  CentralOptions options_;
  protocol::RunId run_;
  std::vector<Exchange> plan_;
  protocol::Limits limits_;
  Link link_;
  G generator_;
  optim::Adam<T, D> optimizer_;
  optim::WeightAverage<T, D> average_;
  std::vector<Member> members_;
  std::vector<InFlight> in_flight_;
  BatchPlan batches_;
};

}  // namespace asyndgan::federation
