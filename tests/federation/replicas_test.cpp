// SPDX-License-Identifier: Apache-2.0
#include "asyndgan/federation/replicas.hpp"

#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include "asyndgan/transport/in_process_group.hpp"
#include "support/catch.hpp"
#include "support/federation.hpp"
#include "support/gradient_check.hpp"

namespace asyndgan::federation {
namespace {

/// What it throws; empty where nothing.
std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

/// A centre of several processes, here of threads, and its sites.
template <std::floating_point T>
class Replicated {
 public:
  using Replica = test::Federation<T>;

  using Options = typename Replica::Options;

  /// `change` may give a replica options of its own.
  Replicated(
      const Options& options, int replicas,
      const std::function<void(int, Options&)>& change = [](int, Options&) {})
      : group_(transport::InProcessGroup::make(replicas)) {
    for (const auto& rank : group_) {
      Options own = options;
      own.central.replicas = rank;
      change(rank->rank(), own);
      replicas_.emplace_back(own);
    }
  }

  [[nodiscard]] std::deque<Replica>& replicas() { return replicas_; }

  /// Each on a thread of its own. Returns what they threw, empty texts where nothing.
  std::vector<std::string> run() {
    std::vector<std::string> errors(replicas_.size());
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < replicas_.size(); ++i) {
      threads.emplace_back(
          [this, i, &errors] { errors[i] = error_of([&] { replicas_[i].run(); }); });
    }
    for (auto& thread : threads) thread.join();
    return errors;
  }

  /// By name, as bytes of checkpoints.
  using States = std::map<std::string, std::vector<std::byte>>;

  /// Of the sites, and of the first replica.
  [[nodiscard]] States states() {
    States states;
    each_state([&](const std::string& name, State<T>& state) {
      states[name] = networks::encode_checkpoint(state);
    });
    return states;
  }
  void restore(const States& states) {
    each_state([&](const std::string& name, State<T>& state) {
      networks::load_checkpoint(safetensors::File::decode(states.at(name), name), state);
    });
  }

 private:
  void each_state(const std::function<void(const std::string&, State<T>&)>& visit) {
    State<T> central;
    replicas_.front().central.collect(central);
    visit("", central);
    for (auto& replica : replicas_) {
      for (auto& site : replica.sites) {
        State<T> state;
        site.collect(state);
        visit(site.name(), state);
      }
    }
  }

  std::vector<std::shared_ptr<transport::Group>> group_;
  std::deque<Replica> replicas_;
};

/// Five sites of different sizes: two replicas serve 2 and 3 of them, three 1, 2 and 2.
template <std::floating_point T>
typename test::Federation<T>::Options five_sites() {
  auto options = test::Federation<T>::defaults();
  options.sites = 5;
  options.counts = {3, 8, 4, 12, 6};
  options.central.steps = 4;
  options.central.weighting = Weighting::by_count;
  return options;
}

/// The largest relative difference of a weight of the generator, over all replicas, to a centre
/// of one process.
template <std::floating_point T>
double difference(const typename test::Federation<T>::Options& options, int replicas) {
  test::Federation<T> single(options);
  single.run();
  const auto expected = single.weights();
  Replicated<T> several(options, replicas);
  CHECK(several.run() == std::vector<std::string>(static_cast<std::size_t>(replicas)));
  double largest = 0;
  for (auto& replica : several.replicas()) {
    CHECK(replica.central.step() == options.central.steps);
    const auto actual = replica.weights();
    CHECK(actual == several.replicas().front().weights());
    largest = std::max(
        largest, test::relative_error(std::span<const T>(actual), std::span<const T>(expected)));
  }
  return largest;
}

template <std::floating_point T>
std::vector<typename test::Federation<T>::Options> runs() {
  auto by_count = five_sites<T>();
  auto two_phases = five_sites<T>();
  two_phases.central.variant = Variant::two_phase;
  two_phases.central.discriminator_steps = 2;
  auto capped = five_sites<T>();
  capped.central.weighting = Weighting::given;
  capped.central.site_weights = {1, 0, 2, 0.5, 3};
  capped.central.norm_cap = 0.5;
  auto drawn = five_sites<T>();
  drawn.site.policy.label_maps = privacy::MaskRelease::none;
  drawn.central.public_label_maps =
      data::phantom({.count = 7, .height = 16, .width = 16, .classes = 3, .seed = 9}).labels;
  return {by_count, two_phases, capped, drawn};
}

// Sums in double are exact for floats of like size, so that their order leaves no trace.
TEST_CASE("In float, a centre of several processes equals one of one, bit for bit",
          "[federation]") {
  for (const auto& options : runs<float>()) {
    for (const int replicas : {1, 2, 3}) CHECK(difference<float>(options, replicas) == 0);
  }
}

// Relative to the largest weight: 1.1e-11 measured, at biases before an instance norm, whose
// gradient is rounding alone, which Adam blows up.
TEST_CASE("In double, a centre of several processes equals one of one but for rounding",
          "[federation]") {
  for (const auto& options : runs<double>()) {
    for (const int replicas : {1, 2, 3}) {
      const double seen = difference<double>(options, replicas);
      INFO(replicas << " processes: " << seen);
      CHECK(seen < 1e-10);
    }
  }
}

TEST_CASE("Every process of the centre reports on all sites", "[federation]") {
  const auto options = five_sites<float>();
  struct Told {
    std::vector<double> losses;
    std::vector<std::size_t> parts;
  };
  const auto keep = [](Told& told, const auto& report) {
    for (const auto& site : report.sites) told.losses.push_back(site ? site->generator : -1);
    told.parts.push_back(report.parts.size());
    return true;
  };
  Told expected;
  test::Federation<float> single(options);
  single.hooks.after_step = [&](const auto& report) { return keep(expected, report); };
  single.run();
  Replicated<float> several(options, 2);
  std::deque<Told> seen(2);
  for (std::size_t i = 0; i < 2; ++i) {
    several.replicas()[i].hooks.after_step = [&, i](const auto& report) {
      return keep(seen[i], report);
    };
  }
  CHECK(several.run() == std::vector<std::string>(2));
  for (const Told& told : seen) {
    CHECK(told.losses == expected.losses);
    CHECK(told.parts == expected.parts);
  }
}

// The state that the first process holds is that of a centre of one: weights, moments, average,
// sizes of the gradients.
TEST_CASE("A run goes on with another number of processes, from the state of the first",
          "[federation]") {
  auto options = five_sites<float>();
  options.central.steps = 6;
  Replicated<float> uninterrupted(options, 1);
  CHECK(uninterrupted.run() == std::vector<std::string>(1));

  Replicated<float> first(options, 3);
  for (auto& replica : first.replicas()) {
    replica.hooks.after_step = [](const auto& report) { return report.step < 2; };
  }
  CHECK(first.run() == std::vector<std::string>(3));
  Replicated<float> second(options, 2);
  second.restore(first.states());
  CHECK(second.run() == std::vector<std::string>(2));
  CHECK((second.states() == uninterrupted.states()));
}

TEST_CASE("A site that is lost ends all processes of the centre with the reason", "[federation]") {
  auto options = five_sites<float>();
  options.central.steps = 1000;
  Replicated<float> several(options, 3);
  several.replicas()[1].hooks.after_site_step = [](auto& site) {
    if (site.name() == "phantom-3" && site.step() == 2) throw TransportError("the cable is cut");
  };
  const auto errors = several.run();
  // By chance the centre was about to send, and the reason follows a colon.
  CHECK_THAT(errors[1],
             Catch::Equals("site 'phantom-3' is gone") ||
                 (Catch::StartsWith("site 'phantom-3': ") && Catch::EndsWith("is gone")));
  CHECK(errors[0] == "the process of rank 1 has left: " + errors[1]);
  CHECK(errors[2] == errors[0]);
}

TEST_CASE("A process that stops early ends the others", "[federation]") {
  Replicated<float> several(five_sites<float>(), 2);
  several.replicas()[1].hooks.after_step = [](const auto& report) { return report.step < 2; };
  CHECK(several.run() ==
        std::vector<std::string>{"the process of rank 1 has left: the run was interrupted", ""});
}

TEST_CASE("Processes with other configurations are no centre together", "[federation]") {
  Replicated<float> several(five_sites<float>(), 2, [](int rank, auto& options) {
    options.central.seed += static_cast<std::uint64_t>(rank);
  });
  for (const auto& error : several.run()) CHECK_THAT(error, Catch::Contains("of different runs"));
}

TEST_CASE("Sites of two processes of the centre do not contradict each other", "[federation]") {
  auto first = test::Federation<float>::defaults().central;
  const auto ranks = transport::InProcessGroup::make(2);
  first.replicas = ranks[0];
  Roster<test::Federation<float>::G> roster(2, first);
  constexpr int kSide = test::Federation<float>::kSide;
  constexpr int kClasses = test::Federation<float>::kClasses;
  const privacy::SiteFacts facts{
      .channels = {"t1"}, .classes = kClasses, .height = kSide, .width = kSide};
  roster.greet(0, {"north", privacy::Release({}, 1).facts(facts)});
  roster.give_place(0, protocol::Limits::for_run({2, 1, kSide, kSide}, kClasses));
  CHECK(roster.enough());
  CHECK_THROWS_WITH(roster.introduce(1, {.name = "north", .facts = {.channels = {"t1"}}}),
                    "two sites call themselves 'north'");
  CHECK_THROWS_WITH(roster.introduce(1, {.name = "south", .facts = {.channels = {"t2"}}}),
                    Catch::Contains("has the channels t2"));
}

TEST_CASE("A site that comes to a process that does not serve it is told so", "[federation]") {
  auto options = test::Federation<float>::defaults();
  Replicated<float> several(options, 2);
  auto& first = several.replicas().front();
  auto own = options.site;
  own.name = "phantom-2";
  own.secret = 102;
  privacy::EgressLedger ledger;
  test::Federation<float>::Site lost(test::Federation<float>::data(options, 2), first.modality,
                                     test::Federation<float>::Link(first.hub.join(2)), ledger, own);
  std::string told;
  std::thread site([&] { told = error_of([&] { lost.serve(); }); });
  CHECK(several.run() == std::vector<std::string>(2));
  site.join();
  CHECK_THAT(told, Catch::Contains("another process of the centre serves it"));
}

TEST_CASE("What needs all sites in one process is refused", "[federation]") {
  using G = test::Federation<float>::G;
  using Central = test::Federation<float>::Central;
  const auto group = transport::InProcessGroup::make(3);
  const auto refused = [&](const auto& change, const auto& schedule, int sites = 3) {
    auto options = test::Federation<float>::defaults();
    options.central.replicas = group[0];
    change(options.central);
    using Plan = std::remove_cvref_t<decltype(schedule)>;
    transport::InProcessHub hub(sites);
    federation::Central<G, transport::InProcess, Plan>(test::Federation<float>::generator(options),
                                                       hub.join(0), sites, options.central, {},
                                                       schedule);
  };
  const auto nothing = [](auto&) {};
  using Catch::Contains;
  CHECK_NOTHROW(refused(nothing, Lockstep{}));
  CHECK_NOTHROW(refused([](auto& options) { options.minimum_sites = 3; }, Lockstep{}));
  CHECK_THROWS_WITH(refused(nothing, Lockstep{}, 2), Contains("needs a site for each of them"));
  CHECK_THROWS_WITH(refused(nothing, BoundedStaleness{}), Contains("needs lockstep"));
  CHECK_THROWS_WITH(refused([](auto& options) { options.minimum_sites = 2; }, Lockstep{}),
                    Contains("needs lockstep with all sites"));
  CHECK_THROWS_WITH(refused([](auto& o) { o.sampling = Sampling::pooled; }, Lockstep{}),
                    Contains("needs balanced sampling"));
  CHECK_THROWS_WITH(refused([](auto& o) { o.combination = Combination::median; }, Lockstep{}),
                    Contains("cannot take the median"));
  auto options = test::Federation<float>::defaults();
  options.central.replicas = group[0];
  transport::InProcessHub hub(3);
  CHECK_THROWS_WITH(Central(G({.in_channels = 4,
                               .out_channels = 1,
                               .base_channels = 4,
                               .blocks = 1,
                               .norm = layers::NormKind::batch}),
                            test::Federation<float>::Link(hub.join(0)), 3, options.central),
                    Contains("needs a generator without batch norm"));
}

}  // namespace
}  // namespace asyndgan::federation
